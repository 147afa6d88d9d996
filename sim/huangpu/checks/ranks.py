"""Whether ranks are uniform: empirical distributions against bands that hold everywhere at once.

One quantity over independent worlds: the number of ranks below a point is binomial, and the smallest of its two-sided
tail probabilities over all points is compared with what it is for uniform ranks, by simulation (Säilynoja, Bürkner &
Vehtari 2022). Many quantities of the same worlds are not independent: for these what a world says on average is one
witness, and the bands come from a multiplier bootstrap over worlds (Giné & Zinn 1990).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.stats import binom

POINTS = np.arange(1, 20) / 20
SIMULATIONS, RESAMPLED = 20_000, 4_000
LEVEL = 0.95


@dataclass(frozen=True)
class Band:
    """An empirical distribution less the uniform one at POINTS, where it would lie in LEVEL of all cases, and p."""

    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: float


def positions(rank: np.ndarray, draws: int) -> np.ndarray:
    """Ranks 0 … draws as places between 0 and 1."""
    return (rank + 0.5) / (draws + 1)


def of_one(places: np.ndarray) -> Band:
    """places (world,) of one quantity."""
    size = len(places)
    null = _null(size)
    counts = np.count_nonzero(places[:, None] <= POINTS, axis=0)
    p = (1 + np.count_nonzero(null <= _least(counts, size) * (1 + 1e-9))) / (1 + len(null))
    return Band(counts / size - POINTS, *one_band(size), float(p))


@cache
def one_band(size: int) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) for the difference of one quantity over so many worlds."""
    tail = np.quantile(_null(size), 1 - LEVEL) / 2
    low, high = binom.ppf(tail, size, POINTS), binom.ppf(1 - tail, size, POINTS)
    return low / size - POINTS, high / size - POINTS


def of_many(places: np.ndarray) -> Band:
    """places (world, quantity): the distribution of all, worlds being the witnesses; nan ones are left out."""
    size = len(places)
    known = np.isfinite(places)
    below = (places[:, :, None] <= POINTS) & known[:, :, None]
    share = below.sum(axis=1) / np.maximum(known.sum(axis=1), 1)[:, None] - POINTS
    mean, shape = share.mean(axis=0), np.sqrt(POINTS * (1 - POINTS))
    # not the spread of the worlds at each point: few worlds lie below the first, and p would be too small too often
    weights = np.random.default_rng(0).standard_normal((RESAMPLED, size))
    drawn = np.abs(weights @ (share - mean) / size / shape).max(axis=1)
    wide = np.quantile(drawn, LEVEL) * shape
    p = (1 + np.count_nonzero(drawn >= np.abs(mean / shape).max())) / (1 + RESAMPLED)
    return Band(mean, -wide, wide, float(p))


def holm(p: np.ndarray) -> np.ndarray:
    """p-values corrected for there being many (Holm 1979), which holds however they depend on one another."""
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    found = np.empty(len(p))
    found[order] = np.minimum(raised, 1.0)
    return found


def _least(counts: np.ndarray, size: int) -> np.ndarray:
    """Smallest two-sided tail probability over POINTS of counts (…, point)."""
    below, above = binom.cdf(counts, size, POINTS), binom.sf(counts - 1, size, POINTS)
    return 2 * np.minimum(below, above).min(axis=-1)


@cache
def _null(size: int) -> np.ndarray:
    """(SIMULATIONS,) of the statistic for uniform places."""
    random = np.random.default_rng([size])
    steps = random.multinomial(size, np.diff(POINTS, prepend=0.0, append=1.0), SIMULATIONS)
    return _least(np.cumsum(steps, axis=1)[:, :-1], size)
