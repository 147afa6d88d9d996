"""Random numbers without a state: a normal draw is a function of seed, stream, member and step, and of nothing else.

Written once, as the formulas of `maths.py` are: `normals` computes with numpy, `text` prints the kernel's function,
both to the same bits. So a member has the same draws alone, in any block, thread or part of an ensemble.

Threefry2x64 with 20 rounds: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (2011). Its key
is (seed, stream), its counter (member, step // 2): the two words it gives become the two normals of Box and Muller
(1958), one for an even step and one for the odd step after it. Why not Philox: it multiplies 32 bits by 32, where
Threefry adds, turns and xors whole lanes of 64, which is what the kernel's vectors are made of.
"""

from __future__ import annotations

import math

import numpy as np

from huangpu.compiler.maths import COS, ONE, SIGN, SIN, ln, polynomial
from huangpu.compiler.plain import Numpy
from huangpu.compiler.registers import Machine, Register
from huangpu.compiler.vector import Layout

PARITY = 0x1BD11BDAA9FC1A22
TURNS = (16, 42, 12, 31, 16, 32, 24, 21)
ROUNDS = 20


def threefry(counter, key):
    """Two words of 64 random bits from a counter and a key of two words each; numpy's uint64 or registers."""
    words = (*key, (key[0] ^ key[1]) ^ PARITY)
    x, y = counter[0] + words[0], counter[1] + words[1]
    for number in range(ROUNDS):
        turn = TURNS[number % len(TURNS)]
        x = x + y
        y = ((y << turn) | (y >> (64 - turn))) ^ x
        if number % 4 == 3:
            step = number // 4 + 1
            x = x + words[step % 3]
            y = y + (words[(step + 1) % 3] + step)
    return x, y


def two_normals(x, y, on):
    """Two independent normal draws from 128 random bits; none is beyond 8.5."""
    size = on.sqrt(-2.0 * ln(2.0 - on.double((x >> 12) | ONE), on))  # of a number in (0, 1]
    # a direction: up to an eighth of a turn either way, then by y's first two bits one of four ways
    r = (on.double(((y << 2) >> 12) | ONE) - 1.5) * (math.pi / 2)
    z = r * r
    sine = size * (r + z * r * polynomial(z, SIN))
    cosine = size * ((1.0 - 0.5 * z) + z * z * polynomial(z, COS))
    aside = ((y << 1) >> 63) != 0
    back = y & SIGN
    return (
        on.double(on.bits(on.where(aside, sine, cosine)) ^ back),
        on.double(on.bits(on.where(aside, cosine, sine)) ^ back),
    )


def normals(seed: int, stream: int, members, steps) -> np.ndarray:
    """(step, member): the draws of these members at these steps, with numpy."""
    members, steps = np.asarray(members, dtype=np.uint64), np.asarray(steps, dtype=np.uint64)[:, None]
    key = (np.full(1, seed, dtype=np.uint64), np.full(1, stream, dtype=np.uint64))
    with np.errstate(all="ignore"):
        even, odd = two_normals(*threefry((members, steps >> 1), key), Numpy)
    return np.where(steps & 1, odd, even)


def text(layout: Layout) -> str:
    """@noise.draw: the draws of a block's members, from %member on, for the steps 2 * %pair and 2 * %pair + 1.

    Drawn as doubles, then rounded where rows hold floats.
    """
    lanes = layout.lanes
    machine = Machine(lanes)
    vector = machine.type("i64")

    def everywhere(scalar: str) -> Register:
        one = machine.put("i64", f"insertelement {vector} poison, i64 {scalar}, i64 0")
        return machine.put("i64", f"shufflevector {vector} {one}, {vector} poison, <{lanes} x i32> zeroinitializer")

    own = ", ".join(f"i64 {lane}" for lane in range(lanes))
    members = machine.put("i64", f"add {vector} {everywhere('%here')}, <{own}>")
    words = threefry((members, everywhere("%pair")), (everywhere("%seed"), everywhere("%stream")))
    draws = two_normals(*words, machine)
    if layout.real != "double":
        wide = machine.type("double")
        draws = [machine.put(layout.real, f"fptrunc {wide} {draw} to {layout.vector}") for draw in draws]
    stores = [
        line
        for name, draw in zip(("even", "odd"), draws, strict=True)
        for line in (
            f"  %{name}.at = getelementptr {layout.real}, ptr %{name}, i64 %j",
            f"  store {layout.vector} {draw}, ptr %{name}.at, align {layout.align}",
        )
    ]
    arguments = "ptr noalias %even, ptr noalias %odd, i64 %member, i64 %pair, i64 %seed, i64 %stream"
    return "\n".join(
        [
            f"define internal void @noise.draw({arguments}) noinline {{",
            "entry:",
            "  br label %loop",
            "loop:",
            "  %j = phi i64 [ 0, %entry ], [ %next, %loop ]",
            "  %here = add i64 %member, %j",
            *machine.lines,
            *stores,
            f"  %next = add i64 %j, {lanes}",
            f"  %more = icmp ult i64 %next, {layout.block}",
            "  br i1 %more, label %loop, label %done",
            "done:",
            "  ret void",
            "}",
            "",
        ]
    )
