"""Intervals of Sobol indices by a bootstrap over groups, in memory that does not grow with the resamples.

SALib's own holds members x resamples for every term, gigabytes for a sweep of a million members. A resample is a count
of each group, and every term of the estimators is a mean over groups: a product of counts and terms gives them all.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import norm
from threadpoolctl import threadpool_limits

CELLS = 2**22  # of counts that are held at once


def sobol_half_widths(
    groups: np.ndarray, factors: int, *, second_order: bool, resamples: int, level: float, seed: int
) -> dict[str, np.ndarray]:
    """Half widths of the intervals of S1 and ST (factor,), and of S2 (factor, factor) where second_order: standard
    deviation over the resamples times the normal quantile, as SALib has it.

    groups (group, members of one) without nan, in SALib's order: A, AB of each factor, BA of each factor, B.
    """
    y = (groups - groups.mean()) / groups.std()
    a, b = y[:, 0], y[:, -1]
    ab, ba = y[:, 1 : factors + 1], y[:, factors + 1 : 2 * factors + 1]
    first_sums = total_sums = pair_sums = 0.0
    with threadpool_limits(1):  # the same bits whatever the number of threads
        base = np.stack([a + b, a * a + b * b, a * b], axis=1)
        for counts in _counts(len(y), resamples, seed):
            total, squares, product = (counts @ base).T
            variance = squares / 2 - (total / 2) ** 2
            variance = np.where(variance > np.finfo(float).eps, variance, np.inf)[:, None]
            first = counts @ (b[:, None] * (ab - a[:, None])) / variance
            first_sums = first_sums + _powers(first)
            total_sums = total_sums + _powers(0.5 * (counts @ (a[:, None] - ab) ** 2) / variance)
            if second_order:
                pair_sums = pair_sums + _pairs(counts, product, ab, ba, first, variance)
    sums = {"S1": first_sums, "ST": total_sums} | ({"S2": pair_sums} if second_order else {})
    return {name: norm.ppf(0.5 + level / 2) * _deviation(of, resamples) for name, of in sums.items()}


def _powers(values: np.ndarray) -> np.ndarray:
    """Sum over the resamples of the values and of their squares, (2, ...)."""
    return np.stack([values.sum(axis=0), (values**2).sum(axis=0)])


def _deviation(sums: np.ndarray, count: int) -> np.ndarray:
    return np.sqrt(np.maximum(sums[1] - sums[0] ** 2 / count, 0) / (count - 1))


def _pairs(counts, product, ab, ba, first, variance) -> np.ndarray:
    """Sums of the second order of every pair, (2, factor, factor), nan but above the diagonal."""
    factors = ab.shape[1]
    found = np.full((2, factors, factors), np.nan)
    for j in range(factors - 1):
        joint = counts @ (ba[:, j, None] * ab[:, j + 1 :])
        found[:, j, j + 1 :] = _powers((joint - product[:, None]) / variance - first[:, [j]] - first[:, j + 1 :])
    return found


def _counts(groups: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each group is drawn, as shares: (some resamples, groups) at a time, each row from a seed of its own."""
    at_once = max(1, CELLS // groups)
    for start in range(0, resamples, at_once):
        rows = range(start, min(start + at_once, resamples))
        drawn = (np.random.default_rng((seed, row)).integers(groups, size=groups) for row in rows)
        yield np.stack([np.bincount(row, minlength=groups) for row in drawn]) / groups
