"""The plans' targets, read from results/targets.csv."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from huangpu.measurement.datafile import DataError, read_csv

COLUMNS = (
    *("id", "plan", "metric", "label_en", "operator", "value", "value_hi", "unit", "target_year", "base_year"),
    *("horizon", "scope", "theme", "modelled_as", "left_out"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """One row of targets.csv.

    `value` is None where the plan names no number; `high` is set for ranges only; `left_out` is why the target is not
    scored, "" where it is.
    """

    id: str
    plan: str
    metric: str
    scope: str
    label: str
    operator: str
    value: float | None
    high: float | None
    unit: str
    year: int
    base_year: int | None
    horizon: str
    theme: str
    modelled_as: str
    left_out: str = ""


def read_targets(path: Path) -> tuple[Target, ...]:
    """The targets of all plans, in file order. Raises DataError for a cell that does not read."""
    return tuple(_target(path, line, row) for line, row in enumerate(read_csv(path, COLUMNS), start=2))


def plans(targets: Iterable[Target]) -> tuple[str, ...]:
    """The plans in the order in which their last targets are due; those due together in file order."""
    last: dict[str, int] = {}
    for target in targets:
        last[target.plan] = max(target.year, last.get(target.plan, target.year))
    return tuple(sorted(last, key=last.__getitem__))


def _target(path: Path, line: int, row: dict[str, str]) -> Target:
    def number(column: str, kind: type) -> float | int | None:
        try:
            return kind(row[column]) if row[column] else None
        except ValueError:
            raise DataError(f"{path}:{line}: {row['id']}: {column} is '{row[column]}', expected a number") from None

    if not row["target_year"]:
        raise DataError(f"{path}:{line}: {row['id']}: target_year is empty, expected a year")
    return Target(
        id=row["id"],
        plan=row["plan"],
        metric=row["metric"],
        scope=row["scope"],
        label=row["label_en"],
        operator=row["operator"],
        value=number("value", float),
        high=number("value_hi", float),
        unit=row["unit"],
        year=number("target_year", int),
        base_year=number("base_year", int),
        horizon=row["horizon"],
        theme=row["theme"],
        modelled_as=row["modelled_as"],
        left_out=row["left_out"].strip(),
    )
