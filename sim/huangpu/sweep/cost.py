"""What a sweep will take, said before it starts."""

from __future__ import annotations

import time
from dataclasses import dataclass

from huangpu.runtime.ensemble import step_times
from huangpu.sweep.evaluate import evaluate
from huangpu.sweep.plan import Sweep

TRIAL = 512  # members of the timed trial


@dataclass(frozen=True)
class Cost:
    """steps: integration steps of a member; bytes: of the store before it is compressed; seconds: of the computing, by
    a trial on this machine."""

    members: int
    factors: int
    outputs: int
    steps: int
    bytes: int
    seconds: float

    def line(self) -> str:
        """All of it for a person."""
        return (
            f"{_count(self.members, 'member')} of {_count(self.factors, 'factor')} and "
            f"{_count(self.outputs, 'output')}, {_count(self.steps, 'step')} each "
            f"({self.members * self.steps:.2g} in all); store up to {_size(self.bytes)}; about {_span(self.seconds)} "
            "to compute, the analysis afterwards not counted"
        )


def cost(sweep: Sweep, threads: int | None = None) -> Cost:
    """Measured by computing a few hundred members twice: the first time the kernel may have to be compiled."""
    members, outputs = sweep.size, len(sweep.outputs)
    trial = min(TRIAL, members)
    evaluate(sweep, 0, min(trial, 16), threads=threads)
    began = time.perf_counter()
    evaluate(sweep, 0, trial, threads=threads)
    seconds = (time.perf_counter() - began) / trial * members
    steps = len(step_times(sweep.program, sweep.reader.end)) - 1
    stored = members * (8 * (len(sweep.factors) + outputs) + 1)
    return Cost(members, len(sweep.factors), outputs, steps, stored, seconds)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + "s" * (number != 1)


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def _span(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else "a second"
