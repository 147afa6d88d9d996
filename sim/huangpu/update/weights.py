"""Weights of members when figures are added, and members drawn by weight.

The weight of a member is the density of the new figures given those that it was fitted to. A few members may get very
large ones, so the largest are smoothed: replaced by quantiles of the generalised Pareto distribution fitted to them.
Its shape k-hat says whether that can be trusted: above 0.7 no number of draws that one can have is enough (Vehtari,
Simpson, Gelman, Yao & Gabry 2024, "Pareto smoothed importance sampling").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from arviz_stats.base import array_stats

FEWEST = 25  # members below which a tail cannot be fitted
FAR = 700.0  # by which a log weight below the largest counts for nothing


@dataclass(frozen=True)
class Weights:
    """share (member,) sums to 1; khat: shape of the tail; effective: equal members that the shares are worth."""

    share: np.ndarray
    khat: float
    effective: float


def weights_of(log_ratio: np.ndarray) -> Weights:
    """From the log density of the new figures (member,), up to a constant; a member without one gets no weight.

    k-hat is infinite where there are too few members to tell, or none with a density.
    """
    size = len(log_ratio)
    finite = np.isfinite(log_ratio)
    if not finite.any():
        return Weights(np.full(size, 1 / size), np.inf, 0.0)
    top = log_ratio[finite].max()
    ratio = np.maximum(np.where(finite, log_ratio, -np.inf) - top, -FAR)
    ratio, khat = _smoothed(ratio)
    share = np.where(finite, np.exp(ratio - ratio.max()), 0.0)
    share /= share.sum()
    return Weights(share, float(khat), float(1 / (share**2).sum()))


def _smoothed(ratio: np.ndarray) -> tuple[np.ndarray, float]:
    """Log weights with a smooth upper tail, and its shape; as they are where there is no tail to speak of."""
    if len(ratio) < FEWEST:
        return ratio, np.inf
    tail = min(len(ratio) // 5, int(np.ceil(3 * np.sqrt(len(ratio)))))
    if np.ptp(np.sort(ratio)[-tail:]) < 1e-9:
        return ratio, -np.inf
    return array_stats.psislw(-ratio)  # it asks for the logarithm of what a weight divides by


def picked(share: np.ndarray) -> np.ndarray:
    """Members (size,) drawn by weight: systematic resampling (Kitagawa 1996) without a random number.

    A member that is drawn stays at its own place and further copies of it take the places of those that are not, so
    that most places hold the same member before and after, met by the same random numbers: changes are told from noise.
    """
    size = len(share)
    edges = np.floor(np.cumsum(share) * size + 0.5 - 1e-9).astype(int)
    edges[-1] = size
    copies = np.diff(edges, prepend=0)
    found = np.arange(size)
    found[copies == 0] = np.repeat(found, np.maximum(copies - 1, 0))
    return found
