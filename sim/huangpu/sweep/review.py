"""One pass over a finished sweep, chunk by chunk: what its outputs are like, which members went wrong, what moved what.

Memory is needed for a chunk and for the answers, whatever the number of members; the order is that of the members, so
the same sweep gives the same bits. A member with an output that is not finite is quarantined: it stays in the store
with its flag, is left out of every figure here and counted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from huangpu.runtime.reducers import Moments, moments, saved
from huangpu.runtime.sketch import Sketch, quantiles, sketch
from huangpu.sweep.evaluate import BEYOND, NOT_FINITE
from huangpu.sweep.manifest import place
from huangpu.sweep.plan import Sweep
from huangpu.sweep.store import spans

if TYPE_CHECKING:
    import xarray as xr

LISTED = 1000  # quarantined members that are listed one by one
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
SUMMARY, QUARANTINED = "summary.csv", "quarantined.csv"
_MOMENTS, _SKETCH = moments(saved()), sketch(saved())


@dataclass(frozen=True)
class Quarantined:
    """A member with outputs that are not finite: its number, values of its factors, names of those outputs."""

    member: int
    values: tuple[float, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Review:
    """not_finite, outside: members with that flag, of `members`; quarantined: the first `LISTED` of the former.

    finite (output,): members in which it is. pairs (factor, output): pairs of members seen that differ in that factor
    alone, the output finite in both; moved (factor, output): whether it differed in any of them.
    """

    members: int
    not_finite: int
    outside: int
    quarantined: tuple[Quarantined, ...]
    finite: np.ndarray
    moments: Moments
    sketch: Sketch
    pairs: np.ndarray
    moved: np.ndarray


def review(sweep: Sweep, data: xr.Dataset) -> Review:
    """The pass. `data` as `store.open_store` gives it."""
    names = [output.name for output in sweep.outputs]
    whole: list = [None, None]
    bad, outside, listed = 0, 0, []
    pairs = np.zeros((len(sweep.factors), len(names)), dtype=np.int64)
    moved = np.zeros(pairs.shape, dtype=bool)
    finite = np.zeros(len(names), dtype=np.int64)
    seen = _Pairs(sweep)
    for span in spans(data):
        inputs, outputs, flags = (data[name][span].values for name in ("inputs", "outputs", "flags"))
        wrong = flags & NOT_FINITE != 0
        bad += int(wrong.sum())
        outside += int((flags & BEYOND != 0).sum())
        finite += np.isfinite(outputs).sum(axis=0)
        for row in np.flatnonzero(wrong)[: LISTED - len(listed)]:
            lost = tuple(name for name, value in zip(names, outputs[row], strict=True) if not np.isfinite(value))
            listed.append(Quarantined(span.start + int(row), tuple(inputs[row].tolist()), lost))
        kept = outputs[~wrong] if not wrong.all() else np.full((1, len(names)), np.nan)  # which counts as none
        for place_, reducer in enumerate((_MOMENTS, _SKETCH)):
            part = reducer.leaf([np.ascontiguousarray(kept.T)[:, None, :]], span.start)
            whole[place_] = part if whole[place_] is None else reducer.join(whole[place_], part)
        for apart, difference in seen.differences(span.start, inputs, outputs):
            _count(pairs, moved, apart, difference)
    return Review(data.sizes["member"], bad, outside, tuple(listed), finite, *whole, pairs, moved)


class _Pairs:
    """Members that a design makes differ in one factor from another: the one before, or the head of their group.

    Where a design has no groups all members are one, unless what does not vary differs from member to member too.
    """

    def __init__(self, sweep: Sweep):
        design = sweep.design
        self._group = design.group if design.group > 1 or sweep.draws else design.size
        self._before: tuple[np.ndarray, ...] = tuple(np.full(len(x), np.nan) for x in (sweep.factors, sweep.outputs))
        self._head = self._before

    def differences(
        self, first: int, inputs: np.ndarray, outputs: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Inputs and outputs of members `first` and on less those of the other; nan where there is none."""
        place = (first + np.arange(len(inputs))) % self._group  # in the group
        to_head = np.arange(len(inputs)) - place  # below 0: in a chunk before
        before, heads = [], []
        for values, last, head in zip((inputs, outputs), self._before, self._head, strict=True):
            before.append(np.where((place > 0)[:, None], np.concatenate([last[None], values[:-1]]), np.nan))
            heads.append(np.where((to_head >= 0)[:, None], values[np.maximum(to_head, 0)], head))
        self._before, self._head = (inputs[-1], outputs[-1]), (heads[0][-1], heads[1][-1])
        second = place > 1  # the first after the head has just been compared with it
        with np.errstate(invalid="ignore"):  # infinite less infinite, which counts as not known
            yield inputs - before[0], outputs - before[1]
            yield (inputs - heads[0])[second], (outputs - heads[1])[second]


def _count(pairs: np.ndarray, moved: np.ndarray, apart: np.ndarray, difference: np.ndarray) -> None:
    """Count the rows in which one factor alone is apart, and note which outputs moved in them."""
    differs = apart != 0
    alone = (differs.sum(axis=1) == 1) & np.isfinite(apart).all(axis=1)
    factor, difference = differs[alone].argmax(axis=1), difference[alone]
    known = np.isfinite(difference)
    np.add.at(pairs, factor, known)
    np.logical_or.at(moved, factor, known & (difference != 0))


# -- files ------------------------------------------------------------------------------------------------------------


def write_summary(sweep: Sweep, found: Review, folder: Path) -> None:
    """summary.csv, a row an output: members that are finite and those that are not, moments, quantiles."""
    head = ["output", "label", "units", "members", "not_finite", "mean", "sd", "min"]
    head += [f"q{level * 100:02.0f}" for level in LEVELS] + ["max"]
    of = found.moments
    at = np.clip(quantiles(found.sketch, list(LEVELS)), of.lowest, of.highest)[:, :, 0]
    rows = []
    for k, output in enumerate(sweep.outputs):
        numbers = [of.mean[k, 0], np.sqrt(of.variance[k, 0]), of.lowest[k, 0], *at[:, k], of.highest[k, 0]]
        counts = [int(of.count[k]), found.not_finite]
        rows.append([output.name, output.label, output.units, *counts, *(f"{number:.9g}" for number in numbers)])
    write_table(folder / SUMMARY, head, rows)


def write_quarantined(sweep: Sweep, found: Review, folder: Path) -> None:
    """quarantined.csv, a row a member, the first `LISTED` of them; all are flagged in the store."""
    head = ["member", "outputs", *(factor.name for factor in sweep.factors)]
    write_table(
        folder / QUARANTINED,
        head,
        [[row.member, " ".join(row.outputs), *map(repr, row.values)] for row in found.quarantined],
    )


def write_table(path: Path, head: list, rows: list) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    place(path, text.getvalue().encode())
