"""What is to be answered: the targets of all plans, what each is taken to mean, and how they came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from huangpu.results.outcomes import Outcome, read_outcomes
from huangpu.results.readings import Readings, read_readings
from huangpu.results.targets import Target, plans, read_targets


@dataclass(frozen=True)
class Questions:
    """targets: of all plans; readings: target id -> the default and alternatives; outcomes: target id -> outcome."""

    targets: tuple[Target, ...]
    readings: Readings
    outcomes: Mapping[str, Outcome]

    @property
    def plans(self) -> tuple[str, ...]:
        """By the year in which they end, the latest last."""
        return plans(self.targets)


def read_questions(folder: Path, units: Mapping[str, str]) -> Questions:
    """From targets.csv, readings.yaml and outcomes.csv in a folder. DataError for files that do not fit together.

    units: predicted quantity -> its unit.
    """
    targets = read_targets(folder / "targets.csv")
    outcomes = read_outcomes(folder / "outcomes.csv", (target.id for target in targets))
    return Questions(targets, read_readings(folder / "readings.yaml", targets, units), outcomes)
