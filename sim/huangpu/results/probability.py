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

Array = np.ndarray
Comparison = Callable[[Array, "Threshold"], Array]

# Ten batches a chain leave the error itself known to about 12 % with four chains; shorter batches would miss
# slow chains.
BATCHES_PER_CHAIN = 10
SMALLEST_BATCH = 10

# Below this a chance is not told apart: the model knows less than its members can count.
FINEST = 0.001


@dataclass(frozen=True, slots=True)
class Threshold:
    """What is asked: a value, the upper end of a range, how far (below, above) still meets "about"."""

    value: float
    high: float | None = None
    tolerance: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Operator:
    """How a target compares. statistics: those that its words can stand for, the usual one first; sign: for people."""

    statistics: tuple[str, ...]
    met: Comparison
    sign: str


def _about(x: Array, asked: Threshold) -> Array:
    below, above = asked.tolerance
    return (x >= asked.value - below) & (x <= asked.value + above)


def _between(x: Array, asked: Threshold) -> Array:
    return (x >= asked.value) & (x <= asked.high)


def _ge(x: Array, asked: Threshold) -> Array:
    return x >= asked.value


def _gt(x: Array, asked: Threshold) -> Array:
    return x > asked.value


def _le(x: Array, asked: Threshold) -> Array:
    return x <= asked.value


def _lt(x: Array, asked: Threshold) -> Array:
    return x < asked.value


# A sum over years may be the sum of a flow, the rise of a stock, or the level of what is itself a running total.
_SUM = ("cumulative", "increase", "level")
_RATE = ("mean_growth", "mean_reduction")

OPERATORS = {
    ">=": Operator(("level",), _ge, "≥"),
    ">": Operator(("level",), _gt, ">"),
    "<=": Operator(("level",), _le, "≤"),
    "~=": Operator(("level",), _about, "≈"),
    "between": Operator(("level",), _between, ""),
    "cumulative>=": Operator(_SUM, _ge, "≥"),
    "cumulative~=": Operator(_SUM, _about, "≈"),
    "cumulative_between": Operator(_SUM, _between, ""),
    "per_year>=": Operator(("every_year",), _ge, "≥"),
    "per_year~=": Operator(("every_year",), _about, "≈"),
    "rate_per_year>=": Operator(_RATE, _ge, "≥"),
    "rate_per_year<": Operator(_RATE, _lt, "<"),
    "diff>": Operator(("growth_difference",), _gt, ">"),
    "diff>=": Operator(("growth_difference",), _ge, "≥"),
    "multiply>=": Operator(("multiple",), _ge, "≥"),
    "reduction>=": Operator(("reduction",), _ge, "≥"),
    "increase_by_between": Operator(("increase",), _between, "+"),
}


@dataclass(frozen=True, slots=True)
class Probability:
    """value in [0, 1]; error, one Monte-Carlo standard error; effective, the independent members it is worth.

    finest: the smallest chance that the members tell from none, see `limit`; value below it (or above 1 - finest) is
    not told from 0 (or 1).
    """

    value: float
    error: float
    effective: float
    finest: float


def probability(met: Array, values: Array, batches: list[Array]) -> Probability:
    """Share of members that meet a target.

    met (member,) bool; values (member,) the numbers compared, finite or not; batches from `batches_of`.
    With every member on one side the error is the half-width of Wilson's interval (1927) at one standard error, on
    the number of independent members that `values` are worth: it is never 0. `finest` rests on that number whatever
    the share, so that a rarer outcome is never given the larger chance.
    """
    n = len(met)
    value = float(np.mean(met))
    worth = n / _inflation(_ranks(values), batches)
    if 0 < value < 1:
        effective = n / _inflation(met.astype(float), batches)
        error = np.sqrt(value * (1 - value) / effective)
    else:
        effective, error = worth, 0.5 / (worth + 1)
    return Probability(value, float(error), float(effective), limit(worth))


def mean_error(x: Array, batches: list[Array]) -> float:
    """One Monte-Carlo standard error of the mean of x (member,), batches from `batches_of`."""
    return float(np.sqrt(x.var() / len(x) * _inflation(x, batches)))


def limit(effective: float) -> float:
    """The largest chance that would leave none of `effective` independent members on its side one time in twenty.

    1 - 0.05 ** (1 / n), about 3 / n, never below FINEST, rounded up to one digit; at most 0.5, which says that so few
    members (five or fewer) tell nothing.
    """
    chance = max(FINEST, 1 - 0.05 ** (1 / max(effective, 1)))
    exponent = math.floor(math.log10(chance))
    return min(math.ceil(round(chance / 10**exponent, 6)) * 10**exponent, 0.5)


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
