"""Expressions -> LLVM instructions on vectors of members. One table row an operator, as in `functions.py`.

No instruction carries a fast-math flag, so nothing is contracted or reordered and a member's bits do not depend on the
width of the vectors. Functions without an instruction are our own (`maths.py`) or, where models seldom use them, LLVM's
intrinsics: one call of the C library a lane.
"""

from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from huangpu.compiler.arrays import ARRAYS
from huangpu.compiler.functions import SMALL
from huangpu.compiler.maths import FORMULAS
from huangpu.compiler.normal import NORMAL
from huangpu.compiler.registers import COMPARISONS, function, literal
from huangpu.ir import Call, Expr, Interpolate, Name, Number, Table, Time

UNROLLED = 32  # knots: longer lookups run a loop
DT = Name("(dt)")  # the time step; brackets like these are in no model's ids

INSTRUCTIONS = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv", "neg": "fneg"}
ORDERS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
INTRINSICS = {
    "abs": "fabs",
    "trunc": "trunc",
    "sqrt": "sqrt",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "copysign": "copysign",
}
LOGIC = {"and": "and", "or": "or"}


SIZES = {"double": 8, "float": 4}  # bytes


@dataclass(frozen=True)
class Array:
    """Where an array function's values are: `table` names the list of its inputs' rows; outputs from row `out` on."""

    table: str
    inputs: tuple[str, ...]  # ids of rows
    out: int


@dataclass(frozen=True)
class Layout:
    """Where things are: `rows` id -> row, `tables` id -> (table, its offset in the array of lookups).

    `marks` numbers the loops' metadata from 1 on.
    """

    rows: dict[str, int]
    tables: dict[str, tuple[Table, int]]
    lanes: int
    block: int
    real: str = "double"  # or "float": what rows and lookups hold and loops compute with
    marks: Iterator[int] = field(default_factory=lambda: count(1))
    arrays: dict[Call, Array] = field(default_factory=dict)  # array functions and vectors, see `arraytext.py`

    @property
    def vector(self) -> str:
        return f"<{self.lanes} x {self.real}>"

    @property
    def mask(self) -> str:
        return f"<{self.lanes} x i1>"

    @property
    def suffix(self) -> str:
        """Of the intrinsics' names."""
        return f"v{self.lanes}f{8 * SIZES[self.real]}"

    @property
    def align(self) -> int:
        return min(SIZES[self.real] * self.lanes, 64)  # bytes; the workspace begins on a cache line


@dataclass
class Loop:
    """The text of one loop while it is printed: lines so far and the register that holds each row already read."""

    name: str
    layout: Layout
    lines: list[str] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)

    def put(self, text: str) -> str:
        """Append an instruction, return its register."""
        register = f"%{self.name}.{len(self.lines)}"
        self.lines.append(f"  {register} = {text}")
        return register


def address(id: str, loop: Loop) -> str:
    """The register with the address of a row's vector."""
    return row_address(loop.layout.rows[id], loop)


def row_address(row: int, loop: Loop) -> str:
    return loop.put(f"getelementptr {loop.layout.real}, ptr %{loop.name}.base, i64 {row * loop.layout.block}")


def compute(expr: Expr, loop: Loop) -> str:
    """The register (or literal) with the expression's value, a vector of doubles."""
    vector = loop.layout.vector
    match expr:
        case Number(value):
            return splat(value, loop)
        case Time():
            return _broadcast("(time)", "%time", loop)
        case Name(id) if id == DT.id:
            return _broadcast(id, "%dt", loop)
        case Name(id):
            if id not in loop.held:
                loop.held[id] = loop.put(f"load {vector}, ptr {address(id, loop)}, align {loop.layout.align}")
            return loop.held[id]
        case Interpolate(table, x):
            shape, offset = loop.layout.tables[table]
            at = loop.put(f"getelementptr {loop.layout.real}, ptr %lookups, i64 {offset}")
            return loop.put(f"call {vector} @{lookup_name(shape)}({vector} {compute(x, loop)}, ptr {at})")
        case Call(op) if op in ORDERS or op in LOGIC or op == "not":
            return loop.put(f"uitofp {loop.layout.mask} {_truth(expr, loop)} to {vector}")
        case Call("if", (condition, then, other)):
            return _select(_truth(condition, loop), compute(then, loop), compute(other, loop), loop)
        case Call("element", (index, vector_)):
            return _element(compute(index, loop), loop.layout.arrays[vector_], loop)
        case Call(op, (Number(k), inputs)) if op in ARRAYS:
            at = row_address(loop.layout.arrays[Call(op, (inputs,))].out + int(k), loop)
            return loop.put(f"load {vector}, ptr {at}, align {loop.layout.align}")
        case Call(op, args):
            return _apply(op, tuple(compute(arg, loop) for arg in args), loop)
    raise TypeError(f"not an expression: {expr!r}")


