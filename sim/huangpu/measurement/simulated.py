"""What a run says about the figures: annual means and points in time of the model's variables, and their transforms.

And what comes of it, the figures as they would be reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from huangpu.measurement.layer import Layer
from huangpu.measurement.metrics import ANNUAL, Quantity


@dataclass(frozen=True)
class Simulated:
    """A run as the layer needs it, in the model's units.

    years   (Y,) whole calendar years in a row;  annual  variable id -> (Y, member) mean over the year
    times   (T,) decimal years, rising;          points  variable id -> (T, member)
    """

    years: np.ndarray
    annual: Mapping[str, np.ndarray]
    times: np.ndarray
    points: Mapping[str, np.ndarray]

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


def transformed(quantity: Quantity, simulated: Simulated, times: np.ndarray) -> np.ndarray:
    """The simulated figure of a quantity in its transformed unit, shape (time, member).

    times: whole years of annual means, else decimal years; between two saved points the transform goes straight.
    Not finite where the transform does not exist or the run ends earlier.
    """
    if quantity.operator == ANNUAL:
        at = np.asarray(times, dtype=np.intp) - int(simulated.years[0])
        inside = (at >= 0) & (at < len(simulated.years))
        values = simulated.annual[quantity.variable][np.where(inside, at, 0)]
        return np.where(inside[:, None], _apply(quantity, values), np.nan)
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
    by_quantity: dict[str, list[int]] = {}
    for i, row in enumerate(layer.rows):
        by_quantity.setdefault(row.quantity, []).append(i)
    for name, indices in by_quantity.items():
        rows = [layer.rows[i] for i in indices]
        times = np.array(sorted({t for row in rows for _, t in row.terms}))
        figures = transformed(layer.metrics.quantities[name], simulated, times)
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
