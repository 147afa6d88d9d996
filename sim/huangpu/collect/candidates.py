"""Figures that could be collected: what nobody has reported of the last year with figures, and of the one after."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, floor
from statistics import median

import numpy as np

from huangpu.measurement import Layer, Predictions
from huangpu.measurement.metrics import ANNUAL, Metrics, Quantity
from huangpu.measurement.rows import Row

DAYS = 0.02  # years by which a stock may miss the end of its year
USUAL = {False: 0.02, True: 0.5}  # errors where no figure of the kind has been reported: 2 % of an amount, half a point


@dataclass(frozen=True)
class Candidate:
    """A quantity's figure of one year.

    error: standard error typical of its kind, a share of the figure, or points for a figure in percent
    """

    quantity: str
    label: str
    year: int
    error: float
    points: bool

    @property
    def error_text(self) -> str:
        return f"{self.error:.2g} points" if self.points else f"{100 * self.error:.2g} %"


def candidates(layer: Layer, predictions: Predictions) -> tuple[Candidate, ...]:
    """In the order of metrics.yaml, the earlier year first; a bound or part of a year does not count as a figure."""
    last = floor(layer.last_time() + 1e-6) - 1
    reported = {(row.quantity, _year(layer, row)) for row in layer.rows if row.bound == "="}
    errors = typical_errors(layer)
    return tuple(
        Candidate(name, quantity.label or name, year, errors[name], _in_points(quantity))
        for name, quantity in layer.metrics.quantities.items()
        for year in (last, last + 1)
        if (name, year) not in reported and year in predictions.years
    )


def reported_as(candidate: Candidate, predictions: Predictions, normal: np.ndarray) -> np.ndarray:
    """The figure as it would be reported, (member,), with errors from standard normal draws (member,)."""
    figure = predictions.values[candidate.quantity][np.searchsorted(predictions.years, candidate.year)]
    with np.errstate(invalid="ignore", over="ignore"):
        return figure + candidate.error * normal if candidate.points else figure * np.exp(candidate.error * normal)


def typical_errors(layer: Layer) -> dict[str, float]:
    """Quantity -> the median error of its own levels, else of those in its unit whose drift has the same size (that of
    several which fewest quantities share), else of all in its unit, else of all shares or all amounts."""
    quantities = layer.metrics.quantities
    known: dict[tuple, list[float]] = {}
    for row in layer.rows:
        if row.form == "level":
            for key in _keys(layer.metrics, row.quantity):
                known.setdefault(key, []).append(_error(row, quantities[row.quantity]))
    return {
        name: median(next((known[key] for key in _keys(layer.metrics, name) if key in known), [_usual(quantity)]))
        for name, quantity in quantities.items()
    }


def _keys(metrics: Metrics, name: str) -> tuple[tuple, ...]:
    """What has errors alike, the nearest first."""
    quantity = metrics.quantities[name]
    sizes = sorted(map(metrics.sigma_of, quantity.discrepancy), key=lambda sigma: _shared(metrics, sigma))
    drifts = tuple(("drift", sigma, quantity.unit) for sigma in sizes)
    return ("quantity", name), *drifts, ("unit", quantity.unit), ("points", _in_points(quantity))


def _shared(metrics: Metrics, sigma: str) -> int:
    """How many quantities drift by this much."""
    return sum(sigma in map(metrics.sigma_of, q.discrepancy) for q in metrics.quantities.values())


def _usual(quantity: Quantity) -> float:
    return USUAL[_in_points(quantity)]


def _in_points(quantity: Quantity) -> bool:
    return quantity.unit == "percent"


def _error(row: Row, quantity: Quantity) -> float:
    """Of a row, from its transformed unit to a share of the figure, or to points."""
    match quantity.transform:
        case "logit":
            share = 1 / (1 + exp(-row.y))
            return 100 * share * (1 - share) * row.se
        case "log":
            return exp(row.y) * row.se if _in_points(quantity) else row.se
        case _:
            return row.se if _in_points(quantity) else row.se / abs(row.y)


def _year(layer: Layer, row: Row) -> int | None:
    """The calendar year that a row's last term is of, a stock at its end; None for a part or a day within it."""
    time = row.terms[0][1]
    if layer.metrics.quantities[row.quantity].operator == ANNUAL:
        return int(time) if row.months == 12 else None
    return round(time) - 1 if abs(time - round(time)) < DAYS else None
