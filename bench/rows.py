"""What a measurement gives: rows of figures, and the sentence for what could not be measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """One figure.

    name     dotted, the same from commit to commit
    value    median over the rounds, in `unit`
    against  what `ratio` compares with, and what was the same for both
    ratio    how many times better than `against` (median of the ratios of each round), None where nothing is compared
    iqr      between the quartiles of `value`, None for a figure taken once
    """

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    iqr: float | None = None


class Skip(Exception):
    """Something cannot be measured here; `str(skip)` says what is missing."""


Say = Callable[[str], None]


def figure(name: str, unit: str, values, against: str = "", others=None) -> Row:
    """A row from the values of each round; `others` are those of what it is compared with, round by round.

    Both are "more is better" (rates); for seconds and bytes use `shorter`.
    """
    values = np.atleast_1d(np.asarray(values, dtype=float))
    ratio = None if others is None else float(np.median(values / np.asarray(others, dtype=float)))
    return Row(name, float(np.median(values)), unit, against, ratio, _iqr(values))


def shorter(name: str, unit: str, values, against: str = "", others=None) -> Row:
    """The same for figures of which less is better."""
    row = figure(name, unit, values, against)
    if others is None:
        return row
    ratio = float(np.median(np.asarray(others, dtype=float) / np.asarray(values, dtype=float)))
    return Row(row.name, row.value, row.unit, against, ratio, row.iqr)


def _iqr(values: np.ndarray) -> float | None:
    return float(np.subtract(*np.percentile(values, [75, 25]))) if len(values) > 1 else None