def _truth(expr: Expr, loop: Loop) -> str:
    """The register with the expression as a condition, a vector of i1: true where it is not 0 (nan is true)."""
    vector, mask = loop.layout.vector, loop.layout.mask
    match expr:
        case Call(op, (a, b)) if op in ORDERS:
            return loop.put(f"fcmp {COMPARISONS[ORDERS[op]]} {vector} {compute(a, loop)}, {compute(b, loop)}")
        case Call(op, (a, b)) if op in LOGIC:
            return loop.put(f"{LOGIC[op]} {mask} {_truth(a, loop)}, {_truth(b, loop)}")
        case Call("not", (a,)):
            return loop.put(f"xor {mask} {_truth(a, loop)}, splat (i1 true)")
        case _:
            return loop.put(f"fcmp une {vector} {compute(expr, loop)}, zeroinitializer")


def _apply(op: str, args: tuple[str, ...], loop: Loop) -> str:
    """A function of the table `OPS` on registers."""
    vector = loop.layout.vector
    if op in INSTRUCTIONS:
        return loop.put(f"{INSTRUCTIONS[op]} {vector} {', '.join(args)}")
    if op in FORMULAS or op in NORMAL:
        return loop.put(f"call {vector} @maths.{op}({', '.join(f'{vector} {arg}' for arg in args)})")
    if op in INTRINSICS:
        listed = ", ".join(f"{vector} {arg}" for arg in args)
        return loop.put(f"call {vector} @llvm.{INTRINSICS[op]}.{loop.layout.suffix}({listed})")
    return COMPOSED[op](loop, *args)


def _select(mask: str, then: str, other: str, loop: Loop) -> str:
    vector = loop.layout.vector
    return loop.put(f"select {loop.layout.mask} {mask}, {vector} {then}, {vector} {other}")


Composer = Callable[..., str]


def _extreme(compare: str) -> Composer:
    """numpy's minimum (olt) or maximum (ogt): nan if either is nan."""

    def compose(loop: Loop, a: str, b: str) -> str:
        vector, mask = loop.layout.vector, loop.layout.mask
        better = loop.put(f"fcmp {compare} {vector} {a}, {b}")
        missing = loop.put(f"fcmp uno {vector} {a}, {a}")
        return _select(loop.put(f"or {mask} {better}, {missing}"), a, b, loop)

    return compose


def _xidz(loop: Loop, a: str, b: str, c: str) -> str:
    size = _apply("abs", (b,), loop)
    small = loop.put(f"fcmp olt {loop.layout.vector} {size}, {splat(SMALL, loop)}")
    return _select(small, c, _apply("div", (a, b), loop), loop)


def _zidz(loop: Loop, a: str, b: str) -> str:
    return _xidz(loop, a, b, splat(0.0, loop))


def _square(loop: Loop, a: str) -> str:
    return _apply("mul", (a, a), loop)


def _quantum(loop: Loop, a: str, b: str) -> str:
    whole = _apply("trunc", (_apply("div", (a, b), loop),), loop)
    small = loop.put(f"fcmp olt {loop.layout.vector} {b}, {splat(SMALL, loop)}")
    return _select(small, a, _apply("mul", (b, whole), loop), loop)


def _mod(loop: Loop, a: str, b: str) -> str:
    """numpy's mod: fmod moved to the divisor's sign; a zero takes that sign too."""
    vector, mask = loop.layout.vector, loop.layout.mask
    rest = loop.put(f"frem {vector} {a}, {b}")
    signs = [loop.put(f"fcmp olt {vector} {x}, zeroinitializer") for x in (rest, b)]
    differ = loop.put(f"xor {mask} {signs[0]}, {signs[1]}")
    moved = _select(differ, _apply("add", (rest, b), loop), rest, loop)
    none = loop.put(f"fcmp oeq {vector} {rest}, zeroinitializer")
    return _select(none, _apply("copysign", (rest, b), loop), moved, loop)


