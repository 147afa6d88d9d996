"""Array functions in the kernel: the rows that they read and write, and when they are computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from huangpu.compiler.arrayregisters import array_function
from huangpu.compiler.arrays import ARRAYS, array_calls
from huangpu.compiler.vector import Array, Layout, Loop, row_address
from huangpu.ir import Call, Expr, Name

FILL = "(fill)"  # in place of a row's id: an array function computes its outputs


def used(operators: set[str]) -> set[str]:
    """Operators with what the array functions among them ask for."""
    return operators.union(*(ARRAYS[op].uses for op in operators & set(ARRAYS)))


def places(expressions: Iterable[Expr], rows: dict[str, int]) -> dict[Call, Array]:
    """The array functions and vectors of all equations; `rows` gets one for each output, and input that is no name."""
    found: dict[Call, Array] = {}
    for call in (_whole(c) for e in expressions for c in array_calls(e)):
        if call in found:
            continue
        number = len(found)
        inputs = tuple(
            e.id if isinstance(e, Name) else f"(input {k} of array){number}" for k, e in enumerate(_inputs(call))
        )
        for id in inputs:
            rows.setdefault(id, len(rows))
        out = len(rows)
        room = ARRAYS[call.op].room(ARRAYS[call.op].elements(len(inputs))) if call.op in ARRAYS else 0
        rows |= {f"(output {k} of array){number}": out + k for k in range(room)}
        found[call] = Array(f"@array.rows.{number}", inputs, out)
    return found


def _whole(call: Call) -> Call:
    """What is computed once for all calls that want a part of it: an array function, or the vector of `element`."""
    return call.args[1] if call.op == "element" else Call(call.op, call.args[1:])


def _inputs(call: Call) -> tuple[Expr, ...]:
    return call.args if call.op == "list" else call.args[0].args


def filled(work: Iterable[tuple[str, Expr]], layout: Layout) -> Iterator[tuple[str, Expr]]:
    """Assignments, with those that an array function (or a vector) needs before the first one that uses it."""
    done: set[Call] = set()
    for id, expr in work:
        for call in (_whole(c) for c in array_calls(expr)) if layout.arrays else ():
            if call not in done:
                done.add(call)
                pairs = zip(layout.arrays[call].inputs, _inputs(call), strict=True)
                yield from ((row, value) for row, value in pairs if not isinstance(value, Name))
                if call.op in ARRAYS:
                    yield FILL, call
        yield id, expr


def fill(call: Call, loop: Loop) -> str:
    """The instruction that computes the outputs of an array function, its inputs being in their rows."""
    array = loop.layout.arrays[call]
    n = ARRAYS[call.op].elements(len(array.inputs))
    out = row_address(array.out, loop)
    return f"  call void @array.{call.op}(ptr %{loop.name}.base, ptr {array.table}, ptr {out}, i64 {n})"


def functions(layout: Layout) -> Iterator[str]:
    """The array functions that the model uses, the rows of their inputs, and what reads a vector at any place."""
    for array in layout.arrays.values():
        offsets = ", ".join(f"i64 {layout.rows[id] * layout.block}" for id in array.inputs)
        yield f"{array.table} = internal constant [{len(array.inputs)} x i64] [{offsets}]"
    for name in sorted({call.op for call in layout.arrays} & set(ARRAYS)):
        yield array_function(name, layout)
    if any(call.op == "list" for call in layout.arrays):
        lanes = layout.lanes
        for vector, suffix in ((layout.vector, layout.suffix), (f"<{lanes} x i64>", f"v{lanes}i64")):
            given = f"<{lanes} x ptr>, i32, {layout.mask}, {vector}"
            yield f"declare {vector} @llvm.masked.gather.{suffix}.v{lanes}p0({given})"
