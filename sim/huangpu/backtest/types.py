"""The plain data of a backtest: a series as it was known at an origin, and a forecast of one row held out there.

Both live on the *scale* that scores are made on: levels, counts and cumulative figures in natural logs, everything else
(rates, shares, changes) in its own points. Nothing here knows the model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Array = np.ndarray
Bound = Literal["=", "~", "<", "<=", ">", ">="]

LOGS = ("level", "count", "cumulative")  # kinds of figures that are scored in logs

Transform = Literal["log", "points"]
TRANSFORMS: tuple[Transform, ...] = ("log", "points")


def transform_of(kind: str) -> Transform:
    return "log" if kind in LOGS else "points"


def to_scale(kind: str, value: float, se: float) -> tuple[float, float]:
    """A reported figure and its standard error on the scale of its kind; nan where a level has no logarithm."""
    if transform_of(kind) == "points":
        return value, se
    return (math.log(value), se / value) if value > 0 else (math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class History:
    """One series (metric/scope/kind/basis) as it was known at an origin, on its scale.

    name    metric/scope/kind/basis
    times   (figure,) years, rising, gaps allowed: the year of a full-year figure, the decimal year of a dated stock;
            figures that cannot be compared with a full year's (parts of a year, bounds) are not in it
    values  (figure,) on the scale
    errors  (figure,) their standard errors, on the scale
    """

    name: str
    kind: str
    times: Array
    values: Array
    errors: Array

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.times, self.values, self.errors)}
        if len(shapes) != 1 or self.times.ndim != 1:
            raise ValueError(f"{self.name}: times, values and errors differ in shape")
        if not (np.diff(self.times) > 0).all():
            raise ValueError(f"{self.name}: times do not rise")
        if not (np.isfinite(self.values).all() and np.isfinite(self.errors).all()):
            raise ValueError(f"{self.name}: a value or an error is not finite")

    def __len__(self) -> int:
        return len(self.times)

    def before(self, count: int) -> History:
        """The first `count` figures."""
        return History(self.name, self.kind, self.times[:count], self.values[:count], self.errors[:count])


@dataclass(frozen=True, eq=False)
class Held:
    """One row held out at an origin.

    row        row_id of observations.csv
    origin     year at whose end the forecast is made
    series     metric/scope/kind/basis, as in `History.name`
    year       the year that the figure is about; bootstraps are clustered by it
    time       where the figure stands on the axis of `History.times`
    observed   the figure, on the scale
    bound      "=" or "~" for a figure; a bound says on which side of `observed` the truth is
    scale      the series' spread of yearly change known at the origin, on the scale; scores are divided by it
    published  ISO date: forecasts of rows published by an origin may teach that origin
    """

    row: str
    origin: int
    series: str
    metric: str
    kind: str
    year: int
    time: float
    observed: float
    bound: Bound = "="
    scale: float = 1.0
    published: str = ""

    @property
    def horizon(self) -> float:
        """Years from the origin, the end of its year, to the end of the row's year."""
        return self.year - self.origin

    @property
    def bounded(self) -> bool:
        return self.bound not in ("=", "~")


@dataclass(frozen=True, eq=False)
class Forecast:
    """What one forecaster said about a held-out row: draws (n,) of the *reported* figure, on the scale."""

    held: Held
    draws: Array = field(repr=False)

    def __post_init__(self) -> None:
        if self.draws.ndim != 1 or len(self.draws) < 2 or not np.isfinite(self.draws).all():
            raise ValueError(f"{self.held.row}: a forecast is a row of at least two finite draws")
