"""observations.csv: reported figures, each with its unit, basis, precision and source."""

from __future__ import annotations

import re
from calendar import isleap
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from huangpu.measurement.datafile import DataError, iso_day, read_csv

COLUMNS = (
    *("row_id", "metric", "scope", "year", "period", "date", "months", "value", "unit", "kind", "basis", "bound"),
    *("se_abs", "published", "source_id", "verification", "preferred", "use"),
)
_SPAN = re.compile(r"(avg|cum)_(\d{4})-(\d{4})(?::(.+))?")
_MONTHS = {"Q1": 3, "H1": 6, "Q1-3": 9}
_LATER = {*("Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), "Q2", "Q3", "Q4", "H2"}


@dataclass(frozen=True, slots=True)
class Observation:
    """One reported figure. months: covered from January, None for dated stocks; date: decimal year of a dated stock.

    span: (avg or cum, first year, last year) for a figure over several years; its months are those of the parts that
    it compares, 12 for full years. status: `preliminary` for a first release, else what the file says, or nothing.
    """

    row_id: str
    metric: str
    scope: str
    kind: str
    basis: str
    year: int
    period: str
    months: int | None
    date: float | None
    span: tuple[str, int, int] | None
    value: float
    unit: str
    bound: str
    se: float
    published: str
    verification: str
    preferred: bool
    use: str
    status: str = ""

    @property
    def said(self) -> tuple[float, str, float]:
        """What the figure says: value, bound and its standard error, in its own unit."""
        return self.value, self.bound, self.se

    @property
    def recalled(self) -> bool:
        """Whether the figure has no source."""
        return self.verification == "recalled"

    @property
    def from_january(self) -> bool:
        """Whether the period begins with the year, as `months` takes it; a single later month or quarter does not."""
        return self.period not in _LATER


def read_observations(path: Path | str) -> tuple[Observation, ...]:
    """Every row of the file, in its order. Raises DataError naming the row_id."""
    found: dict[str, Observation] = {}
    for row in read_csv(path, COLUMNS):
        try:
            observation = _observation(row)
        except ValueError as error:
            raise DataError(f"{path}: row_id {row['row_id'] or '(empty)'}: {error}") from None
        if observation.row_id in found:
            raise DataError(f"{path}: row_id {observation.row_id} is given twice; keep one")
        found[observation.row_id] = observation
    return tuple(found.values())


def _observation(row: dict[str, str]) -> Observation:
    if row["bound"] not in ("=", "~", ">", ">=", "<", "<="):
        raise ValueError(f"bound is {row['bound']!r}, expected one of = ~ > >= < <=")
    span = _span(row["period"])
    months = span[1] if span else (_number(row, "months", int) if row["months"] else None)
    return Observation(
        row_id=row["row_id"],
        metric=row["metric"],
        scope=row["scope"],
        kind=row["kind"],
        basis=row["basis"],
        year=_number(row, "year", int),
        period=row["period"],
        months=months,
        date=_decimal_year(row["date"]) if row["date"] else None,
        span=span[0] if span else None,
        value=_number(row, "value", float),
        unit=row["unit"],
        bound=row["bound"],
        se=_number(row, "se_abs", float),
        published=_day(row, "published"),
        verification=row["verification"],
        preferred=row["preferred"] == "1",
        use=row["use"],
        status=row.get("status", ""),
    )


def _span(period: str) -> tuple[tuple[str, int, int], int] | None:
    """((avg or cum, first, last), months of the parts compared) of a period over several years."""
    match = _SPAN.fullmatch(period)
    if not match:
        return None
    how, first, last, part = match.groups()
    if part is not None and part not in _MONTHS:
        raise ValueError(f"period {period!r} compares parts of a year other than {', '.join(_MONTHS)}")
    return (how, int(first), int(last)), _MONTHS.get(part, 12)


def _number(row: dict[str, str], column: str, kind: type):
    try:
        return kind(row[column])
    except ValueError:
        raise ValueError(f"{column} is {row[column]!r}, expected a number") from None


def _day(row: dict[str, str], column: str) -> str:
    """Empty where the file says none."""
    try:
        return iso_day(row[column]) if row[column] else ""
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from None


def _decimal_year(text: str) -> float:
    """The end of a day as a decimal year: 2022-12-31 is 2023.0."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"date is {text!r}, expected YYYY-MM-DD") from None
    return day.year + day.timetuple().tm_yday / (365 + isleap(day.year))
