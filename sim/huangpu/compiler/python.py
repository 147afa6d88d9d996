"""The ordered model as readable Python: one line an equation, its unit and the equation as written above it.

The text runs as it stands with numpy and is the reference that the fast kernel is checked against; `run` integrates it.
Values are attributes of one object, `v.output__electronics`; they are floats or arrays of members.

Nothing from the model file gets into the code: expressions are printed from checked nodes, names are made here, and
comments hold printable characters of one line only.
"""

from __future__ import annotations

import keyword
import math
import re
import unicodedata
from collections.abc import Iterable

from huangpu.compiler.arrays import ARRAYS
from huangpu.compiler.draws import stream
from huangpu.compiler.functions import OPS, operators
from huangpu.compiler.modes import MODES, PYTHON
from huangpu.compiler.normal import NORMAL
from huangpu.compiler.plainrun import run  # noqa: F401  what `emit` gives, run
from huangpu.compiler.source import printable
from huangpu.ir import Call, Expr, FlatModel, Interpolate, Name, Number, Ordered, Time, Variable

PRELUDE = '''\
import numpy as np

from huangpu.compiler.plain import cos, exp, ln, power, sin, tan


def lookup(x, table):
    """Straight lines between the points; beyond them the end value, or the end segment where `extrapolate`."""
    xs, ys, extrapolate = (np.asarray(part) for part in table)
    slopes = np.diff(ys) / np.diff(xs) if len(xs) > 1 else np.zeros(1)
    i = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(slopes) - 1)
    inside = slopes[i] * (x - xs[i]) + ys[i]
    below = slopes[0] * (x - xs[0]) + ys[0] if extrapolate else ys[0]
    above = slopes[-1] * (x - xs[-1]) + ys[-1] if extrapolate else ys[-1]
    return np.where(x < xs[0], below, np.where(x >= xs[-1], above, inside))


def quantum(x, unit):
    """The next multiple of `unit` towards zero."""
    return np.where(unit < 1e-6, x, unit * np.trunc(np.divide(x, unit)))


def xidz(a, b, otherwise):
    """a / b, but `otherwise` where b is as good as zero."""
    return np.where(np.abs(b) < 1e-6, otherwise, np.divide(a, b))


def zidz(a, b):
    """a / b, but 0 where b is as good as zero."""
    return xidz(a, b, 0.0)
'''


NORMALS = "from huangpu.compiler.plain import normal, probit\n"
DRAWS = "from huangpu.compiler.draws import uniform\n"


def emit(ordered: Ordered) -> str:
    """Python text with these names: TIMES (start, end, step), TABLES, NAMES (id -> attribute) and STOCKS, and

    constants(v)            the parameters' values in the file
    once(v, tables)         what depends on parameters alone
    start(v, tables, time)  stocks and everything else at the start
    step(v, tables, time)   what changes, from stocks and time
    flows(v, tables, time)  the net flow of each stock, a time unit

    and where the model draws random numbers

    draw(v, seed, member, step)  those of a step, from the run's seed and the members' numbers

    and where it has what changes at whole steps only or is cut off at 0, NOT_BELOW_ZERO (stocks), MEMORIES,
    DELAYS (name -> name of its number of steps) and

    carried(v, tables, time)  what each memory holds, and each delay takes in, from the next step on
    """
    model = ordered.model
    names = _identifiers([v.id for v in model.variables])
    tables = _identifiers([t.id for t in model.tables])
    variables = {v.id: v for v in model.variables}
    once = _once(ordered, variables)
    modes = {t.id: t.mode for t in model.tables}
    show = _Printer(names, tables, modes)

    def line(v: Variable, expr: Expr) -> str:
        text = show.number(expr)
        return f"{_comment(v)}{show.before()}\n    v.{names[v.id]} = {text}"

    def flow(v: Variable) -> str:
        text = show.number(v.equation)
        return f"{_comment(v)}{show.before()}\n    yield {names[v.id]!r}, {text}"

    def draw(v: Variable) -> str:
        call = f"uniform(seed, {stream(v.id)}, {show.number(v.equation)}, member, step)"
        return f"{_comment(v)}\n    v.{names[v.id]} = {call}"

    def at_start(id_: str) -> str:
        v = variables[id_]
        return line(v, v.initial if v.initial is not None else v.equation)

    def function(head: str, lines: Iterable[str]) -> str:
        show.arrays.clear()  # what a function computes of them is its own
        return _function(head, list(lines))

    stocks = [v for v in model.variables if v.kind == "stock"]
    functions = [
        function("constants(v)", (line(v, v.equation) for v in model.variables if v.kind == "constant")),
        function("once(v, tables)", (at_start(id_) for id_ in ordered.initial if id_ in once)),
        function("start(v, tables, time)", (at_start(id_) for id_ in ordered.initial if id_ not in once)),
        function("step(v, tables, time)", (line(variables[id_], variables[id_].equation) for id_ in ordered.step)),
        function("flows(v, tables, time)", map(flow, stocks) if stocks else ["    yield from ()"]),
    ]
    drawn = [v for v in model.variables if v.kind == "draw"]
    if drawn:
        functions.append(function("draw(v, seed, member, step)", map(draw, drawn)))
    carried = [v for v in model.variables if v.kind in ("memory", "delayed")]
    if carried:
        functions.append(function("carried(v, tables, time)", map(flow, carried)))
    arrays = [f"from huangpu.compiler.plainarrays import {', '.join(sorted(show.used))}"] if show.used else []
    series = [PYTHON[mode] for mode in PYTHON if mode in modes.values()]
    blocks = [
        f"# {printable(model.name)}: made from the model file, not to be edited.",
        "\n\n".join([PRELUDE, *_imports(model), *arrays, *series]),
        _data(model, names, tables),
        *functions,
    ]
    return "\n\n".join(blocks)


