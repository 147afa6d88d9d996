"""Is the sample large enough? Indices on growing parts of it, and a verdict on each output."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

FIRST = 3  # factors whose places should have settled
GROW = 2  # each part is this many times as large as the one before


@dataclass(frozen=True)
class Step:
    """The leading measure on a part of the sample: values and half widths (factor,), blocks and members used."""

    blocks: int
    members: int
    values: np.ndarray
    half: np.ndarray


@dataclass(frozen=True)
class Verdict:
    """stable  whether the first factors stand in the same order in half of the sample; None where it was not asked
    width   half the interval of the largest index, as a share of it; nan where there is none
    needed  members that would bring what is asked, by the usual 1 / sqrt(n); None where what there is suffices, or
            where more of them would not tell
    text    the same in words
    """

    stable: bool | None
    width: float
    needed: int | None
    text: str


def sizes(blocks: int, least: int, parts: int = 4) -> list[int]:
    """Blocks of each part, growing, the last all of them; none below `least`."""
    wanted = [blocks // GROW**k for k in reversed(range(parts))]
    return [size for size in wanted if size >= least or size == blocks]


def judge(steps: list[Step], tolerance: float, power_of_two: bool) -> Verdict:
    """What the parts say. tolerance: largest share that half the interval of the largest index may be of it."""
    last = steps[-1]
    if not np.isfinite(last.values).any():
        return Verdict(None, np.nan, None, "no indices")
    top = int(np.nanargmax(last.values))
    largest = float(last.values[top])
    width = float(last.half[top] / largest) if largest > 0 else np.nan
    stable = _same_order(steps[-2], last) if len(steps) > 1 else None
    if largest <= 0:
        return Verdict(stable, np.nan, None, "no factor has an effect")
    times = max((width / tolerance) ** 2, 2.0 if stable is False else 0.0)
    if width > tolerance or stable is False:
        blocks = last.blocks * times
        blocks = 2 ** math.ceil(math.log2(blocks)) if power_of_two else math.ceil(blocks)
        needed = blocks * (last.members // last.blocks)
        why = f"{_known(width)} and the first {FIRST} factors still change places" if not stable else _known(width)
        if stable is None:
            why = f"{_known(width)}, too few members to see whether the order holds"
        return Verdict(stable, width, needed, f"more members needed, about {needed:,}: {why}")
    if stable is None:
        return Verdict(None, width, None, f"{_known(width)}; too few members to see whether the order holds")
    return Verdict(True, width, None, f"converged: {_known(width)}, the first {FIRST} factors keep their order")


def _known(width: float) -> str:
    share = f"± {100 * width:.2g} %" if width >= 1e-3 else "to within 0.1 %"
    return f"largest index {share}" if width < 1 else "no index stands out from chance"


def _same_order(before: Step, after: Step) -> bool:
    """Of each pair with one of the first factors that the whole sample tells apart, by intervals that do not overlap,
    does half of it say the same?"""
    half = np.where(np.isfinite(after.half), after.half, np.nanmax(after.half, initial=0.0))
    values = np.nan_to_num(after.values, nan=-np.inf)
    for a in np.argsort(-values, kind="stable")[:FIRST]:
        below = values + half < values[a] - half[a]
        if (before.values[below] >= before.values[a]).any():
            return False
    return True
