"""What is computed before what, and how often.

Works on single elements, so arrays whose elements depend on one another in turn are fine. Two graphs: at the start a
stock needs what its initial value needs; during the run a stock is known and only auxiliaries wait for one another.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from huangpu.compiler.syntax import at, problem_list
from huangpu.ir import Call, Expr, FlatModel, Interpolate, ModelError, Name, Ordered, Time, Variable

Graph = dict[str, tuple[str, ...]]
MOVING = ("stock", "memory", "delayed", "draw")  # kinds that a step begins with and that may differ from step to step


def order(model: FlatModel, driven: Iterable[str] = ()) -> Ordered:
    """The model with its sequences; `ModelError` with all unknown names, or all loops, each once.

    driven: ids of the constants that runs drive through time; what depends on them changes.
    """
    variables = {v.id: v for v in model.variables}
    driven = tuple(driven)
    problems = [*_duplicates(model), *_unknown(model, variables), *_not_constant(driven, variables, model)]
    problems += _seeds(variables)
    if problems:
        raise ModelError(problem_list(problems))
    initial = {v.id: _names(_at_start(v)) for v in model.variables if v.kind not in ("constant", "draw")}
    step = {v.id: _names(v.equation) for v in model.variables if v.kind == "auxiliary"}
    started, at_start = _sorted(initial)
    stepped, always = _sorted(step)
    circles = [(loop, "in each step") for loop in always]
    circles += [(loop, "at the start") for loop in at_start if set(loop) not in map(set, always)]
    if circles:
        raise ModelError(problem_list([_loop_text(loop, variables, when) for loop, when in circles]))
    changing = _changing(stepped, variables, set(driven))
    return Ordered(model, tuple(started), tuple(id_ for id_ in stepped if id_ in changing), driven)


def _at_start(v: Variable) -> Expr | None:
    return v.initial if v.initial is not None else v.equation


def parts(expr: Expr | None) -> Iterator[Expr]:
    """All nodes of an expression."""
    stack = [expr] if expr is not None else []
    while stack:
        node = stack.pop()
        yield node
        match node:
            case Call(_, args):
                stack.extend(reversed(args))
            case Interpolate(_, x):
                stack.append(x)


def _names(expr: Expr | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(node.id for node in parts(expr) if isinstance(node, Name)))


def _changing(stepped: list[str], variables: dict[str, Variable], driven: set[str]) -> set[str]:
    """The auxiliaries that may change during a run.

    One with a value of its own at the start (ACTIVE INITIAL) changes as soon as the run begins.
    """
    changing: set[str] = set()
    for id_ in stepped:
        v = variables[id_]
        if v.initial is not None or any(
            isinstance(node, Time)
            or (
                isinstance(node, Name)
                and (node.id in driven or node.id in changing or variables[node.id].kind in MOVING)
            )
            for node in parts(v.equation)
        ):
            changing.add(id_)
    return changing


def _sorted(graph: Graph) -> tuple[list[str], list[list[str]]]:
    """All of a graph, each after what it needs, else in the order given; and its loops, the shortest of each knot."""
    done: dict[str, bool] = {}  # False while its own needs are being visited
    result: list[str] = []
    knots: list[str] = []
    for root in graph:
        stack = [(root, iter(()))] if root not in done else []
        while stack:
            id_, needs = stack[-1]
            if id_ not in done:
                done[id_] = False
                needs = iter(graph[id_])
                stack[-1] = (id_, needs)
            following = next((n for n in needs if n in graph and not done.get(n, False)), None)
            if following is None:
                stack.pop()
                if not done[id_]:
                    done[id_] = True
                    result.append(id_)
            elif following in done:
                knots.append(following)
            else:
                stack.append((following, iter(())))
    loops: list[list[str]] = []
    for id_ in dict.fromkeys(knots):
        if not any(id_ in loop for loop in loops):
            loops.append(_shortest_loop(id_, graph))
    return result, loops


def _shortest_loop(start: str, graph: Graph) -> list[str]:
    came: dict[str, str] = {}
    wave = [start]
    while wave:
        following = []
        for id_ in wave:
            for need in graph.get(id_, ()):
                if need == start:
                    loop = [id_]
                    while loop[-1] != start:
                        loop.append(came[loop[-1]])
                    return loop[::-1]
                if need not in came and need in graph:
                    came[need] = id_
                    following.append(need)
        wave = following
    raise AssertionError(f"{start} is in no loop")


def _loop_text(loop: list[str], variables: dict[str, Variable], when: str) -> str:
    chain = " -> ".join(f"{variables[id_].label} (line {variables[id_].place.line})" for id_ in [*loop, loop[0]])
    place = variables[loop[0]].place
    return (
        f"{at(place)}: a circle of equations {when}, each needing the next: {chain}."
        " Break it with a stock, a smooth or a delay, or with ACTIVE INITIAL where it is only at the start."
    )


def _duplicates(model: FlatModel) -> list[str]:
    seen: dict[str, Variable] = {}
    found = []
    for v in model.variables:
        if v.id in seen:
            found.append(f"{_where(v)}: the same name as {seen[v.id].label}. Rename one of them.")
        seen[v.id] = v
    return found


def _where(v: Variable) -> str:
    return f"{at(v.place)}: {v.label}"


def _unknown(model: FlatModel, variables: dict[str, Variable]) -> list[str]:
    tables = {t.id for t in model.tables}
    found = []
    for v in model.variables:
        for node in (*parts(v.equation), *parts(v.initial)):
            match node:
                case Name(id_) if id_ not in variables:
                    found.append(f"{_where(v)}: there is no {id_}.{_nearest(id_, [*variables])}")
                case Interpolate(table, _) if table not in tables:
                    found.append(f"{_where(v)}: there is no lookup {table}.{_nearest(table, [*tables])}")
    return list(dict.fromkeys(found))


def _not_constant(driven: tuple[str, ...], variables: dict[str, Variable], model: FlatModel) -> list[str]:
    constants = [id_ for id_, v in variables.items() if v.kind == "constant"]
    return [
        f"{model.name}: {id_} cannot be driven, it is not a constant of the model.{_nearest(id_, constants)}"
        for id_ in driven
        if id_ not in variables or variables[id_].kind != "constant"
    ]


def _seeds(variables: dict[str, Variable]) -> list[str]:
    return [
        f"{_where(v)}: the seed {variables[v.equation.id].label} of a random function is no constant. Make it a number."
        for v in variables.values()
        if v.kind == "draw" and isinstance(v.equation, Name) and v.equation.id in variables
        if variables[v.equation.id].kind != "constant"
    ]


def _nearest(id_: str, names: list[str]) -> str:
    """A hint: elements of the same array, or the name most like it."""
    base = id_.partition("[")[0]
    same = [n for n in names if n.partition("[")[0] == base]
    if same:
        return f" Its elements are such as {same[0]}." if "[" in same[0] else f" {base} has no subscripts."
    near = difflib.get_close_matches(id_, names, n=1, cutoff=0.6)
    return f" Did you mean {near[0]}?" if near else " Define it or correct the name."
