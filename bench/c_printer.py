"""Ordered model -> C with GCC's vector extensions: a peer for the kernel, printed from the same data.

Members lie in blocks, workspace [row][block]; a few equations become one loop over the block's vectors, a few loops one
function that is not inlined, as a person would write it who knows what the kernel knows. Lookups' points are literals.
`simd.h` has the operators, `driver.c` moves the blocks; LANES=1 makes the same text plain C.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from huangpu.compiler.functions import OPS
from huangpu.ir import Call, Expr, Interpolate, Name, Number, Ordered, Table, Time

BLOCK = 32  # members; with EQUATIONS and LOOPS the fastest of what was tried with gcc 12 on our own model and World3
EQUATIONS = 4  # in a loop
LOOPS = 4  # in a function
TABLE = 16  # knots that fit into two registers; shorter tables are filled up
DT = Name("(dt)")

BINARY = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
TRUTHS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
LOGIC = {"and": "&", "or": "|"}
NAMED = {"min": "minimum", "max": "maximum", "abs": "absolute", "mod": "modulo", "quantum": "quantum", "xidz": "xidz"}

Assignment = tuple[str, Expr]


def emit(ordered: Ordered) -> str:
    """C text with `run` and `workspace`, see `driver.c`; Euler's method."""
    model = ordered.model
    variables = {v.id: v for v in model.variables}
    stocks = [v for v in model.variables if v.kind == "stock"]
    ids = [v.id for v in model.variables] + [_flow(v.id) for v in stocks]
    show = _Printer({id: row for row, id in enumerate(ids)}, {t.id: k for k, t in enumerate(model.tables)})
    constants = [show.rows[v.id] for v in model.variables if v.kind == "constant"]
    driven = [show.rows[id] for id in ordered.driven]
    at_start = [
        (id, variables[id].equation if variables[id].initial is None else variables[id].initial)
        for id in ordered.initial
    ]
    step = [(id, variables[id].equation) for id in ordered.step] + [(_flow(v.id), v.equation) for v in stocks]
    advance = [(v.id, Call("add", (Name(v.id), Call("mul", (DT, Name(_flow(v.id))))))) for v in stocks]
    here = Path(__file__).parent
    return "\n".join(
        [
            (here / "simd.h").read_text(encoding="utf-8"),
            f"enum {{ BLOCK = {BLOCK}, ROWS = {len(ids)}, CONSTANTS = {len(constants)}, DRIVEN = {len(driven)} }};",
            _numbers("constant_rows", "long", constants),
            _numbers("driven_rows", "long", driven),
            *(line for number, table in enumerate(model.tables) for line in _table(number, table)),
            *_function("initial", at_start, show),
            *_function("step", step, show),
            *_function("advance", advance, show),
            (here / "driver.c").read_text(encoding="utf-8"),
        ]
    )


def _flow(stock: str) -> str:
    return f"(flow of){stock}"


def _numbers(name: str, type: str, values: Iterable, least: int = 1) -> str:
    """An array of the values, with room for at least so many."""
    items = list(values)
    return f"static const {type} {name}[{max(least, len(items))}] = {{{', '.join(map(str, items))}}};"


def _table(number: int, table: Table) -> Iterator[str]:
    xs, ys = np.array(table.xs), np.array(table.ys)
    slopes = np.diff(ys) / np.diff(xs)
    slopes = np.append(slopes, slopes[-1] if table.extrapolate and len(slopes) else 0.0)
    for part, values in (("xs", xs), ("ys", ys), ("slopes", slopes)):
        yield _numbers(f"{part}{number}", "double", map(_literal, values), TABLE)
    body = f"lookup(x, {len(xs)}, xs{number}, ys{number}, slopes{number}, {int(table.extrapolate)})"
    yield f"INLINE v table{number}(v x) {{ return {body}; }}"


def _literal(value: float) -> str:
    if math.isfinite(value):
        return float(value).hex()
    return "NAN" if math.isnan(value) else "INFINITY" if value > 0 else "-INFINITY"


def _function(name: str, work: list[Assignment], show: _Printer) -> Iterator[str]:
    """`name` does all of `work` in order, by calls of functions of a few loops each."""
    arguments, calls = "(v *restrict w, double time, double dt)", []
    loops = [work[k : k + EQUATIONS] for k in range(0, len(work), EQUATIONS)]
    for number, group in enumerate(loops[k : k + LOOPS] for k in range(0, len(loops), LOOPS)):
        yield f"static __attribute__((noinline)) void {name}{number}{arguments}\n{{"
        for part in group:
            yield "#pragma GCC ivdep"
            yield "    for (int j = 0; j < BLOCK / LANES; j++) {"
            yield from show.loop(part)
            yield "    }"
        yield "}"
        calls.append(f"    {name}{number}(w, time, dt);")
    yield "\n".join([f"static void {name}{arguments}\n{{", *calls, "}"])


class _Printer:
    """Expressions as C; a row is read once a loop, into a local."""

    def __init__(self, rows: dict[str, int], tables: dict[str, int]):
        self.rows, self.tables = rows, tables
        self.lines: list[str] = []
        self.held: set[str] = set()

    def loop(self, work: list[Assignment]) -> list[str]:
        self.lines, self.held = [], set()
        for id, expr in work:
            value = self.number(expr)
            row = self.rows[id]
            declared = "" if id in self.held else "v "
            self.lines.append(f"        {declared}r{row} = {value};")
            self.lines.append(f"        w[{row} * (BLOCK / LANES) + j] = r{row};")
            self.held.add(id)
        return self.lines

    def number(self, expr: Expr) -> str:
        match expr:
            case Number(value):
                return f"all({_literal(value)})"
            case Time():
                return "all(time)"
            case Name(id) if id == DT.id:
                return "all(dt)"
            case Name(id):
                row = self.rows[id]
                if id not in self.held:
                    self.held.add(id)
                    self.lines.append(f"        v r{row} = w[{row} * (BLOCK / LANES) + j];")
                return f"r{row}"
            case Interpolate(table, x):
                return f"table{self.tables[table]}({self.number(x)})"
            case Call(op, _) if OPS[op].truth:
                return f"number({self.truth(expr)})"
            case Call("if", (condition, then, other)):
                return f"select({self.truth(condition)}, {self.number(then)}, {self.number(other)})"
            case Call("neg", (a,)):
                return f"(-{self.number(a)})"
            case Call("zidz", (a, b)):
                return f"xidz({self.number(a)}, {self.number(b)}, all(0.0))"
            case Call(op, (a, b)) if op in BINARY:
                return f"({self.number(a)} {BINARY[op]} {self.number(b)})"
            case Call(op, args):
                return f"{NAMED.get(op, f'v_{op}')}({', '.join(map(self.number, args))})"
        raise TypeError(f"not an expression: {expr!r}")

    def truth(self, expr: Expr) -> str:
        match expr:
            case Call(op, (a, b)) if op in TRUTHS:
                return f"({self.number(a)} {TRUTHS[op]} {self.number(b)})"
            case Call(op, (a, b)) if op in LOGIC:
                return f"({self.truth(a)} {LOGIC[op]} {self.truth(b)})"
            case Call("not", (a,)):
                return f"no({self.truth(a)})"
        return f"({self.number(expr)} != all(0.0))"
