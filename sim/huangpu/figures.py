"""Every reported figure, and how the model meets it or why it does not: `huangpu figures`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from math import ceil, isinf

from rich.console import Console
from rich.table import Table
from rich.text import Text

from huangpu.measurement import DataError, Layer
from huangpu.measurement.metrics import ANNUAL, Quantity
from huangpu.measurement.observations import Observation
from huangpu.measurement.rows import Row
from huangpu.measurement.season import widening
from huangpu.yamlfile import nearest

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Line:
    """One reported figure. how: operator, basis and errors where it enters, else the reason why not."""

    row_id: str
    metric: str
    scope: str
    kind: str
    period: str
    value: str
    enters: bool
    how: str


def figure_lines(layer: Layer, observations: Iterable[Observation], metric: str | None = None) -> list[Line]:
    """A line for every figure of a metric, or of all, by metric, scope and kind. Raises DataError if none has it."""
    observations = list(observations)
    known = {o.metric for o in observations}
    if metric is not None and metric not in known:
        raise DataError(f"no reported figure of '{metric}'{nearest(metric, known)}; `huangpu figures` lists all")
    rows, reasons = {row.row_id: row for row in layer.rows}, dict(layer.unused)
    lines = []
    for o in sorted(observations, key=lambda o: (o.metric, o.scope, o.kind, o.year, o.date or o.year, o.months or 12)):
        if metric in (None, o.metric):
            row = rows.get(o.row_id)
            how = _how(row, layer) if row else reasons[o.row_id]
            lines.append(Line(o.row_id, o.metric, o.scope, o.kind, _period(o), _value(o), row is not None, how))
    return lines


def print_figures(lines: Sequence[Line], console: Console) -> None:
    for (metric, scope, kind), group in groupby(lines, key=lambda line: (line.metric, line.scope, line.kind)):
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        for width in (5, 18, 26):
            table.add_column(width=width)
        table.add_column(ratio=1)
        for line in group:
            style = "" if line.enters else "dim"
            mark = "" if line.enters else "out: "
            cells = (line.row_id, line.period, line.value, mark + line.how)
            table.add_row(*(Text(cell, style=style) for cell in cells))
        console.print(Text(f"{metric}, {scope}, {kind}", style="bold"), table)
    entering = sum(line.enters for line in lines)
    console.print(Text(f"{entering} of {len(lines)} figures enter the fit."))


def _how(row: Row, layer: Layer) -> str:
    quantity = layer.metrics.quantities[row.quantity]
    parts = [f"{row.quantity}, {_operator(row, quantity)}", f"error {_size(row.se, quantity)}"]
    if row.season:
        parts.append(f"season {_size(row.season * widening(row.months), quantity)}")
    if row.bound != "=":
        reach = "" if isinf(row.reach) else f", reaches {_size(row.reach, quantity)}"
        parts.append(f"{'lower' if row.bound == '>' else 'upper'} bound{reach}")
    if row.form == "level":
        offsets = layer.metrics.offsets_of(row.quantity, row.basis)
        parts += [f"basis off by {_size(offset.sd, quantity)}" for offset in offsets]
    return "; ".join(parts)


def _operator(row: Row, quantity: Quantity) -> str:
    """What of the run the figure is compared with: a mean over months or a day, or the ratio of two."""
    if quantity.operator == ANNUAL:
        part = "" if row.months == 12 else f"Jan-{MONTHS[row.months - 1]} " if row.months > 1 else "Jan "
        times = [f"{part}{time:.0f}" for _, time in row.terms]
        return " over ".join(times) if row.form == "growth" else f"mean of {times[0]}"
    days = [_day(time).isoformat() for _, time in row.terms]
    return " over ".join(days) if row.form == "growth" else f"at {days[0]}"


def _day(time: float) -> date:
    """The day that ends at a decimal year."""
    year = ceil(time) - 1
    first = date(year, 1, 1)
    return first + timedelta(days=round((time - year) * (date(year + 1, 1, 1) - first).days) - 1)


def _size(error: float, quantity: Quantity) -> str:
    """A standard error in the transformed unit, for people."""
    match quantity.transform:
        case "log":
            return f"{100 * error:.2g} %"
        case "logit":
            return f"{error:.2g} in log odds"
        case _:
            return f"{error:.3g} {quantity.unit}"


def _period(o: Observation) -> str:
    if o.date is not None:
        return _day(o.date).isoformat()
    return o.period if o.span else f"{o.period} {o.year}"


def _value(o: Observation) -> str:
    bound = "" if o.bound == "=" else f"{o.bound} "
    basis = f" ({o.basis})" if o.basis else ""
    return f"{bound}{o.value:g} {o.unit}{basis}"
