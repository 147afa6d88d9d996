"""The scorecard: for every target of a plan its reading, projection, probability and what stands behind it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from huangpu.measurement.datafile import DataError
from huangpu.measurement.simulated import Predictions
from huangpu.results.probability import OPERATORS, batches_of, limit, probability
from huangpu.results.readings import Reading
from huangpu.results.statistics import STATISTICS
from huangpu.results.targets import Target
from huangpu.results.writing import write_text
from huangpu.yamlfile import nearest

MODELLED = "modelled"
PRIOR_ONLY = "prior only"  # no observation behind it
NOT_MODELLED = "not modelled yet"


@dataclass(frozen=True, slots=True)
class Score:
    """One target and its odds: a row of scorecard.csv, whose columns are these fields in this order.

    Amounts are in `unit`, `probability` and `mc_error` (one Monte-Carlo standard error) are shares of 1, and None where
    the target is not modelled. `bad_members` of `members` gave no finite number: they count as not meeting the target
    and are left out of median and interval. `effective_members` are the independent draws that the members are worth.
    """

    target_id: str
    status: str
    metric: str
    operator: str
    threshold: float | None
    unit: str
    median: float | None
    p05: float | None
    p95: float | None
    probability: float | None
    mc_error: float | None
    observations: int
    threshold_high: float | None
    year: int
    years: str
    scope: str
    theme: str
    label: str
    quantity: str
    reading: str
    members: int
    effective_members: float | None
    bad_members: int
    note: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Scores of one plan with what they were made from: the targets of all plans, the readings of this one."""

    targets: tuple[Target, ...]
    readings: Mapping[str, Reading]
    scores: tuple[Score, ...]


def scorecard(
    predictions: Predictions,
    targets: tuple[Target, ...],
    readings: Mapping[str, Reading],
    rows_behind: Mapping[str, tuple[str, ...]],
) -> list[Score]:
    """The scores of all targets, in their order.

    predictions  quantities as they would be reported, each with its unit in attrs["units"]
    rows_behind  quantity -> row ids of the observations that it was fitted to

    Raises DataError for a reading that the predictions cannot answer.
    """
    if predictions.size == 0:
        raise DataError("the predictions hold no member: nothing to score; check the run's members")
    batches = batches_of(predictions.chain, predictions.draw)
    return [_score(predictions, target, readings[target.id], rows_behind, batches) for target in targets]


def member_values(predictions: Predictions, target: Target, reading: Reading) -> np.ndarray:
    """The numbers that are compared with the threshold, one a member, shape (member,), in the target's unit."""
    statistic = STATISTICS[reading.statistic]
    values, other = (
        _yearly(predictions, target, name, reading) if name else None for name in (reading.quantity, reading.other)
    )
    unit = predictions.attrs[reading.quantity].get("units", target.unit)
    # A yearly commitment may be met by a quantity that is written as an amount or as a rate.
    if statistic.same_unit and unit not in (target.unit, target.unit.removesuffix("_per_year")):
        raise DataError(f"{target.id}: the target is in {target.unit}, quantity '{reading.quantity}' in {unit}")
    with np.errstate(all="ignore"):  # members without a finite number are counted, not hidden
        return statistic.compute(values, other)


def _yearly(predictions: Predictions, target: Target, name: str, reading: Reading) -> np.ndarray:
    if name not in predictions.values:
        raise DataError(f"{target.id}: no quantity '{name}' is predicted{nearest(name, predictions.values)}")
    years = np.arange(reading.first, reading.last + 1)
    missing = np.setdiff1d(years, predictions.years)
    if missing.size:
        raise DataError(
            f"{target.id}: '{name}' is not predicted for {', '.join(map(str, missing))}; extend the scenario's horizon"
        )
    return predictions.values[name][np.searchsorted(predictions.years, years)]


def _score(predictions, target: Target, reading: Reading, rows_behind, batches) -> Score:
    row = {
        "target_id": target.id,
        "metric": target.metric,
        "operator": target.operator,
        "threshold": target.value,
        "threshold_high": target.high,
        "unit": target.unit,
        "year": target.year,
        "years": str(target.year) if reading.not_modelled else reading.years,
        "scope": target.scope,
        "theme": target.theme,
        "label": target.label,
        "quantity": reading.quantity,
        "reading": reading.text,
        "members": predictions.size,
    }
    if reading.not_modelled:
        empty = dict.fromkeys(("median", "p05", "p95", "probability", "mc_error", "effective_members"))
        return Score(**row, **empty, status=NOT_MODELLED, observations=0, bad_members=0, note=reading.not_modelled)

    values = member_values(predictions, target, reading)
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        met = OPERATORS[target.operator].met(values, target, reading.tolerance) & finite
    chance = probability(met, values, batches)
    quantiles = np.quantile(values[finite], [0.5, 0.05, 0.95]) if finite.any() else [None] * 3
    behind = {row_id for name in reading.quantities for row_id in rows_behind.get(name, ())}
    bad = int((~finite).sum())
    trouble = f"{bad} of {len(values)} members gave no finite number and count as not met" if bad else ""
    return Score(
        **row,
        status=MODELLED if behind else PRIOR_ONLY,
        median=_float(quantiles[0]),
        p05=_float(quantiles[1]),
        p95=_float(quantiles[2]),
        probability=chance.value,
        mc_error=chance.error,
        effective_members=chance.effective,
        observations=len(behind),
        bad_members=bad,
        note="; ".join(text for text in (reading.note, trouble) if text),
    )


def _float(value) -> float | None:
    return None if value is None else float(value)


def write_scorecard(scores: Sequence[Score], path: Path) -> None:
    """scorecard.csv: a header and a row a target; numbers at full precision, empty where there is none.

    A probability is the share of members that meet the target, but never 0 or 1, which no count of members shows: it is
    then the limit that a terminal prints (`<0.1 %` is 0.001, `>99.9 %` is 0.999), and `mc_error` is as large.
    """
    columns = [field.name for field in fields(Score)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(getattr(score, column)) for column in columns] for score in map(_never_certain, scores))
    write_text(path, text.getvalue())


def _never_certain(score: Score) -> Score:
    if score.probability not in (0, 1):
        return score
    least = limit(score.effective_members)
    return replace(score, probability=abs(score.probability - least), mc_error=least)


def _cell(value) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.10g}"
        case _:
            return str(value)
