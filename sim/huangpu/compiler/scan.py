"""The modes of `modes.py` as LLVM functions: a loop over the points, as short as a series may be long."""

from __future__ import annotations

import math

from huangpu.compiler.functions import SMALL
from huangpu.compiler.vector import Layout, Loop, everywhere, splat
from huangpu.ir import Table


def lookup(name: str, table: Table, layout: Layout) -> str:
    """The LLVM function @name that reads a table of this many points and this mode at a vector of x."""
    loop = Loop("k", layout)
    vector, points, raw = layout.vector, len(table.xs), table.mode == "raw"
    start = splat(math.nan, loop) if raw else _point("%y.first", points, loop)
    first, compared = (0, 0) if raw else (1, -1 if table.mode == "look_forward" else 0)
    result = start
    if first < points:
        head = "  br label %scan"
        loop.lines += [head, "scan:", f"  %n = phi i64 [ {first}, %entry ], [ %n.next, %scan ]"]
        loop.lines.append(f"  %y = phi {vector} [ {start}, %entry ], [ %y.new, %scan ]")
        loop.lines += [f"  %n.knot = add i64 %n, {compared}", f"  %n.y = add i64 %n, {points}"]
        knot, y = (_load(number, loop) for number in ("%n.knot", "%n.y"))
        reached = _reached(table.mode, knot, loop)
        loop.lines.append(f"  %y.new = select {layout.mask} {reached}, {vector} {y}, {vector} %y")
        loop.lines += ["  %n.next = add i64 %n, 1", f"  %more = icmp ult i64 %n.next, {points}"]
        loop.lines += ["  br i1 %more, label %scan, label %end", "end:"]
        result = "%y.new"
    missing = loop.put(f"fcmp uno {vector} %x, %x")
    result = loop.put(f"select {layout.mask} {missing}, {vector} %x, {vector} {result}")
    head = f"define internal {vector} @{name}({vector} %x, ptr readonly %at) noinline {{"
    return "\n".join([head, "entry:", *loop.lines, f"  ret {vector} {result}", "}", ""])


def _reached(mode: str, knot: str, loop: Loop) -> str:
    """The mask of the lanes whose x makes a point's y the answer so far."""
    vector = loop.layout.vector
    if mode != "raw":
        return loop.put(f"fcmp {'ogt' if mode == 'look_forward' else 'oge'} {vector} %x, {knot}")
    gap = loop.put(f"fsub {vector} %x, {knot}")
    size = loop.put(f"call {vector} @llvm.fabs.{loop.layout.suffix}({vector} {gap})")
    return loop.put(f"fcmp ole {vector} {size}, {splat(SMALL, loop)}")


def _point(register: str, number: int, loop: Loop) -> str:
    loop.lines.append(f"  {register} = add i64 {number}, 0")
    return _load(register, loop)


def _load(number: str, loop: Loop) -> str:
    """Number `number` (a register) of the table in all lanes."""
    real = loop.layout.real
    place = loop.put(f"getelementptr {real}, ptr %at, i64 {number}")
    return everywhere(loop.put(f"load {real}, ptr {place}"), loop)
