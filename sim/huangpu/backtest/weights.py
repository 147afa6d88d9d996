"""The model and the best naive forecaster of each kind of figure, averaged: a linear pool of their draws.

With weight w on the model the pool's CRPS is a quadratic in w (from E|X - y| - E|X - X'| / 2, Gneiting & Raftery
2007, eq. 21), so that the w in 0..1 with the least mean score is exact:

    w m + (1 - w) n - (w^2 mm + 2 w (1 - w) mn + (1 - w)^2 nn) / 2

with m and n the mean distances of the draws from the figure, and mm, mn, nn those of draws from one another. CRPS and
not the log score of Yao et al. (2018), which with few rows hangs on the worst of them.

Weights are never learned from rows that they are scored on. At an origin they come from forecasts that earlier origins
made of rows published since, up to this origin. Leaving one origin out and training on all others, rows of the origin
left out excepted, comes to nearly the same: what later origins hold out is held out here too. A kind with less than
ROWS of them takes the weight of all kinds together; with less than ROWS in all, the model stands alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from huangpu.backtest import student
from huangpu.backtest.student import Student
from huangpu.backtest.types import Forecast

Array = np.ndarray

ROWS = 15  # forecasts that a weight needs
ALL = ""  # all kinds together


@dataclass(frozen=True, eq=False)
class Pair:
    """What the model and the naive forecasters, by name, said about one row; without those that could not forecast."""

    forecast: Forecast
    naive: Mapping[str, Student]


@dataclass(frozen=True, slots=True)
class Weight:
    """`share` of the draws are the model's, the rest the naive forecaster's; learned from so many rows."""

    naive: str
    share: float
    rows: int


ALONE = Weight("", 1.0, 0)


def known(pairs: Sequence[Pair], origin: int) -> tuple[Pair, ...]:
    """Those that were made at earlier origins and whose rows were published by the end of the year `origin`."""
    last = f"{origin}-12-31"
    return tuple(
        pair
        for pair in pairs
        if pair.forecast.held.origin < origin and pair.forecast.held.published and pair.forecast.held.published <= last
    )


def learn(pairs: Sequence[Pair]) -> dict[str, Weight]:
    """Kind -> weight, from forecasts whose rows are known; ALL for kinds that are not in it. Bounds teach nothing."""
    pairs = [pair for pair in pairs if not pair.forecast.held.bounded]
    groups = {ALL: pairs}
    for pair in pairs:
        groups.setdefault(pair.forecast.held.kind, []).append(pair)
    found = {group: _learned(members) for group, members in groups.items()}
    return {group: weight for group, weight in found.items() if weight is not None} or {ALL: ALONE}


def of(weights: Mapping[str, Weight], kind: str) -> Weight:
    return weights.get(kind, weights.get(ALL, ALONE))


def pooled(forecast: Forecast, naive: Mapping[str, Student], weight: Weight) -> Forecast:
    """The forecast with draws of the pool; as it is where the naive forecaster has no say or cannot forecast."""
    if weight.share == 1 or weight.naive not in naive:
        return forecast
    return Forecast(forecast.held, mixture(forecast.draws, naive[weight.naive], weight.share))


def mixture(draws: Array, said: Student, share: float) -> Array:
    """As many draws as the model's (n,), rising: quantiles at the middles of n equal slices of the pool."""
    n = len(draws)
    both = np.concatenate([draws, student.draws(said, n)])
    order = np.argsort(both, kind="stable")
    weight = np.repeat([share, 1 - share], n)[order] / n
    reached = np.cumsum(weight)
    wanted = (np.arange(n) + 0.5) / n
    return both[order][np.minimum(np.searchsorted(reached, wanted), 2 * n - 1)]


def _learned(pairs: Sequence[Pair]) -> Weight | None:
    """The naive forecaster that did best and the model's share beside it; None with too few rows that both know."""
    tried = {name for pair in pairs for name in pair.naive}
    able = {name: [pair for pair in pairs if name in pair.naive] for name in sorted(tried)}
    enough = {name: those for name, those in able.items() if len(those) >= ROWS}
    if not enough:
        return None
    # the best on the rows that all of them could forecast, or one that skips the hard ones would win
    shared = [pair for pair in pairs if enough.keys() <= pair.naive.keys()]
    if not shared:
        return None
    best = min(enough, key=lambda name: sum(_scaled(pair, name) for pair in shared))
    return Weight(best, _share([_quadratic(pair, best) for pair in enough[best]]), len(enough[best]))


def _scaled(pair: Pair, name: str) -> float:
    held = pair.forecast.held
    return student.crps(pair.naive[name], held.observed) / held.scale


def _share(terms: Sequence[tuple[float, float, float]]) -> float:
    """The w in 0..1 with the least sum of a w^2 + b w + c."""
    a, b, c = (math.fsum(column) for column in zip(*terms, strict=True))
    inside = [-b / (2 * a)] if a > 0 else []
    return min([w for w in (1.0, 0.0, *inside) if 0 <= w <= 1], key=lambda w: a * w**2 + b * w + c)


def _quadratic(pair: Pair, name: str) -> tuple[float, float, float]:
    """a, b, c of the pool's scaled CRPS as a function of the model's share."""
    held, x = pair.forecast.held, np.sort(pair.forecast.draws)
    y = student.draws(pair.naive[name], len(x))
    m, n = np.abs(x - held.observed).mean(), np.abs(y - held.observed).mean()
    mm, mn, nn = _apart(x, x), _apart(x, y), _apart(y, y)
    a = (-mm + 2 * mn - nn) / 2
    return a / held.scale, (m - n - mn + nn) / held.scale, (n - nn / 2) / held.scale


def _apart(x: Array, y: Array) -> float:
    """Mean distance of a draw of one (n,) from a draw of the other (m,), both rising."""
    below = np.searchsorted(y, x, "right")
    sums = np.concatenate([[0.0], np.cumsum(y)])
    lower = below * x - sums[below]
    upper = (sums[-1] - sums[below]) - (len(y) - below) * x
    return float((lower + upper).mean() / len(y))
