"""Intervals of means and of skills over forecasts that are not independent: of one series, or of one year.

The pigeonhole bootstrap (Owen 2007): series are drawn with replacement, and so are years, and a forecast counts as
often as its series was drawn times as often as its year was. One figure forecast at several origins is in one series
and one year, so that its forecasts stay together. It allows for both kinds of clustering at once and errs on the wide
side. From less than some ten series or years, intervals are rough (Cameron, Gelbach & Miller 2008); with less than
three of both there is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

REPLICATES = 2000
LEVEL = 0.9  # of the intervals
CLUSTERS = 3  # series or years that an interval needs
SEED = 2007


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its central 90 % interval; nan where there is no telling."""

    estimate: float
    low: float
    high: float


def mean(values: Array, series: Sequence[str], years: Sequence[int]) -> Interval:
    """Mean of values (forecast,), such as whether intervals held their figure; rows without a value are left out."""
    return ratio(values, np.where(np.isnan(values), np.nan, 1.0), series, years)


def skill(model: Array, naive: Array, series: Sequence[str], years: Sequence[int]) -> Interval:
    """1 - mean(model) / mean(naive) of scores that are better when small, on the rows that have both."""
    found = ratio(model, naive, series, years)
    return Interval(1 - found.estimate, 1 - found.high, 1 - found.low)


def ratio(above: Array, below: Array, series: Sequence[str], years: Sequence[int]) -> Interval:
    """Sum of one over sum of the other, both (forecast,), with its interval; rows where either is nan are left out."""
    kept = np.flatnonzero(~(np.isnan(above) | np.isnan(below)))
    if not len(kept):
        return Interval(math.nan, math.nan, math.nan)
    above, below = above[kept], below[kept]
    rng = np.random.default_rng(SEED)
    names, which = np.unique(np.asarray(series)[kept], return_inverse=True)
    dates, when = np.unique(np.asarray(years)[kept], return_inverse=True)
    counts = _drawn(rng, len(names))[:, which] * _drawn(rng, len(dates))[:, when]
    estimate = float(above.sum() / below.sum())
    if max(len(names), len(dates)) < CLUSTERS:
        return Interval(estimate, math.nan, math.nan)
    total = (counts * below).sum(axis=1)
    some = total > 0  # a replicate may draw no pair of a series and a year that has a forecast
    low, high = np.quantile((counts * above).sum(axis=1)[some] / total[some], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(estimate, float(low), float(high))


def _drawn(rng: np.random.Generator, clusters: int) -> Array:
    """How often each cluster is drawn, (replicate, cluster)."""
    return rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=REPLICATES)