def _imports(model: FlatModel) -> list[str]:
    """What few models need."""
    normals = [NORMALS] if operators(model) & NORMAL.keys() else []
    return [*normals, DRAWS] if any(v.kind == "draw" for v in model.variables) else normals


def _once(ordered: Ordered, variables: dict[str, Variable]) -> set[str]:
    """The auxiliaries that depend on parameters alone."""
    step, once = set(ordered.step), set()
    for id_ in ordered.initial:
        v = variables[id_]
        if v.kind == "auxiliary" and id_ not in step:
            needs = _needs(v.equation)
            if all(n in once or variables[n].kind == "constant" for n in needs if n) and "" not in needs:
                once.add(id_)
    return once


def _needs(expr: Expr) -> set[str]:
    """The names in an expression; the empty one stands for time."""
    match expr:
        case Name(id_):
            return {id_}
        case Time():
            return {""}
        case Call(_, args):
            return set().union(*map(_needs, args))
        case Interpolate(_, x):
            return _needs(x)
    return set()


def _identifiers(ids: list[str]) -> dict[str, str]:
    """A Python name for each id: `output[electronics,a]` -> output__electronics__a, one of a kind."""
    taken: set[str] = set()
    names = {}
    for id_ in ids:
        name = unicodedata.normalize("NFKC", re.sub(r"\W", "__", id_.removesuffix("]")))
        if not name.isidentifier() or keyword.iskeyword(name):
            name = f"v_{name}" if f"v_{name}".isidentifier() else f"v_{len(taken)}"
        while name in taken:
            name += "_"
        taken.add(name)
        names[id_] = name
    return names


def _comment(v: Variable) -> str:
    """The equation as written, with its unit; what is hidden says whose part it is."""
    what = v.label if v.kind == "constant" else f"{v.label}, in {v.text}" if v.hidden else v.text
    return f"    # {printable(what)}" + (f"  [{printable(v.units)}]" if v.units else "")


def _function(head: str, lines: list[str]) -> str:
    return f"def {head}:\n" + ("\n".join(lines) if lines else "    pass") + "\n"


def _data(model: FlatModel, names: dict[str, str], tables: dict[str, str]) -> str:
    def dictionary(name: str, rows: list[str]) -> str:
        return f"{name} = {{\n" + "".join(f"    {row},\n" for row in rows) + "}"

    def points(values: tuple[float, ...]) -> str:
        return "(" + "".join(f"{_literal(x)}, " for x in values).rstrip() + ")"

    stocks = [repr(names[v.id]) for v in model.variables if v.kind == "stock"]
    times = ", ".join(map(_literal, (model.initial_time, model.final_time, model.time_step)))
    lists = {
        "NOT_BELOW_ZERO": [repr(names[v.id]) for v in model.variables if v.non_negative],
        "MEMORIES": [repr(names[v.id]) for v in model.variables if v.kind == "memory"],
    }
    delays = [f"{names[v.id]!r}: {names[v.steps]!r}" for v in model.variables if v.kind == "delayed"]
    return "\n".join(
        [
            f"TIMES = ({times})",
            dictionary(
                "TABLES",
                [f"{tables[t.id]!r}: ({points(t.xs)}, {points(t.ys)}, {t.extrapolate})" for t in model.tables],
            ),
            dictionary("NAMES", [f"{id_!r}: {name!r}" for id_, name in names.items()]),
            f"STOCKS = ({''.join(f'{s}, ' for s in stocks).rstrip()})",
            *(f"{name} = ({''.join(f'{s}, ' for s in found).rstrip()})" for name, found in lists.items() if found),
            *([dictionary("DELAYS", delays)] if delays else []),
            "",
        ]
    )


