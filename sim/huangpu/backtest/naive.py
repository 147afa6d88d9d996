"""What a careful analyst with a spreadsheet would say: five forecasters that know one series and nothing else.

Each fits the figures known at an origin, on the scale of the series (logs or points), and says a Student's t about a
later year. With n figures at times t, yearly variance s2, and h years from the last figure:

    random walk             the last figure                       s2 h
    random walk with drift  ... plus the mean yearly change       s2 (h + h^2 / (t_n - t_1))
    trend                   least squares on time                 s2 (1 + 1/n + (t - mean t)^2 / Stt)
    mean                    the mean of all figures               s2 (1 + 1/n)
    smoothing               exponential, alpha 0.5                s2 (1 + (h - 1) alpha^2)

The last is Hyndman, Koehler, Ord & Snyder (2008), ETS(A,N,N), started at the first figure; over a gap of g years
alpha becomes 1 - (1 - alpha)^g (Wright 1986). On levels a mean and a smoothed level lag behind any growth: there the
drift is the mean, and the trend the smooth, of what an analyst would look at, and they are the ones to beat.

Series are short, so s2 is shrunk to that of its kind (Smyth 2004; Gelman et al., BDA3, 2.6): with residual sum of
squares Q on f degrees of freedom, and s0^2 the typical variance of the series of its kind at the origin,

    s2 = (PRIOR s0^2 + Q) / (PRIOR + f),  and the t has PRIOR + f degrees of freedom.

s0^2 is the median over the series with f >= 1, each Q/f over the median of F(f, PRIOR), which is what Q/f is of s0^2 if
series differ as this shrinkage has it: of the kind of figure if it has POOL series, else of all in logs or all in
points, and early on one may have to do. Where series differ less, intervals are somewhat too wide. Two figures are
enough; with fewer, and without any such series with fewer than OWN degrees of freedom, a forecaster does not forecast.
Errors of reporting are in the changes of reported figures, and so in s2; it is never below the reported standard error
itself.

*Rescaled*: the scale times the factor with which, over all figures of the kind that were known at the origin and each
forecast from those before it in its series, a 90 % interval would have held 90 % (the conformal quantile: Vovk et al.
2005). At least PAST such forecasts are needed, by kind, else in logs or points; else the factor is 1.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from huangpu.backtest import student
from huangpu.backtest.student import Student
from huangpu.backtest.types import TRANSFORMS, History, transform_of

Array = np.ndarray

ALPHA = 0.5  # of exponential smoothing
FIGURES = 2  # known figures that every forecaster needs
PRIOR = 3.0  # degrees of freedom that the variance of the kind counts for
POOL = 3  # series that make a kind of its own
OWN = 3  # degrees of freedom on which a series stands alone, without a pool
PAST = 10  # past one-step forecasts that a rescaling needs


@dataclass(frozen=True)
class Fit:
    """A forecaster fitted to a series: mean(time), spread(time) the variance there over s2, squares Q on freedom f."""

    mean: Callable[[float], float]
    spread: Callable[[float], float]
    squares: float
    freedom: int


def random_walk(t: Array, x: Array) -> Fit:
    gaps, changes = np.diff(t), np.diff(x)
    return Fit(lambda _: x[-1], lambda at: at - t[-1], float((changes**2 / gaps).sum()), len(changes))


def drift(t: Array, x: Array) -> Fit:
    gaps, changes, years = np.diff(t), np.diff(x), t[-1] - t[0]
    slope = (x[-1] - x[0]) / years
    squares = float(((changes - slope * gaps) ** 2 / gaps).sum())
    return Fit(
        lambda at: x[-1] + slope * (at - t[-1]),
        lambda at: (at - t[-1]) + (at - t[-1]) ** 2 / years,
        squares,
        len(changes) - 1,
    )


def trend(t: Array, x: Array) -> Fit:
    middle, level = t.mean(), x.mean()
    square = ((t - middle) ** 2).sum()
    slope = ((t - middle) * (x - level)).sum() / square
    squares = float(((x - level - slope * (t - middle)) ** 2).sum())
    return Fit(
        lambda at: level + slope * (at - middle),
        lambda at: 1 + 1 / len(x) + (at - middle) ** 2 / square,
        squares,
        len(x) - 2,
    )


def mean(_: Array, x: Array) -> Fit:
    return Fit(lambda _: x.mean(), lambda _: 1 + 1 / len(x), float(((x - x.mean()) ** 2).sum()), len(x) - 1)


def smoothing(t: Array, x: Array) -> Fit:
    level, squares = x[0], 0.0
    for gap, value in zip(np.diff(t), x[1:], strict=True):
        squares += (value - level) ** 2 / _smoothed(gap)
        level += (1 - (1 - ALPHA) ** gap) * (value - level)
    return Fit(lambda _: level, lambda at: _smoothed(at - t[-1]), float(squares), len(x) - 1)


def _smoothed(years: float) -> float:
    """Variance so many years after the last figure, over s2."""
    return 1 + (years - 1) * ALPHA**2


FORECASTERS: Mapping[str, Callable[[Array, Array], Fit]] = {
    "random walk": random_walk,
    "random walk with drift": drift,
    "trend": trend,
    "mean": mean,
    "smoothing": smoothing,
}


@dataclass(frozen=True)
class Field:
    """What the series known at an origin teach one another; keys are (forecaster, kind or transform).

    variances  typical s2, of the unit of the scale squared
    factors    by which a rescaled forecaster multiplies its scale
    """

    variances: Mapping[tuple[str, str], float]
    factors: Mapping[tuple[str, str], float]


def field(histories: Sequence[History]) -> Field:
    """Learn from all series known at an origin, also from those about which nothing will be asked."""
    variances = {}
    for name in FORECASTERS:
        typical = _grouped(histories, lambda history, name=name: _variance(name, history))
        variances |= {(name, group): float(np.median(typical[group])) for group in typical if _enough(typical, group)}
    known = Field(variances, {})
    factors = {}
    for name in FORECASTERS:
        missed = _grouped(histories, lambda history, name=name: _misses(known, name, history))
        factors |= {(name, group): _conformal(found) for group, found in missed.items() if len(found) >= PAST}
    return replace(known, factors=factors)


def _enough(typical: Mapping[str, Sequence[float]], group: str) -> bool:
    return len(typical[group]) >= (1 if group in TRANSFORMS else POOL)


def _grouped(histories: Sequence[History], numbers: Callable[[History], Sequence[float]]) -> dict[str, list[float]]:
    """Numbers of each series, gathered under its kind and under its transform."""
    groups = defaultdict(list)
    for history in histories:
        found = numbers(history)
        for group in (history.kind, transform_of(history.kind)):
            groups[group].extend(found)
    return groups


def _variance(name: str, history: History) -> list[float]:
    """The series' own guess at the s0^2 of all; nothing where it has no degree of freedom."""
    if len(history) < FIGURES:
        return []
    fit = FORECASTERS[name](history.times, history.values)
    return [fit.squares / fit.freedom / special.fdtri(fit.freedom, PRIOR, 0.5)] if fit.freedom >= 1 else []


