"""Scores of one forecast of one reported figure, from draws or from a Student's t.

All on the scale of the series over its spread of yearly change, `Held.scale`, so that series can be averaged.

    crps       continuous ranked probability score (Matheson & Winkler 1976), smaller is better; of draws, that of their
               empirical distribution (Gneiting & Raftery 2007, eq. 21)
    log        log density at the figure, larger is better; of a bound, the log probability of its side
    inside_50, inside_90   1 where the central interval holds the figure, else 0
    pit        share of the distribution below the figure; uniform when forecasts are calibrated (Dawid 1984)

A bound has a log score only; the rest of it is nan.

The density of draws is a Gaussian kernel's (Silverman 1986, eq. 3.31), which is worthless beyond the last draw: so the
n draws share the weight with one part in n + 1 of a Student's t of 3 degrees of freedom about their median, as wide as
they are. A figure that no draw came near then costs much, but not everything (Krüger et al. 2021 discuss the choice).
The kernel is not narrower than FINEST of the spread of yearly change, for draws that hardly differ.
Likewise a bound's side counts half a draw more on each side.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from huangpu.backtest import student
from huangpu.backtest.student import Student
from huangpu.backtest.types import Forecast, Held

Array = np.ndarray

FINEST = 1e-3
LEVELS = {"inside_50": 0.5, "inside_90": 0.9}


@dataclass(frozen=True, slots=True)
class Score:
    """Of one forecast; see the module for each."""

    crps: float
    log: float
    inside_50: float
    inside_90: float
    pit: float


@dataclass(frozen=True, eq=False)
class Scores:
    """The same of many, each (forecast,)."""

    crps: Array
    log: Array
    inside_50: Array
    inside_90: Array
    pit: Array

    def __len__(self) -> int:
        return len(self.crps)


def table(scores: Iterable[Score]) -> Scores:
    scores = tuple(scores)
    return Scores(**{f.name: np.array([getattr(s, f.name) for s in scores], dtype=float) for f in fields(Score)})


def chosen(scores: Scores, rows: Array) -> Scores:
    """Those of some rows: a mask or positions."""
    return Scores(**{f.name: getattr(scores, f.name)[rows] for f in fields(Scores)})


def score(forecast: Forecast) -> Score:
    """Of draws (n,)."""
    held, x = forecast.held, np.sort(forecast.draws)
    if held.bounded:
        return _bound(_side(x, held))
    pit = (np.searchsorted(x, held.observed, "left") + np.searchsorted(x, held.observed, "right")) / (2 * len(x))
    inside = {}
    for name, level in LEVELS.items():
        low, high = np.quantile(x, [(1 - level) / 2, (1 + level) / 2])
        inside[name] = float(low <= held.observed <= high)
    density = log_density(x, held.observed, FINEST * held.scale) + math.log(held.scale)
    return Score(crps(x, held.observed) / held.scale, density, pit=float(pit), **inside)


def score_student(held: Held, said: Student) -> Score:
    """Of a naive forecaster, in closed form."""
    if held.bounded:
        return _bound(math.log(max(student.meets(said, held.bound, held.observed), np.finfo(float).tiny)))
    pit = student.below(said, held.observed)
    inside = {name: float(abs(2 * pit - 1) <= level) for name, level in LEVELS.items()}
    density = student.log_density(said, held.observed) + math.log(held.scale)
    return Score(student.crps(said, held.observed) / held.scale, density, pit=pit, **inside)


def _bound(log: float) -> Score:
    return Score(math.nan, log, math.nan, math.nan, math.nan)


def _side(draws: Array, held: Held) -> float:
    """Log of the share of draws on the bound's side."""
    beyond = draws >= held.observed if held.bound in (">", ">=") else draws <= held.observed
    return math.log((beyond.sum() + 0.5) / (len(draws) + 1))


def crps(draws: Array, x: float) -> float:
    """E|X - x| - E|X - X'| / 2 over draws (n,), which are in rising order."""
    n = len(draws)
    apart = ((2 * np.arange(1, n + 1) - n - 1) * draws).sum() / n**2  # E|X - X'| / 2
    return float(np.abs(draws - x).mean() - apart)


def log_density(draws: Array, x: float, finest: float) -> float:
    """Log of the smoothed density of draws (n,), in rising order, at x; kernels are not narrower than `finest`."""
    n = len(draws)
    quarter, median, third = np.quantile(draws, [0.25, 0.5, 0.75])
    spread = draws.std()
    narrow = min(spread, (third - quarter) / 1.34) or spread
    width = max(0.9 * narrow * n**-0.2, finest)
    kernel = np.logaddexp.reduce(-0.5 * ((x - draws) / width) ** 2) - math.log(n * width * math.sqrt(2 * math.pi))
    wide = student.log_density(Student(float(median), max(float(spread), width), 3.0), x)
    return float(np.logaddexp(kernel + math.log(n / (n + 1)), wide - math.log(n + 1)))


def skill(model: Array, naive: Array) -> float:
    """1 less the ratio of mean scores, on the rows where both have one: above 0 where the model is better."""
    both = np.isfinite(model) & np.isfinite(naive)
    return float(1 - model[both].mean() / naive[both].mean()) if both.any() else math.nan