COMPOSED: dict[str, Composer] = {
    "min": _extreme("olt"),
    "max": _extreme("ogt"),
    "xidz": _xidz,
    "zidz": _zidz,
    "square": _square,
    "quantum": _quantum,
    "mod": _mod,
}


def _element(index: str, array: Array, loop: Loop) -> str:
    """The row of a vector that each lane's index names, nan where there is none; see `plainarrays.element`."""
    layout, lanes = loop.layout, loop.layout.lanes
    vector, mask, whole, places = layout.vector, layout.mask, f"<{lanes} x i64>", f"<{lanes} x ptr>"
    found = _apply("add", (index, splat(SMALL, loop)), loop)
    inside = [loop.put(f"fcmp oge {vector} {found}, zeroinitializer")]
    inside.append(loop.put(f"fcmp olt {vector} {found}, {splat(float(len(array.inputs)), loop)}"))
    some = loop.put(f"and {mask} {inside[0]}, {inside[1]}")
    number = loop.put(f"fptosi {vector} {_select(some, found, splat(0.0, loop), loop)} to {whole}")
    entries = loop.put(f"getelementptr i64, ptr {array.table}, {whole} {number}")
    gather = f"call {whole} @llvm.masked.gather.v{lanes}i64.v{lanes}p0"
    rows = loop.put(f"{gather}({places} {entries}, i32 8, {mask} {some}, {whole} zeroinitializer)")
    shifts = ", ".join(f"i64 {lane}" for lane in range(lanes))
    offsets = loop.put(f"add {whole} {rows}, <{shifts}>")
    listed = loop.put(f"getelementptr {layout.real}, ptr %{loop.name}.base, {whole} {offsets}")
    gather = f"call {vector} @llvm.masked.gather.{layout.suffix}.v{lanes}p0"
    missing = splat(float("nan"), loop)
    return loop.put(f"{gather}({places} {listed}, i32 {SIZES[layout.real]}, {mask} {some}, {vector} {missing})")


def _broadcast(key: str, scalar: str, loop: Loop) -> str:
    if key not in loop.held:
        if loop.layout.real != "double":
            scalar = loop.put(f"fptrunc double {scalar} to {loop.layout.real}")
        loop.held[key] = everywhere(scalar, loop)
    return loop.held[key]


def everywhere(scalar: str, loop: Loop) -> str:
    """A scalar in all lanes."""
    vector, lanes = loop.layout.vector, loop.layout.lanes
    one = loop.put(f"insertelement {vector} poison, {loop.layout.real} {scalar}, i64 0")
    return loop.put(f"shufflevector {vector} {one}, {vector} poison, <{lanes} x i32> zeroinitializer")


def splat(value: float, loop: Loop) -> str:
    value = value if loop.layout.real == "double" else ctypes.c_float(value).value
    return f"splat ({loop.layout.real} {literal(value)})"


# -- lookups and what is only declared --------------------------------------------------------------------------------


def lookup_name(table: Table) -> str:
    line = "extrapolate" if table.extrapolate else "hold"
    return f"lookup.{len(table.xs)}.{line if table.mode == 'interpolate' else table.mode}"


def lookup(table: Table, layout: Layout) -> str:
    """The function that reads a table of this many knots at a vector of x; %at is xs, ys, slopes.

    The last knot that is not above x wins, starting with the first: `slope * (x - knot) + y`, as the table in
    `functions.py` says. The slope at the last knot is 0, or the last segment's where the lookup goes on outside.
    """
    loop = Loop("k", layout)
    vector, knots = layout.vector, len(table.xs)
    x = "%x"
    if not table.extrapolate:
        for compare, knot in (("ogt", knots - 1), ("olt", 0)):
            end = _knot(knot, loop)
            x = _select(loop.put(f"fcmp {compare} {vector} {x}, {end}"), end, x, loop)
    segment = [_knot(part * knots, loop) for part in range(3)]
    if knots > UNROLLED:
        segment = _scan(x, segment, loop, knots)
    else:
        for k in range(1, knots):
            knot = _knot(k, loop)
            reached = loop.put(f"fcmp oge {vector} {x}, {knot}")
            found = (knot, _knot(k + knots, loop), _knot(k + 2 * knots, loop))
            segment = [_select(reached, new, old, loop) for new, old in zip(found, segment, strict=True)]
    rise = _apply("mul", (segment[2], _apply("sub", (x, segment[0]), loop)), loop)
    result = _apply("add", (rise, segment[1]), loop)
    head = f"define internal {vector} @{lookup_name(table)}({vector} %x, ptr readonly %at) noinline {{"
    return "\n".join([head, "entry:", *loop.lines, f"  ret {vector} {result}", "}", ""])