def _misses(known: Field, name: str, history: History) -> list[float]:
    """How far each figure fell from its one-step forecast, in half widths of the 90 % interval."""
    missed = []
    for count in range(FIGURES, len(history)):
        said = predict(known, name, history.before(count), history.times[count])
        if said is not None:
            missed.append(abs(history.values[count] - said.mean) / (student.quantile(said, 0.95) - said.mean))
    return missed


def _conformal(missed: Sequence[float]) -> float:
    rank = min(math.ceil(0.9 * (len(missed) + 1)), len(missed))
    return float(np.sort(missed)[rank - 1])


def _of(table: Mapping[tuple[str, str], float], name: str, kind: str) -> float | None:
    return table.get((name, kind), table.get((name, transform_of(kind))))


def _yearly(known: Field, name: str, history: History, fit: Fit) -> tuple[float, float] | None:
    """s2 and the degrees of freedom of the t; None where too little is known."""
    typical, floor = _of(known.variances, name, history.kind), float(np.median(history.errors)) ** 2
    if typical is not None:
        freedom = PRIOR + fit.freedom
        return max((PRIOR * typical + fit.squares) / freedom, floor), freedom
    return (max(fit.squares / fit.freedom, floor), fit.freedom) if fit.freedom >= OWN else None


def predict(known: Field, name: str, history: History, time: float, *, rescaled: bool = False) -> Student | None:
    """What a forecaster says about a series at a time after its last figure; None where it cannot forecast."""
    if len(history) < FIGURES:
        return None
    if time <= history.times[-1]:
        raise ValueError(f"{history.name}: {time:g} is not after its last figure, {history.times[-1]:g}")
    fit = FORECASTERS[name](history.times, history.values)
    yearly = _yearly(known, name, history, fit)
    if yearly is None or yearly[0] == 0:
        return None
    factor = (_of(known.factors, name, history.kind) or 1.0) if rescaled else 1.0
    return Student(float(fit.mean(time)), factor * math.sqrt(yearly[0] * fit.spread(time)), yearly[1])


def spread(known: Field, kind: str, history: History | None) -> float | None:
    """Standard deviation of a series' yearly change about its drift, shrunk as above: what scores are divided by.

    The typical one of the kind where the series has no more than one change; None where there is none either.
    """
    name = "random walk with drift"
    if history is not None and len(history) >= FIGURES:
        yearly = _yearly(known, name, history, drift(history.times, history.values))
        return None if yearly is None or yearly[0] == 0 else math.sqrt(yearly[0])
    typical = _of(known.variances, name, kind)
    return None if not typical else math.sqrt(typical)
