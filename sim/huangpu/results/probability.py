"""The chance that a target is met, and how far the count of members can be trusted.

Members of a posterior come from a few independent chains whose draws follow one another closely, so a plain binomial
error is too small. The error comes from the spread of the means of batches of consecutive draws (batch means, Geyer
1992, "Practical Markov chain Monte Carlo", section 3.2), around the mean of all chains, so that chains that disagree
widen it. It is never less than the binomial error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from huangpu.results.targets import Target

Array = np.ndarray
Comparison = Callable[[Array, Target, float], Array]

# Ten batches a chain leave the error itself known to about 12 % with four chains; shorter batches would miss
# slow chains.
BATCHES_PER_CHAIN = 10
SMALLEST_BATCH = 10

# Below this a chance is not told apart: the model knows less than its members can count.
FINEST = 0.001


@dataclass(frozen=True, slots=True)
class Operator:
    """How a target compares: the statistic that its words stand for, and which values (member,) meet it."""

    statistic: str
    met: Comparison
    sign: str  # for people


def _about(x: Array, target: Target, tolerance: float) -> Array:
    return np.abs(x - target.value) <= tolerance


def _between(x: Array, target: Target, tolerance: float) -> Array:
    return (x >= target.value) & (x <= target.high)


def _ge(x: Array, target: Target, tolerance: float) -> Array:
    return x >= target.value


def _gt(x: Array, target: Target, tolerance: float) -> Array:
    return x > target.value


def _le(x: Array, target: Target, tolerance: float) -> Array:
    return x <= target.value


def _lt(x: Array, target: Target, tolerance: float) -> Array:
    return x < target.value


OPERATORS = {
    ">=": Operator("level", _ge, "≥"),
    ">": Operator("level", _gt, ">"),
    "<=": Operator("level", _le, "≤"),
    "~=": Operator("level", _about, "≈"),
    "between": Operator("level", _between, ""),
    "cumulative>=": Operator("cumulative", _ge, "≥"),
    "cumulative~=": Operator("cumulative", _about, "≈"),
    "cumulative_between": Operator("cumulative", _between, ""),
    "per_year>=": Operator("every_year", _ge, "≥"),
    "rate_per_year>=": Operator("mean_growth", _ge, "≥"),
    "rate_per_year<": Operator("mean_growth", _lt, "<"),
    "diff>": Operator("growth_difference", _gt, ">"),
    "diff>=": Operator("growth_difference", _ge, "≥"),
    "multiply>=": Operator("multiple", _ge, "≥"),
}


@dataclass(frozen=True, slots=True)
class Probability:
    """value in [0, 1]; error, one Monte-Carlo standard error; effective, the independent members it is worth."""

    value: float
    error: float
    effective: float


def probability(met: Array, values: Array, batches: list[Array]) -> Probability:
    """Share of members that meet a target.

    met (member,) bool; values (member,) the numbers compared, finite or not; batches from `batches_of`.
    With every member on one side the error is the half-width of Wilson's interval (1927) at one standard error, on
    the number of independent members that `values` are worth: it is never 0.
    """
    n = len(met)
    value = float(np.mean(met))
    if 0 < value < 1:
        effective = n / _inflation(met.astype(float), batches)
        error = np.sqrt(value * (1 - value) / effective)
    else:
        effective = n / _inflation(_ranks(values), batches)
        error = 0.5 / (effective + 1)
    return Probability(value, float(error), float(effective))


def limit(effective: float) -> float:
    """The largest chance that would leave none of `effective` independent members on its side one time in twenty.

    1 - 0.05 ** (1 / n), about 3 / n, never below FINEST, rounded up to one digit, at most 0.99.
    """
    chance = max(FINEST, 1 - 0.05 ** (1 / max(effective, 1)))
    exponent = math.floor(math.log10(chance))
    return min(math.ceil(round(chance / 10**exponent, 6)) * 10**exponent, 0.99)


def batches_of(chain: Array | None, draw: Array | None) -> list[Array]:
    """Members of consecutive draws of one chain, as index arrays; none where the chains are not known."""
    if chain is None or draw is None:
        return []
    order = np.lexsort((draw, chain))
    members = [order[chain[order] == name] for name in np.unique(chain)]
    return [
        batch for m in members for batch in np.array_split(m, np.clip(len(m) // SMALLEST_BATCH, 1, BATCHES_PER_CHAIN))
    ]


def _inflation(x: Array, batches: list[Array]) -> float:
    """Variance of the mean of x by batches over that of independent members; at least 1."""
    independent = x.var() / len(x)
    if len(batches) < 2 or independent == 0:
        return 1.0
    weights = np.array([len(batch) for batch in batches]) / len(x)
    means = np.array([x[batch].mean() for batch in batches])
    by_batch = len(batches) / (len(batches) - 1) * np.sum((weights * (means - x.mean())) ** 2)
    return max(1.0, float(by_batch / independent))


def _ranks(values: Array) -> Array:
    """Ranks of the values, ties sharing their first rank, so that one wild member does not decide."""
    return np.searchsorted(np.sort(values), values).astype(float)
