"""From a reported figure to a linear equation in transformed figures.

With F(t) the transform of a quantity's figure at time t, every row reads y = sum_j c_j F(t_j) + error: a level has one
term, growth has two. What a row says about the simulation, the discrepancy and the offsets follows from its terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from math import log

from huangpu.measurement.metrics import ANNUAL, Metrics, Quantity, Series
from huangpu.measurement.observations import Observation

SIGNS = {"=": "=", "~": "=", ">": ">", ">=": ">", "<": "<", "<=": "<"}


class Unusable(Exception):
    """This row cannot meet its quantity; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Row:
    """y = sum of coefficient x F(time) + season + Normal(0, se), or a bound of it; all in the transformed unit.

    terms   (coefficient, year) of a mean over the first `months` of the year, (coefficient, decimal year) of a stock
    season  standard error of the season, were the months six; 0 for whole years and stocks
    """

    row_id: str
    quantity: str
    basis: str
    form: str
    y: float
    se: float
    season: float
    bound: str  # = > <
    reach: float  # how far to its side a bound reaches, in the transformed unit; inf for exact rows
    terms: tuple[tuple[float, float], ...]
    months: int  # 12, or the part of each year that is compared


def equation(o: Observation, series: Series, metrics: Metrics) -> Row:
    """The row as an equation. Raises Unusable with the reason if it has none."""
    quantity = metrics.quantities[series.quantity]
    if not o.from_january:
        raise Unusable(f"{o.period} does not begin with the year")
    if o.months is not None and not 1 <= o.months <= 12:
        raise Unusable(f"covers {o.months} months")
    y, se, season, terms = FORMS[series.form](_unrevised(o, metrics), series, metrics)
    if not (math.isfinite(y) and se > 0):
        raise Unusable(f"value {o.value:g} with standard error {o.se:g} has no {quantity.transform} with an error")
    sign = SIGNS[o.bound]
    reach = math.inf if sign == "=" else metrics.bound_reach * se
    season = season if _in_part(o, quantity) else 0.0
    return Row(o.row_id, series.quantity, o.basis, series.form, y, se, season, sign, reach, terms, o.months or 12)


def _unrevised(o: Observation, metrics: Metrics) -> Observation:
    """With the error of revisions in that of a first release."""
    errors = metrics.revision
    if errors is None or o.status != "preliminary":
        return o
    change = {"percent": errors.growth_points if o.kind != "share" else errors.share_points}
    return replace(o, se=math.hypot(o.se, change.get(o.unit, errors.level_relative * abs(o.value))))


def _level(o: Observation, series: Series, metrics: Metrics):
    """Transform of the figure; a part year of a flow as a yearly rate, of a share as it is."""
    quantity = metrics.quantities[series.quantity]
    if o.span:
        raise Unusable("a figure over several years is no level of one of them")
    if o.unit != quantity.unit:
        raise Unusable(f"unit {o.unit}, the quantity is in {quantity.unit}")
    share, errors = o.kind == "share", metrics.season_of(series.quantity)
    scale = 12 / o.months if _in_part(o, quantity) and not share else 1.0
    value = scale * o.value
    y, slope = TRANSFORMS[quantity.transform](value)
    season = errors.share_points if share else errors.level_relative * value
    return y, slope * scale * o.se, slope * season, ((1.0, _time(o, quantity)),)


def _growth(o: Observation, series: Series, metrics: Metrics):
    """Log ratio of two years' figures: of one year over the last, or over a span (average rate or total change); for a
    part year of the same parts of both."""
    if o.unit != "percent":
        raise Unusable(f"unit {o.unit}, growth is read in percent")
    if o.value <= -100:
        raise Unusable(f"growth of {o.value:g} percent")
    quantity = metrics.quantities[series.quantity]
    how, first, last = o.span or ("cum", o.year, o.year)
    if o.date is not None and not o.span:
        raise Unusable("growth at a date, not over a year")
    years = last - first + 1 if how == "avg" else 1
    slope = 1 / (100 + o.value)
    terms = ((1.0, _year_time(last, o, quantity)), (-1.0, _year_time(first - 1, o, quantity)))
    season = metrics.season_of(series.quantity).growth_points
    return years * log(1 + o.value / 100), years * o.se * slope, season * slope, terms


def _in_part(o: Observation, quantity: Quantity) -> bool:
    """Whether the figure is of a part of a year's flow; a stock at the end of a part has no season here."""
    return quantity.operator == ANNUAL and o.months not in (None, 12)


def _time(o: Observation, quantity: Quantity) -> float:
    if o.date is None:
        return _year_time(o.year, o, quantity)
    if quantity.operator == ANNUAL:
        raise Unusable("a dated figure of an annual quantity")
    return o.date


def _year_time(year: int, o: Observation, quantity: Quantity) -> float:
    """Time of a term: the year itself for a mean over it or its part, the end of the months for stocks."""
    return float(year) if quantity.operator == ANNUAL else year + (o.months or 12) / 12


def _log(value: float) -> tuple[float, float]:
    return (log(value), 1 / value) if value > 0 else (math.nan, math.nan)


def _logit(percent: float) -> tuple[float, float]:
    p = percent / 100
    return (log(p / (1 - p)), 1 / (100 * p * (1 - p))) if 0 < p < 1 else (math.nan, math.nan)


# transform of a figure -> (value, slope): errors go through by the delta method
TRANSFORMS = {"log": _log, "logit": _logit, "identity": lambda value: (value, 1.0)}
FORMS = {"level": _level, "growth": _growth}
