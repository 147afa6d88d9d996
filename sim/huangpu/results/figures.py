"""Reported figures as a chart shows them: the level of one quantity, a point each, on the quantity's own axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot

from huangpu.measurement.metrics import PartYear
from huangpu.measurement.observations import Observation
from huangpu.measurement.season import widening

LEVELS = {"level", "count", "share"}
FLOWS = {"level"}  # a part year of these is scaled to twelve months; a share is a share in any months
FEWEST_MONTHS = 6  # shorter parts say little about the year


@dataclass(frozen=True, slots=True)
class Figure:
    """One reported figure. x in years (a yearly figure at its year, a stock of 31 December of year Y at Y).

    error is one standard error, widened for a part year; scaled is True for a part year scaled to twelve months, used
    for a row that the calibration used.
    """

    row_id: str
    x: float
    value: float
    error: float
    unit: str
    bound: str
    basis: str
    scaled: bool
    used: bool


def figures_of(
    observations: Iterable[Observation],
    pairs: Iterable[tuple[str, str]],
    used: Iterable[str],
    part_year: PartYear | None = None,
) -> tuple[Figure, ...]:
    """The figures of the quantity that goes by these (metric, scope) pairs, in order of time.

    Of the statements about one year on one basis the one with the most months counts, and one that was used before
    one that was not. Figures without a source, rows that another one replaces and context are left out. `used` holds
    the row ids that the calibration used; part_year the errors of the season, as in the calibration.
    """
    pairs, used, part_year = set(pairs), set(used), part_year or PartYear()
    chosen: dict[tuple, Observation] = {}
    for row in observations:
        if (row.metric, row.scope) not in pairs or not _shown(row):
            continue
        cell = (row.row_id,) if row.date else (row.metric, row.scope, row.basis, row.year)
        if cell not in chosen or _rank(row, used) > _rank(chosen[cell], used):
            chosen[cell] = row
    return tuple(sorted((_figure(row, row.row_id in used, part_year) for row in chosen.values()), key=lambda f: f.x))


def _shown(row: Observation) -> bool:
    return (
        row.kind in LEVELS
        and row.preferred
        and row.use != "context"
        and row.verification != "recalled"
        and row.span is None
        and row.from_january
        and (row.date is not None or (row.months or 0) >= FEWEST_MONTHS)
    )


def _rank(row: Observation, used: set[str]) -> tuple[int, bool]:
    return row.months or 12, row.row_id in used


def _figure(row: Observation, used: bool, part_year: PartYear) -> Figure:
    months = row.months or 12
    scaled = row.kind in FLOWS and row.date is None and months < 12
    factor = 12 / months if scaled else 1.0
    value = row.value * factor
    season = value * part_year.level_relative if row.kind in FLOWS else part_year.share_points
    part = 0.0 if row.date else season * widening(months)
    return Figure(
        row_id=row.row_id,
        x=float(row.year) if row.date is None else row.date - 1,
        value=value,
        error=hypot(row.se * factor, part),
        unit=row.unit,
        bound=row.bound,
        basis=row.basis,
        scaled=scaled,
        used=used,
    )
