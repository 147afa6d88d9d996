"""How targets came out, as reported: results/outcomes.csv."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from huangpu.measurement.datafile import DataError, read_csv
from huangpu.yamlfile import nearest

COLUMNS = ("target_id", "outcome_value", "outcome_period", "met", "verification")
VERDICTS = ("yes", "no", "unknown")


@dataclass(frozen=True, slots=True)
class Outcome:
    """met is yes, no or unknown; value, in the target's unit, is None where none was reported; period says when."""

    met: str
    value: float | None
    period: str
    verification: str


def read_outcomes(path: Path, targets: Iterable[str]) -> dict[str, Outcome]:
    """Target id -> outcome; rows about targets of other plans are passed over. Raises DataError with all problems."""
    known, found, problems = set(targets), {}, []
    for line, row in enumerate(read_csv(path, COLUMNS), start=2):
        id, value = row["target_id"], _number(row["outcome_value"])
        if not id:
            continue
        if id not in known:
            problems.append(f"{path}:{line}: no such target in targets.csv: '{id}'{nearest(id, known)}")
        if id in found:
            problems.append(f"{path}:{line}: {id} has an outcome already; keep one")
        if row["met"] not in VERDICTS:
            problems.append(f"{path}:{line}: {id}: met is '{row['met']}', expected {', '.join(VERDICTS)}")
        if value is None and row["outcome_value"]:
            problems.append(f"{path}:{line}: {id}: outcome_value is '{row['outcome_value']}', expected a number")
        found[id] = Outcome(row["met"], value, row["outcome_period"], row["verification"])
    if problems:
        raise DataError("\n".join(problems))
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
