"""Functions of vectors as the file writes them -> expressions: one row of `VECTORS` each.

A builder takes the call, the equation it stands in (`Equation` of `equations.py`) and `value`, which expands an
argument, if asked with ranges standing for other elements. It gives the value for the one element that is defined.
What all elements share (a sort, an inverse, an allocation) is one list of inputs, and computed once for all.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from huangpu.compiler import subscripts as ss
from huangpu.compiler.functions import ONE, ZERO, call
from huangpu.compiler.syntax import Apply, Node, Ref
from huangpu.compiler.written import parts
from huangpu.ir import Call, Expr, ModelError, Name, Number

MAX_TERMS = 300_000  # of all vector functions together
PROFILE = 3  # elements of a priority profile that are used: curve, middle, width
NAN = Number(math.nan)


@dataclass(frozen=True, slots=True)
class Way:
    """How a vector runs: for each of its elements what ranges stand for. `own`: number of the one that is defined."""

    steps: tuple[dict[str, str], ...]
    own: int


def _title(node: Apply) -> str:
    return node.function.replace("_", " ").upper()


def _count(node: Apply, terms: int, at) -> None:
    at.work.terms += terms
    if at.work.terms > MAX_TERMS:
        raise ModelError(f"{_title(node)} and the like run over too many elements. Use smaller subscript ranges.")


# ---- over the subscripts marked !


def marked(node: Node) -> Iterator[str]:
    """The subscripts marked ! in an expression, but not those inside a vector function within it."""
    match node:
        case Ref(_, subscripts):
            yield from (s for s in subscripts if s.endswith("!"))
        case Apply(function, args, subscripts) if function not in OVER:
            yield from (s for s in subscripts if s.endswith("!"))
            for arg in args:
                yield from marked(arg)


def _marked_steps(node: Apply, args: tuple[Node, ...], at) -> list[dict[str, str]]:
    """For every combination of elements of the subscripts marked ! in these arguments what they stand for."""
    names = list(dict.fromkeys(name for arg in args for name in marked(arg)))
    spread = ss.spread([name.rstrip("!") for name in names], at.work.known)
    _count(node, math.prod(map(len, spread)), at)
    return [dict(zip(names, elements, strict=True)) for elements in itertools.product(*spread)]


def joined(op: str, terms: list[Expr]) -> Expr:
    """Terms joined by an operator: long chains half by half, so that none grows deeper than a few dozen operators."""
    if len(terms) > 16:
        half = len(terms) // 2
        return call(op, joined(op, terms[:half]), joined(op, terms[half:]))
    return functools.reduce(lambda a, b: call(op, a, b), terms)


def _over(op: str, node: Apply, at, value) -> Expr:
    return joined(op, [value(node.args[0], step) for step in _marked_steps(node, node.args, at)])


def _select(node: Apply, at, value) -> Expr:
    """VECTOR SELECT; nan where its error action finds too few or too many selected, or the action is none."""
    steps = _marked_steps(node, node.args[:2], at)
    missing, action, error = (value(arg) for arg in node.args[2:])
    inputs = [at.share(value(arg, step), "vector_select_input") for arg in node.args[:2] for step in steps]
    vector = Call("list", (action, *inputs))
    count = Call("select", (ONE, vector))
    found = call("if", call("gt", count, ZERO), Call("select", (ZERO, vector)), missing)
    if error == ZERO:
        return found
    error = at.share(error, "vector_select_error")
    few = call("and", call("eq", count, ZERO), call("or", call("eq", error, ONE), call("eq", error, Number(3.0))))
    many = call("and", call("gt", count, ONE), call("ge", error, Number(2.0)))
    return call("if", call("or", few, many), NAN, found)


# ---- along the last subscript of the first argument


def _way(node: Apply, at, back: int = 1) -> Way:
    """Along subscript number `back` from the end of the first array in a function's first argument.

    The element that is defined has the same number in the range of the left side that is this one, is mapped to, or
    else has as many elements.
    """
    known, binding = at.work.known, at.binding
    arrays = [p.subscripts for p in parts(node.args[0]) if isinstance(p, Ref) and len(p.subscripts) >= back]
    name = arrays[0][-back].rstrip("!") if arrays else ""
    if name not in known.elements:
        raise ModelError(f"{_title(node)} needs a variable with a subscript range, such as {_title(node)}(x[Range]).")
    along = known.elements[name]
    ranges = [r for r in reversed(binding) if r.rstrip("!") in known.elements]
    alike = [r for r in ranges if len(known.elements[r.rstrip("!")]) == len(along)]
    left = next((r for r in (name, f"{name}!", *known.maps[name], *alike) if r in ranges), None)
    if left is None:
        raise ModelError(f"{_title(node)} gives a value for each element of {known.labels[name]}: put it on the left.")
    there = known.elements[left.rstrip("!")]
    steps = tuple({name: e, f"{name}!": e, left: there[k]} for k, e in enumerate(along))
    return Way(steps, there.index(binding[left]))


def _shared(node: Apply, at, moved: dict[str, str], build: Callable[[], list[Expr]]) -> Call:
    """The inputs of a function of vectors: built once for all elements whose other subscripts are the same."""
    known, binding = at.work.known, at.binding | moved
    names = {n.rstrip("!") for p in parts(node) for n in (*p.subscripts, p.key if isinstance(p, Ref) else "")}
    where = []
    for name in sorted(names & {*known.elements}):
        try:
            where.append((name, ss.bound(name, binding, known)))
        except ModelError:  # the range of another vector function
            continue
    key = (id(node), id(at.scope) if at.scope else 0, tuple(where))
    if key not in at.work.vectors:
        inputs = [at.share(value, f"{node.function.lower().replace(' ', '_')}_input") for value in build()]
        _count(node, len(inputs), at)
        at.work.vectors[key] = Call("list", tuple(inputs))
    return at.work.vectors[key]


def _sorted(node: Apply, at, value, *, rank: bool) -> Expr:
    way = _way(node, at)
    vector, direction = node.args
    inputs = _shared(node, at, way.steps[0], lambda: [value(direction), *(value(vector, s) for s in way.steps)])
    return Call("sort", (Number(float(way.own + rank * len(way.steps))), inputs))


def _reordered(node: Apply, at, value) -> Expr:
    way = _way(node, at)
    vector, order = node.args
    inputs = _shared(Apply(_title(node), (vector,)), at, way.steps[0], lambda: [value(vector, s) for s in way.steps])
    return _element(value(order), inputs)


def _element(index: Expr, values: Call) -> Expr:
    number = _number(index)
    if number is None:
        return Call("element", (index, values))
    inside = 0 <= number + 1e-6 < len(values.args)
    return values.args[int(number + 1e-6)] if inside else NAN


def _number(expr: Expr) -> float | None:
    """The value of an expression that is made of numbers: `stage - 1` where a subscript is meant."""
    match expr:
        case Number(value):
            return value
        case Call("add" | "sub" | "mul" as op, (a, b)) if None not in (x := (_number(a), _number(b))):
            return {"add": x[0] + x[1], "sub": x[0] - x[1], "mul": x[0] * x[1]}[op]
        case Call("neg", (a,)) if (x := _number(a)) is not None:
            return -x
    return None


def _mapped(node: Apply, at, value) -> Expr:
    """VECTOR ELM MAP: the element so many places on from one, in the order in which Vensim stores them."""
    ref, offset = node.args
    if not isinstance(ref, Ref) or not ref.subscripts or ref.key not in at.work.elements:
        raise ModelError(f"{_title(node)} needs a variable with subscripts first, such as {_title(node)}(x[a1], n).")
    known = at.work.known
    ranges, defined = _storage(ref.key, at)
    elements = list(itertools.product(*(known.elements[r] for r in ranges)))
    own = tuple(ss.bound(s, at.binding, known) for s in ref.subscripts)
    if own not in elements:
        raise ModelError(f"there is no {ref.key}[{','.join(own)}].")
    key = (ref.key,)
    if key not in at.work.vectors:
        _count(node, len(elements), at)
        values = (Name(f"{ref.key}[{','.join(e)}]") if e in defined else NAN for e in elements)
        at.work.vectors[key] = Call("list", tuple(values))
    return _element(call("add", Number(float(elements.index(own))), value(offset)), at.work.vectors[key])


def _storage(key: str, at) -> tuple[list[str], set[tuple[str, ...]]]:
    """The ranges that a variable of the file is over, and which of its elements have an equation."""
    known, definitions = at.work.known, at.work.elements[key].definitions
    defined = {elements for d in definitions for _, elements in ss.left(d, known)}
    written = zip(*(d.subscripts for d in definitions), strict=True)
    return [ss.covering([e[i] for e in defined], list(names), known) for i, names in enumerate(written)], defined


def _inverse(node: Apply, at, value) -> Expr:
    row, column = _way(node, at, 2), _way(node, at, 1)
    n = len(row.steps)
    if n != len(column.steps):
        raise ModelError(f"{_title(node)} of {n} rows and {len(column.steps)} columns. It needs as many of both.")
    steps = [a | b for a in row.steps for b in column.steps]
    inputs = _shared(node, at, steps[0], lambda: [value(node.args[0], s) for s in steps])
    return Call("inverse", (Number(float(row.own * n + column.own)), inputs))


def _by_priority(node: Apply, at, value) -> Expr:
    way = _way(node, at)
    request, priority, _, width, supply = node.args

    def inputs() -> list[Expr]:
        return [value(supply), value(width), *(value(arg, s) for arg in (request, priority) for s in way.steps)]

    return Call("by_priority", (Number(float(way.own)), _shared(node, at, way.steps[0], inputs)))


def _available(node: Apply, at, value) -> Expr:
    way = _way(node, at)
    request, profile, supply = node.args
    columns = _profile(node, profile, at, way)

    def inputs() -> list[Expr]:
        return [value(supply), *(value(arg, s) for arg in (request, *columns) for s in way.steps)]

    return Call("available", (Number(float(way.own)), _shared(node, at, way.steps[0], inputs)))


def _profile(node: Apply, profile: Node, at, way: Way) -> list[Ref]:
    """References to curve, middle and width: the elements from the one named on, of the profile's last subscript."""
    known = isinstance(profile, Ref) and profile.subscripts and profile.key in at.work.elements
    if not known or profile.subscripts[-1] in way.steps[0]:
        raise ModelError(f"{_title(node)} needs a variable with priority profiles second, such as pp[Range,ptype].")
    *before, last = profile.subscripts
    along = at.work.known.elements[_storage(profile.key, at)[0][-1]]
    start = along.index(last) if last in along else 0
    if len(along) < start + PROFILE:
        raise ModelError(f"the priority profiles in {profile.key} have fewer than {PROFILE} elements from {last} on.")
    return [Ref(profile.key, (*before, element)) for element in along[start : start + PROFILE]]


# ---- the table


@dataclass(frozen=True, slots=True)
class Vector:
    """A row: number of arguments, builder."""

    arity: int
    build: Callable[..., Expr]


VECTORS: dict[str, Vector] = {
    "sum": Vector(1, functools.partial(_over, "add")),
    "prod": Vector(1, functools.partial(_over, "mul")),
    "vmin": Vector(1, functools.partial(_over, "min")),
    "vmax": Vector(1, functools.partial(_over, "max")),
    "vector_select": Vector(5, _select),
    "vector_sort_order": Vector(2, functools.partial(_sorted, rank=False)),
    "vector_rank": Vector(2, functools.partial(_sorted, rank=True)),
    "vector_reorder": Vector(2, _reordered),
    "vector_elm_map": Vector(2, _mapped),
    "invert_matrix": Vector(2, _inverse),
    "ALLOCATE BY PRIORITY": Vector(5, _by_priority),
    "ALLOCATE AVAILABLE": Vector(3, _available),
}
OVER = ("sum", "prod", "vmin", "vmax", "vector_select")  # those that run over subscripts marked !
