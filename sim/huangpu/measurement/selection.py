"""Which rows enter, and for every other row the reason why not.

A series takes its rows through the steps below in turn; each returns the rows that stay and notes why the others go.
Year-to-date rows of one year overlap, so of those that can be used only the one with the most months stays, unless the
series asks for all parts: then the errors that they share are in `season.py`, their drift in the processes.

Figures without a source stay out unless they are asked for; then they enter with a wider error, and only where none
with a source says the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from huangpu.measurement.datafile import DataError
from huangpu.measurement.metrics import ANNUAL, Metrics, Series
from huangpu.measurement.observations import Observation
from huangpu.measurement.rows import Row, Unusable, equation

Rows = list[Observation]
Reasons = dict[str, str]


def select(
    metrics: Metrics, observations: Iterable[Observation], start: float, *, recalled: bool = False
) -> tuple[tuple[Row, ...], tuple[tuple[str, str], ...]]:
    """(rows that enter, (row_id, reason) of every other row in the file's order).

    start: decimal year in which the simulation begins; recalled: figures without a source may enter. Raises DataError
    if metrics.yaml names rows that do not exist or gives one row to two series.
    """
    observations = list(observations)
    of: dict[tuple[str, str, str], Rows] = {}
    for o in observations:
        of.setdefault((o.metric, o.scope, o.kind), []).append(o)
    used: dict[str, Row] = {}
    reasons: Reasons = {}  # of the last series that asked for the row
    for position, series in enumerate(metrics.series, start=1):
        where = f"{metrics.path}: series[{position}] of {series.quantity}"
        same = of.get((series.metric, series.scope, series.kind), [])
        matching = [o for o in same if series.basis in (None, o.basis)]
        _check_named(series, {o.row_id for o in matching}, where)
        refused: Reasons = {}
        standing = _standing(matching, refused, series, metrics, recalled=recalled)
        equations = _equations(series, _named(series, standing, refused), refused, metrics, start)
        usable = [o for o in standing if o.row_id in equations]
        apart = series.parts or metrics.quantities[series.quantity].operator != ANNUAL
        for o in _anchors(series, _longest(usable, refused, apart=apart), refused):
            if o.row_id in used:
                raise DataError(f"{where}: row {o.row_id} already enters as {used[o.row_id].quantity}; use it once")
            used[o.row_id] = equations[o.row_id]
        reasons |= refused
    _check_bases(used.values(), metrics)
    unused = [(o.row_id, reasons.get(o.row_id) or _why(o)) for o in observations if o.row_id not in used]
    return tuple(used[o.row_id] for o in observations if o.row_id in used), tuple(unused)


def _standing(rows: Rows, reasons: Reasons, series: Series, metrics: Metrics, *, recalled: bool) -> Rows:
    """Those that may be used, figures without a source with their wider errors."""
    kept = []
    for o in rows:
        if not (o.recalled and recalled):
            why = _out_of_use(o)
        elif not o.preferred:
            why = "recalled, not the preferred row of its cell"
        elif o.basis != metrics.quantities[series.quantity].basis and not metrics.offsets_of(series.quantity, o.basis):
            why = "recalled, on a basis of its own"
        else:
            why, o = "", replace(o, se=metrics.recalled_factor * o.se)
        if why:
            reasons[o.row_id] = why
        else:
            kept.append(o)
    return kept


def _named(series: Series, rows: Rows, reasons: Reasons) -> Rows:
    for o in rows:
        if o.row_id in series.leave_out:
            reasons[o.row_id] = series.leave_out[o.row_id]
        elif series.rows and o.row_id not in series.rows:
            reasons[o.row_id] = f"not among the rows that the series of {series.quantity} names"
        elif series.years and o.year not in series.years:
            reasons[o.row_id] = f"not a year that the series of {series.quantity} asks for"
        elif series.months and o.months not in (None, series.months):
            reasons[o.row_id] = f"covers {o.months} months, the series of {series.quantity} asks for {series.months}"
    return [o for o in rows if o.row_id not in reasons]


def _equations(series: Series, rows: Rows, reasons: Reasons, metrics: Metrics, start: float) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for o in rows:
        try:
            row = equation(o, series, metrics)
        except Unusable as reason:
            reasons[o.row_id] = str(reason)
            continue
        earliest = min(time for _, time in row.terms)
        if earliest < start:
            reasons[o.row_id] = f"needs {earliest:g}, the simulation begins in {start:g}"
        else:
            found[o.row_id] = row
    return found


def _longest(rows: Rows, reasons: Reasons, *, apart: bool) -> Rows:
    """Of the year-to-date rows of one year (and of one span of years) the one with most months, the later of equal;
    one of each length where the parts stand apart, as stocks at the ends of the parts do. One with a source goes before
    one without."""
    best: dict[tuple, Observation] = {}

    def worth(o: Observation) -> tuple[bool, int]:
        return not o.recalled, o.months

    def cell(o: Observation) -> tuple:
        return (o.basis, o.year, o.span, o.months if apart else None) if o.months is not None else (o.row_id,)

    for o in rows:
        if cell(o) not in best or worth(o) >= worth(best[cell(o)]):
            best[cell(o)] = o
    kept = {o.row_id for o in best.values()}
    for o in rows:
        if o.row_id not in kept:
            other = best[cell(o)]
            more = "covers more of the year" if other.months > o.months else "stands later in the file"
            more = "has a source" if o.recalled and not other.recalled else more
            reasons[o.row_id] = f"overlaps {other.row_id}, which {more}"
    return [o for o in rows if o.row_id in kept]


def _anchors(series: Series, rows: Rows, reasons: Reasons) -> Rows:
    """For `anchors: last` the latest full-year row of each basis."""
    if series.anchors == "all":
        return rows
    latest: dict[str, Observation] = {}
    for o in rows:
        if o.months in (None, 12) and (o.basis not in latest or _when(o) >= _when(latest[o.basis])):
            latest[o.basis] = o
    kept = {o.row_id for o in latest.values()}
    for o in rows:
        if o.row_id not in kept:
            anchor = latest.get(o.basis)
            reasons[o.row_id] = (
                f"{anchor.row_id} is the anchor of this basis" if anchor else "an anchor must be a full year"
            )
    return [o for o in rows if o.row_id in kept]


def _when(o: Observation) -> tuple[bool, int, float]:
    """The later the better, but any with a source before one without."""
    return not o.recalled, o.year, o.date or 0


def _out_of_use(o: Observation) -> str:
    """Why a row may enter no likelihood at all, or nothing."""
    if o.recalled:
        return "recalled, no source"
    if o.use != "calibrate":
        return f"use is {o.use}"
    return "" if o.preferred else "not the preferred row of its cell"


def _why(o: Observation) -> str:
    return _out_of_use(o) or f"no series asks for {o.metric}, {o.scope}, {o.kind}"


def _check_named(series: Series, matching: set[str], where: str) -> None:
    for row_id in (*series.rows, *series.leave_out):
        if row_id not in matching:
            raise DataError(f"{where}: row {row_id} is not a row of {series.metric}, {series.scope}, {series.kind}")


def _check_bases(rows: Iterable[Row], metrics: Metrics) -> None:
    """Levels of one quantity on two bases need an offset between them."""
    plain: dict[str, dict[str, str]] = {}
    for name, quantity in metrics.quantities.items():
        bare = quantity.basis and not metrics.offsets_of(name, quantity.basis)
        plain[name] = {quantity.basis: "the quantity itself"} if bare else {}
    for row in rows:
        if row.form == "level" and not metrics.offsets_of(row.quantity, row.basis):
            plain[row.quantity].setdefault(row.basis, f"row {row.row_id}")
    for name, bases in plain.items():
        if len(bases) > 1:
            listed = ", ".join(f"'{basis}' ({who})" for basis, who in bases.items())
            raise DataError(
                f"{metrics.path}: quantities.{name}: levels on bases {listed}; expected at most one basis without an "
                "offset, give the others one"
            )
