"""What a run says about the figures: means over years or parts of them, and points in time, of the model's variables.

And what comes of it, the figures as they would be reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from huangpu.measurement.layer import Layer, Requirements
from huangpu.measurement.metrics import ANNUAL, Quantity


@dataclass(frozen=True)
class Means:
    """Means over the first months of some years: years (Y,) rising; values  variable id -> (Y, member)."""

    years: np.ndarray
    values: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Simulated:
    """A run as the layer needs it, in the model's units.

    years   (Y,) whole calendar years in a row;  annual  variable id -> (Y, member) mean over the year
    times   (T,) decimal years, rising;          points  variable id -> (T, member)
    parts   months from January -> means over them
    """

    years: np.ndarray
    annual: Mapping[str, np.ndarray]
    times: np.ndarray
    points: Mapping[str, np.ndarray]
    parts: Mapping[int, Means] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of members."""
        return next(a.shape[1] for a in (*self.annual.values(), *self.points.values()))


@dataclass(frozen=True)
class Predictions:
    """Quantities as they would be reported: annual ones are of the year, stocks of its end.

    years   (Y,) calendar years, rising
    values  quantity -> (Y, member); NaN where a member's run is not finite or ends before
    attrs   quantity -> long_name, units, at, basis, label_zh
    chain, draw  (member,) where each member comes from, None for members of no posterior
    """

    years: np.ndarray
    values: Mapping[str, np.ndarray]
    attrs: Mapping[str, Mapping[str, str]]
    chain: np.ndarray | None = None
    draw: np.ndarray | None = None

    @property
    def size(self) -> int:
        """Number of members."""
        return next((a.shape[1] for a in self.values.values()), 0)


def read_run(needs: Requirements, years: np.ndarray, times: np.ndarray, arrays: Sequence[np.ndarray]) -> Simulated:
    """A run from what was saved of it: an array (variable, year or time, member) for annual means, for points and for
    each of the parts, whose last years lack where the run ended before."""
    annual, points, *parts = arrays
    means = {
        months: Means(np.array(each[: array.shape[1]], dtype=int), dict(zip(names, array, strict=True)))
        for (months, (each, names)), array in zip(needs.parts.items(), parts, strict=True)
    }
    flows, levels = dict(zip(needs.annual, annual, strict=True)), dict(zip(needs.points, points, strict=True))
    return Simulated(years, flows, times, levels, means)


def transformed(quantity: Quantity, simulated: Simulated, times: np.ndarray, months: int = 12) -> np.ndarray:
    """The simulated figure of a quantity in its transformed unit, shape (time, member).

    times: years of means over their first months, else decimal years; between two saved points the transform goes
    straight. Not finite where the transform does not exist or the run ends earlier.
    """
    if quantity.operator == ANNUAL:
        means = Means(simulated.years, simulated.annual) if months == 12 else simulated.parts[months]
        if not len(means.years):
            return np.full((len(times), simulated.size), np.nan)
        at = np.minimum(np.searchsorted(means.years, times), len(means.years) - 1)
        inside = means.years[at] == times
        return np.where(inside[:, None], _apply(quantity, means.values[quantity.variable][at]), np.nan)
    grid = simulated.times
    right = np.clip(np.searchsorted(grid, times), 1, len(grid) - 1)
    weight = ((times - grid[right - 1]) / (grid[right] - grid[right - 1]))[:, None]
    values = simulated.points[quantity.variable]
    low, high = _apply(quantity, values[right - 1]), _apply(quantity, values[right])
    inside = (times >= grid[0]) & (times <= grid[-1])
    with np.errstate(invalid="ignore"):
        between = np.where(weight == 1, high, (1 - weight) * low + weight * high)
    return np.where(inside[:, None], between, np.nan)


def residuals(layer: Layer, simulated: Simulated) -> np.ndarray:
    """Reported less simulated, transformed, shape (row, member) in the order of `layer.rows`; not finite where bad."""
    result = np.empty((len(layer.rows), simulated.size))
    alike: dict[tuple[str, int], list[int]] = {}
    for i, row in enumerate(layer.rows):
        alike.setdefault((row.quantity, row.months), []).append(i)
    for (name, months), indices in alike.items():
        rows = [layer.rows[i] for i in indices]
        times = np.array(sorted({t for row in rows for _, t in row.terms}))
        figures = transformed(layer.metrics.quantities[name], simulated, times, months)
        for i, row in zip(indices, rows, strict=True):
            result[i] = row.y
            with np.errstate(invalid="ignore"):
                for coefficient, time in row.terms:
                    result[i] -= coefficient * figures[np.searchsorted(times, time)]
    return result


def inverse(quantity: Quantity, values: np.ndarray) -> np.ndarray:
    """The figure, in its own unit, from its transform."""
    match quantity.transform:
        case "log":
            with np.errstate(over="ignore"):
                return np.exp(values)
        case "logit":
            with np.errstate(over="ignore"):
                return 100 * (1 / (1 + np.exp(-values)))
        case _:
            return values


def _apply(quantity: Quantity, values: np.ndarray) -> np.ndarray:
    figures = quantity.scale * values
    with np.errstate(invalid="ignore", divide="ignore"):
        match quantity.transform:
            case "log":
                return np.log(figures)
            case "logit":
                return np.log(figures / (100 - figures))
            case _:
                return figures