def _knot(k: int, loop: Loop) -> str:
    """Number k of the table in all lanes."""
    return _load_all(loop.put(f"getelementptr {loop.layout.real}, ptr %at, i64 {k}"), loop)


def _load_all(address: str, loop: Loop) -> str:
    return everywhere(loop.put(f"load {loop.layout.real}, ptr {address}"), loop)


def _scan(x: str, segment: list[str], loop: Loop, knots: int) -> list[str]:
    """The chain of selects as a loop over the knots, for long tables."""
    vector = loop.layout.vector
    names = ["%knot", "%y", "%slope"]
    loop.lines += ["  br label %scan", "scan:"]
    loop.lines.append("  %n = phi i64 [ 1, %entry ], [ %n.next, %scan ]")
    for part, (name, start) in enumerate(zip(names, segment, strict=True)):
        loop.lines.append(f"  {name} = phi {vector} [ {start}, %entry ], [ %new{part}, %scan ]")
    places = [loop.put(f"getelementptr {loop.layout.real}, ptr %at, i64 {k * knots}") for k in range(3)]
    found = [_load_all(loop.put(f"getelementptr {loop.layout.real}, ptr {place}, i64 %n"), loop) for place in places]
    reached = loop.put(f"fcmp oge {vector} {x}, {found[0]}")
    for part, (name, new) in enumerate(zip(names, found, strict=True)):
        loop.lines.append(f"  %new{part} = select {loop.layout.mask} {reached}, {vector} {new}, {vector} {name}")
    loop.lines += ["  %n.next = add i64 %n, 1", f"  %more = icmp ult i64 %n.next, {knots}"]
    loop.lines += ["  br i1 %more, label %scan, label %end", "end:"]
    return [f"%new{part}" for part in range(3)]


def functions(layout: Layout, used: Container[str]) -> Iterator[str]:
    """Every function of the tables, for vectors of this width: formulas, and intrinsics declared.

    Those of the normal distribution only where they are `used`: models seldom do.

    Formulas are computed with doubles; where rows hold floats, what they are given is widened and their answer rounded.
    """
    double = replace(layout, real="double")
    exact = layout.real == double.real
    for op, formula in (FORMULAS | {op: formula for op, formula in NORMAL.items() if op in used}).items():
        yield function(f"maths.{op}" if exact else f"double.{op}", formula, layout.lanes)
        if not exact:
            yield _rounded(op, list(inspect.signature(formula).parameters)[:-1], layout, double.vector)
    yield f"declare i1 @llvm.vector.reduce.or.v{layout.lanes}i1({layout.mask})"
    for like in (double,) if exact else (double, layout):
        for name in (*INTRINSICS.values(), "sin", "cos", "tan"):  # the last for `Machine.library`
            listed = ", ".join([like.vector] * (2 if name == "copysign" else 1))
            yield f"declare {like.vector} @llvm.{name}.{like.suffix}({listed})"


def _rounded(op: str, names: list[str], layout: Layout, wide: str) -> str:
    """@maths.op on vectors of floats, by @double.op."""
    loop, vector = Loop("r", layout), layout.vector
    args = [f"{wide} {loop.put(f'fpext {vector} %{name} to {wide}')}" for name in names]
    result = loop.put(f"call {wide} @double.{op}({', '.join(args)})")
    result = loop.put(f"fptrunc {wide} {result} to {vector}")
    head = f"define internal {vector} @maths.{op}({', '.join(f'{vector} %{name}' for name in names)}) noinline {{"
    return "\n".join([head, *loop.lines, f"  ret {vector} {result}", "}", ""])
