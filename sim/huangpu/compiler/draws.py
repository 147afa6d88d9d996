"""Random functions' numbers: uniform in (0, 1), one a step for each function, element and member.

A draw is a function of the run's seed, of the function's own seed, of its id (its stream) and of the member's number
and the step, and of nothing else: see `noise.py` for the counter. So a member has the same draws in any ensemble, and a
function that is added to a model changes no other's. `uniform` computes with numpy, `text` prints the kernel's form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from huangpu.compiler.maths import ONE
from huangpu.compiler.noise import threefry
from huangpu.compiler.plain import Numpy
from huangpu.compiler.registers import Machine, Register, literal
from huangpu.compiler.vector import Layout

TOGETHER = 8  # draws of a loop
HALF = 2.0**-53


def stream(id: str) -> int:
    """The number that tells one function's draws from another's: 64 bits of its id's SHA-256."""
    return int.from_bytes(hashlib.sha256(id.encode("utf-8")).digest()[:8], "little")


def _between(bits, on):
    """A number from 2^-53 to 1 - 2^-53, the middle of one of 2^52 equal parts."""
    return (on.double((bits >> 12) | ONE) - 1.0) + HALF


def uniform(seed: int, stream: int, own, members, step: int) -> np.ndarray:
    """The draws of these members at a step; own: the function's own seed, a number or one a member."""
    members = np.asarray(members, dtype=np.uint64)
    key = np.full(1, seed, dtype=np.uint64) ^ np.atleast_1d(np.asarray(own, dtype=float)).view(np.uint64)
    with np.errstate(all="ignore"):
        bits, _ = threefry((members, np.full(1, step, dtype=np.uint64)), (key, np.full(1, stream, dtype=np.uint64)))
    drawn = _between(bits, Numpy)
    return drawn if members.ndim or np.ndim(own) else drawn[0]


@dataclass(frozen=True)
class Draw:
    """A row that is drawn, its stream, and its own seed: a number or the row that has it."""

    row: int
    stream: int
    seed: float | int


def text(draws: Sequence[Draw], layout: Layout) -> str:
    """@draw_all: every draw of a block's members at a step, drawn as doubles, rounded where rows hold floats."""
    parts = [_words(layout)]
    groups = [draws[k : k + TOGETHER] for k in range(0, len(draws), TOGETHER)]
    parts += [_loop(number, group, layout) for number, group in enumerate(groups)]
    calls = (f"  call void @draw.{n}(ptr %space, i64 %member, i64 %number, i64 %seed)" for n in range(len(groups)))
    head = "define internal void @draw_all(ptr %job, ptr %space, i64 %first, i64 %step) {"
    begin = [
        "  %base = call i64 @word(ptr %job, i64 9)",
        "  %member = add i64 %base, %first",
        "  %seed = call i64 @word(ptr %job, i64 13)",
        "  %before = call i64 @word(ptr %job, i64 14)",
        "  %number = add i64 %before, %step",
    ]
    return "\n".join([*parts, head, *begin, *calls, "  ret void", "}", ""])


def _words(layout: Layout) -> str:
    """@random.draw, for vectors of members."""
    machine = Machine(layout.lanes)
    member, step, key, own = (Register(machine, "i64", f"%{name}") for name in ("member", "step", "key", "stream"))
    result = _between(threefry((member, step), (key, own))[0], machine)
    whole = machine.type("i64")
    given = ", ".join(f"{whole} %{name}" for name in ("member", "step", "key", "stream"))
    head = f"define internal {machine.type('double')} @random.draw({given}) noinline {{"
    return "\n".join([head, *machine.lines, f"  ret {machine.type('double')} {result}", "}", ""])


def _loop(number: int, draws: Sequence[Draw], layout: Layout) -> str:
    lanes, block = layout.lanes, layout.block
    whole, wide = f"<{lanes} x i64>", f"<{lanes} x double>"
    begin: list[str] = []
    for name in ("step", "seed"):
        begin.append(f"  %{name}.one = insertelement {whole} poison, i64 %{name}, i64 0")
        begin.append(
            f"  %{name}.all = shufflevector {whole} %{name}.one, {whole} poison, <{lanes} x i32> zeroinitializer"
        )
    own = ", ".join(f"i64 {lane}" for lane in range(lanes))
    body = [
        "  %here = add i64 %member, %j",
        f"  %here.one = insertelement {whole} poison, i64 %here, i64 0",
        f"  %here.all = shufflevector {whole} %here.one, {whole} poison, <{lanes} x i32> zeroinitializer",
        f"  %members = add {whole} %here.all, <{own}>",
    ]
    for k, draw in enumerate(draws):
        body += _seeded(k, draw.seed, layout)
        given = f"{whole} %members, {whole} %step.all, {whole} %key{k}, {whole} splat (i64 {draw.stream})"
        body.append(f"  %drawn{k} = call {wide} @random.draw({given})")
        value = f"%drawn{k}"
        if layout.real != "double":
            body.append(f"  %value{k} = fptrunc {wide} {value} to {layout.vector}")
            value = f"%value{k}"
        body += _address(f"to{k}", draw.row, layout)
        body.append(f"  store {layout.vector} {value}, ptr %to{k}, align {layout.align}")
    return "\n".join(
        [
            f"define internal void @draw.{number}(ptr %space, i64 %member, i64 %step, i64 %seed) noinline {{",
            "entry:",
            *begin,
            "  br label %loop",
            "loop:",
            "  %j = phi i64 [ 0, %entry ], [ %next, %loop ]",
            *body,
            f"  %next = add i64 %j, {lanes}",
            f"  %more = icmp ult i64 %next, {block}",
            "  br i1 %more, label %loop, label %done",
            "done:",
            "  ret void",
            "}",
            "",
        ]
    )


def _seeded(k: int, seed: float | int, layout: Layout) -> list[str]:
    """%key: the run's seed with the bits of the function's own."""
    whole, wide = f"<{layout.lanes} x i64>", f"<{layout.lanes} x double>"
    if isinstance(seed, float):
        return [
            f"  %own{k} = bitcast {wide} splat (double {literal(seed)}) to {whole}",
            f"  %key{k} = xor {whole} %seed.all, %own{k}",
        ]
    lines = _address(f"seed{k}", seed, layout)
    lines.append(f"  %read{k} = load {layout.vector}, ptr %seed{k}, align {layout.align}")
    exact = layout.real == "double"
    lines += [] if exact else [f"  %whole{k} = fpext {layout.vector} %read{k} to {wide}"]
    lines.append(f"  %own{k} = bitcast {wide} %{'read' if exact else 'whole'}{k} to {whole}")
    return [*lines, f"  %key{k} = xor {whole} %seed.all, %own{k}"]


def _address(name: str, row: int, layout: Layout) -> list[str]:
    return [
        f"  %{name}.row = getelementptr {layout.real}, ptr %space, i64 {row * layout.block}",
        f"  %{name} = getelementptr {layout.real}, ptr %{name}.row, i64 %j",
    ]
