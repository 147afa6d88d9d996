"""Rows held out at an origin, what of the model each is met with, and the series that naive forecasters know.

Held out are preferred rows that may calibrate, published after the origin about a year after it. Of the parts of one
year and cell only the longest counts. Rows that no quantity of metrics.yaml can predict are listed with the reason.

A row is met by the quantity whose series asks for its metric, scope and kind, whatever years, rows or parts the fit
takes of it; failing that, nominal growth by a quantity of the level and the level by one of nominal growth, of the same
metric and scope. A level needs a basis that the quantity knows: its own, that of a known row, or one with an offset.

A *series* is metric/scope/kind/basis, with the months or the span where these make another quantity of it: parts of
years of levels, averages over several years. The parts of years of rates and shares stand with full years, the longest
of each year, if they cover half of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from huangpu.backtest.types import History, transform_of
from huangpu.measurement import Layer
from huangpu.measurement.metrics import Metrics, Series
from huangpu.measurement.observations import Observation
from huangpu.measurement.rows import Row, Unusable, equation

HALF = 6  # months of a part year whose rate or share stands for the year's

# kind of a row -> kind of series whose quantity may meet it too, and in which form
NEAR = {"growth_nominal": ("level", "growth"), "level": ("growth_nominal", "level")}


@dataclass(frozen=True)
class Meeting:
    """A held-out row and the equation that meets it; the equation's own value and error are not looked at."""

    observation: Observation
    row: Row


def held_rows(observations: Iterable[Observation], origin: int) -> tuple[Observation, ...]:
    """Rows that a forecast from the origin is scored on, in file order."""
    day = f"{origin}-12-31"
    rows = [
        o
        for o in observations
        if o.preferred
        and o.use == "calibrate"
        and o.verification != "recalled"
        and o.published > day
        and o.year > origin
    ]
    longest: dict[tuple, Observation] = {}
    for o in rows:
        where = _year_cell(o)
        if where not in longest or (o.months or 0) > (longest[where].months or 0):
            longest[where] = o
    kept = {o.row_id for o in longest.values()}
    return tuple(o for o in rows if o.row_id in kept)


def _year_cell(o: Observation) -> tuple:
    """Parts of one year share it; a dated stock has its own."""
    return (o.metric, o.scope, o.kind, o.basis, o.year, o.span, o.date, o.period if o.months is None else "")


def meetings(
    rows: Iterable[Observation], layer: Layer
) -> tuple[tuple[Meeting, ...], tuple[tuple[Observation, str], ...]]:
    """(rows with what meets them, the others with the reason)."""
    met, left = [], []
    for o in rows:
        found = _meeting(o, layer)
        if isinstance(found, str):
            left.append((o, found))
        else:
            met.append(Meeting(o, found))
    return tuple(met), tuple(left)


def _meeting(o: Observation, layer: Layer) -> Row | str:
    metrics = layer.metrics
    candidates = _candidates(o, metrics)
    if not candidates:
        return f"no quantity for {o.metric}, {o.scope}, {o.kind}"
    reasons = []
    for series in candidates:
        try:
            row = equation(o, series, metrics)
        except Unusable as reason:
            reasons.append(str(reason))
            continue
        if row.form == "level" and not _known_basis(row, layer):
            reasons.append(f"{series.quantity} has no offset for basis '{o.basis}'")
        elif min(time for _, time in row.terms) < layer.start:
            reasons.append(f"needs {min(time for _, time in row.terms):g}, the simulation begins in {layer.start:g}")
        else:
            return row
    return reasons[0]


def _candidates(o: Observation, metrics: Metrics) -> list[Series]:
    near, form = NEAR.get(o.kind, ("", ""))
    same = [s for s in metrics.series if (s.metric, s.scope) == (o.metric, o.scope)]
    exact = [s for s in same if s.kind == o.kind and s.basis in (None, o.basis)]
    other = [s for s in same if s.kind == near and metrics.quantities[s.quantity].transform == "log"]
    return exact or [s.model_copy(update={"form": form}) for s in other]


def _known_basis(row: Row, layer: Layer) -> bool:
    metrics = layer.metrics
    if metrics.offsets_of(row.quantity, row.basis) or row.basis == metrics.quantities[row.quantity].basis:
        return True
    plain = {
        r.basis
        for r in layer.rows
        if r.quantity == row.quantity and r.form == "level" and not metrics.offsets_of(r.quantity, r.basis)
    }
    return row.basis in (plain or {""})


# ---- series as naive forecasters see them


def series_name(o: Observation) -> str:
    name = f"{o.metric}/{o.scope}/{o.kind}/{o.basis}"
    if o.span:
        return f"{name}/{o.span[0]}"
    if transform_of(o.kind) == "log" and o.months not in (None, 12):
        return f"{name}/{o.months} months"
    return name


def histories(known: Iterable[Observation]) -> dict[str, History]:
    """Series name -> figures as they were known, without bounds; of two for one time the one published later."""
    figures: dict[str, dict[float, Observation]] = {}
    for o in known:
        if o.bound not in ("=", "~") or o.span or not _stands_for_year(o):
            continue
        at = figures.setdefault(series_name(o), {})
        time = axis(o)
        if time not in at or (o.months or 12, o.published) > (at[time].months or 12, at[time].published):
            at[time] = o
    found = {}
    for name, at in figures.items():
        rows = [(time, *on_scale(o)) for time, o in sorted(at.items())]
        rows = [row for row in rows if math.isfinite(row[1]) and math.isfinite(row[2])]
        if rows:
            kind = next(iter(at.values())).kind
            found[name] = History(name, kind, *np.array(rows).T)
    return found


def _stands_for_year(o: Observation) -> bool:
    """Whether a figure can be compared with others of its series."""
    return o.from_january and (o.months in (None, 12) or transform_of(o.kind) == "log" or o.months >= HALF)


def axis(o: Observation) -> float:
    """Where a figure stands in time: its year, or the date of a dated stock."""
    return float(o.year) if o.date is None else o.date


def on_scale(o: Observation) -> tuple[float, float]:
    """The figure and its standard error on the scale of scores; what grew over several years, a year."""
    if transform_of(o.kind) == "log":
        return (math.log(o.value), o.se / o.value) if o.value > 0 else (math.nan, math.nan)
    years = span_years(o)
    if years == 1 or not o.kind.startswith(("growth", "change")) or o.value <= -100:
        return o.value, o.se
    rate = 100 * math.expm1(math.log1p(o.value / 100) / years)
    return rate, o.se * (100 + rate) / (100 + o.value) / years


def span_years(o: Observation) -> int:
    """Years over which a total change accumulates; 1 for yearly figures and averages."""
    return o.span[2] - o.span[1] + 1 if o.span and o.span[0] == "cum" else 1


def typical_error(layer: Layer, row: Row) -> float:
    """Standard error that a figure like this is reported with, in the transformed unit: the median of known rows.

    Of the same quantity and form, else of the same form; the row's own is not known before it is published.
    """
    known = [r for r in layer.rows if r.form == row.form]
    own = [r.se for r in known if r.quantity == row.quantity]
    return float(np.median(own or [r.se for r in known])) if known else 0.0


def count_reasons(left: Sequence[tuple[Observation, str]]) -> dict[str, int]:
    """Reason -> rows, most first."""
    counts: dict[str, int] = {}
    for _, reason in left:
        counts[reason] = counts.get(reason, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))
