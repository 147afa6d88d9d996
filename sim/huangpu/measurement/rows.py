"""From a reported figure to a linear equation in transformed figures.

With F(t) the transform of a quantity's figure at time t, every row reads y = sum_j c_j F(t_j) + error: a level has one
term, growth has two. What a row says about the simulation, the discrepancy and the offsets follows from its terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import log

from huangpu.measurement.metrics import ANNUAL, Metrics, Quantity, Series
from huangpu.measurement.observations import Observation

SIGNS = {"=": "=", "~": "=", ">": ">", ">=": ">", "<": "<", "<=": "<"}


class Unusable(Exception):
    """This row cannot meet its quantity; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Row:
    """y = sum of coefficient x F(time) + Normal(0, se), or a bound of it; all in the transformed unit.

    terms: (coefficient, year) of an annual mean, (coefficient, decimal year) of a stock.
    """

    row_id: str
    quantity: str
    basis: str
    form: str
    y: float
    se: float
    bound: str  # = > <
    reach: float  # how far to its side a bound reaches, in the transformed unit; inf for exact rows
    terms: tuple[tuple[float, float], ...]
    months: int  # 12, or the part of a year that stands for it


def equation(o: Observation, series: Series, metrics: Metrics) -> Row:
    """The row as an equation. Raises Unusable with the reason if it has none."""
    quantity = metrics.quantities[series.quantity]
    y, se, terms = FORMS[series.form](o, quantity, metrics)
    if not (math.isfinite(y) and se > 0):
        raise Unusable(f"value {o.value:g} with standard error {o.se:g} has no {quantity.transform} with an error")
    sign = SIGNS[o.bound]
    reach = math.inf if sign == "=" else metrics.bound_reach * se
    return Row(o.row_id, series.quantity, o.basis, series.form, y, se, sign, reach, terms, o.months or 12)


def _level(o: Observation, quantity: Quantity, metrics: Metrics):
    """Transform of the figure; a part year of a flow is scaled to the full year and trusted less."""
    if o.span:
        raise Unusable("a figure over several years is no level of one of them")
    if o.unit != quantity.unit:
        raise Unusable(f"unit {o.unit}, the quantity is in {quantity.unit}")
    value, se = o.value, o.se
    if o.months not in (None, 12):
        if quantity.operator != ANNUAL:
            raise Unusable("a part year of a stock")
        if o.kind == "share":
            se = math.hypot(se, _widening(metrics, "share_points", o))
        else:
            scale = 12 / o.months
            extra = value * _widening(metrics, "level_relative", o)
            value, se = value * scale, scale * math.hypot(se, extra)
    y, slope = TRANSFORMS[quantity.transform](value)
    return y, slope * se, ((1.0, _time(o, quantity)),)


def _growth(o: Observation, quantity: Quantity, metrics: Metrics):
    """Log ratio of two years' figures: of one year over the last, or over a span (average rate or total change)."""
    if o.unit != "percent":
        raise Unusable(f"unit {o.unit}, growth is read in percent")
    if o.value <= -100:
        raise Unusable(f"growth of {o.value:g} percent")
    how, first, last = o.span or ("cum", o.year, o.year)
    if o.date is not None and not o.span:
        raise Unusable("growth at a date, not over a year")
    years = last - first + 1 if how == "avg" else 1
    se = years * o.se
    if (o.months or 12) < 12:
        se = math.hypot(se, _widening(metrics, "growth_points", o))
    at = _year_time(quantity)
    return years * log(1 + o.value / 100), se / (100 + o.value), ((1.0, at(last)), (-1.0, at(first - 1)))


def _widening(metrics: Metrics, table: str, o: Observation) -> float:
    """Extra standard error of a part year that stands for the full year; wider where the year held a dated shock."""
    try:
        extra = getattr(metrics.part_year, table)[str(o.months)]
    except KeyError:
        raise Unusable(f"{o.months} months, and part_year.{table} has no error for them") from None
    return extra * (metrics.part_year_in_shocks if o.year in metrics.shock_years else 1.0)


def _time(o: Observation, quantity: Quantity) -> float:
    if o.date is None:
        return _year_time(quantity)(o.year)
    if quantity.operator == ANNUAL:
        raise Unusable("a dated figure of an annual quantity")
    return o.date


def _year_time(quantity: Quantity):
    """Year -> time of its term: the year itself for annual means, its end for stocks."""
    return float if quantity.operator == ANNUAL else lambda year: year + 1.0


def _log(value: float) -> tuple[float, float]:
    return (log(value), 1 / value) if value > 0 else (math.nan, math.nan)


def _logit(percent: float) -> tuple[float, float]:
    p = percent / 100
    return (log(p / (1 - p)), 1 / (100 * p * (1 - p))) if 0 < p < 1 else (math.nan, math.nan)


# transform of a figure -> (value, slope): errors go through by the delta method
TRANSFORMS = {"log": _log, "logit": _logit, "identity": lambda value: (value, 1.0)}
FORMS = {"level": _level, "growth": _growth}