def _literal(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "np.nan" if math.isnan(value) else "np.inf" if value > 0 else "-np.inf"


class _Printer:
    """Expressions as text with as few brackets as Python's own ranks allow."""

    def __init__(self, names: dict[str, str], tables: dict[str, str], modes: dict[str, str]):
        self.names, self.tables, self.modes = names, tables, modes
        self.arrays: dict[Call, str] = {}  # array functions already called in this function -> name of their outputs
        self.used: set[str] = set()
        self._before: list[str] = []

    def before(self) -> str:
        """The lines that must stand before what was printed last."""
        lines, self._before = self._before, []
        return "".join(f"\n    {line}" for line in lines)

    def _array(self, op: str, inputs: Call) -> str:
        whole = Call(op, (inputs,))
        if whole not in self.arrays:
            text = f"{op}({self.number(inputs)})"
            self.used.add(op)
            self.arrays[whole] = f"{op}_{len(self.arrays) + 1}"
            self._before.append(f"{self.arrays[whole]} = {text}")
        return self.arrays[whole]

    def number(self, expr: Expr, rank: int = 0) -> str:
        """As a number; in brackets where it binds less tightly than `rank`. A truth value becomes 1.0 or 0.0."""
        match expr:
            case Number(value):
                text = _literal(value)
                return f"({text})" if text.startswith("-") and rank > OPS["neg"].rank else text
            case Name(id_):
                return f"v.{self.names[id_]}"
            case Time():
                return "time"
            case Interpolate(table, x):
                function = MODES.get(self.modes[table], "lookup")
                return f"{function}({self.number(x)}, tables[{self.tables[table]!r}])"
            case Call("list", values):
                return f"({', '.join(map(self.number, values))},)"
            case Call("element", (index, values)):
                self.used.add("element")
                return f"element({self.number(index)}, {self.number(values)})"
            case Call(op, (Number(k), inputs)) if op in ARRAYS:
                return f"{self._array(op, inputs)}[{int(k)}]"
            case Call(op, _) if OPS[op].truth:
                return _bracketed(f"1.0 * {self.truth(expr, OPS['mul'].rank + 1)}", OPS["mul"].rank, rank)
        return self._call(expr, rank)

    def truth(self, expr: Expr, rank: int = 0) -> str:
        """As a condition."""
        match expr:
            case Call(op, _) if op in OPS and OPS[op].truth:
                return self._call(expr, rank)
        return self.number(expr, rank)

    def _call(self, expr: Call, rank: int) -> str:
        op = OPS[expr.op]
        if op.rank == 9:
            conditions = len(expr.args) if op.takes == "truth" else 1 if expr.op == "if" else 0
            args = [self.truth(a) if i < conditions else self.number(a) for i, a in enumerate(expr.args)]
            return op.text.format(*args)
        if expr.op == "div" and not any(map(_named, expr.args)):  # Python itself would raise at 1.0 / 0.0
            return f"np.divide({self.number(expr.args[0])}, {self.number(expr.args[1])})"
        # Operators of one rank go from the left, so only the right one needs brackets; comparisons would chain.
        first = op.rank + 1 if op.truth else op.rank
        ranks = (first, op.rank + 1) if len(expr.args) == 2 else (op.rank + 1,)
        return _bracketed(op.text.format(*map(self.number, expr.args, ranks)), op.rank, rank)


def _bracketed(text: str, own: int, rank: int) -> str:
    return f"({text})" if own < rank else text


def _named(expr: Expr) -> bool:
    """Whether an expression's value is numpy's, not a plain Python number."""
    match expr:
        case Name() | Time() | Interpolate():
            return True
        case Call(op, args):
            return op not in OPS or OPS[op].rank == 9 or any(map(_named, args))
    return False
