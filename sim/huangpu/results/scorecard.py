"""The scorecard: for every target its readings, and for each the projection, probability and what stands behind it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from huangpu.measurement.datafile import DataError
from huangpu.measurement.simulated import Predictions
from huangpu.results.outcomes import Outcome
from huangpu.results.probability import OPERATORS, batches_of, probability
from huangpu.results.questions import Questions
from huangpu.results.readings import Reading
from huangpu.results.statistics import STATISTICS
from huangpu.results.targets import Target
from huangpu.results.writing import write_text

MODELLED = "modelled"
PRIOR_ONLY = "prior only"  # no observation behind it
HINDSIGHT = "hindsight"  # due before the last figure that the model was fitted to: a look back
FAILED = "failed"  # no member gave a finite number
OUTSIDE = "outside the run"
LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Score:
    """One reading of a target and its odds: a row of scorecard.csv, whose columns are these fields in this order.

    Amounts are in `unit`; `probability` and `mc_error` (one Monte-Carlo standard error) are shares of 1, and None where
    status is failed, outside the run or left out. `finest` is the smallest chance that the members tell from none.
    `bad_members` of `members` gave no finite number: they count as not meeting the target and are left out of median
    and interval. `effective_members` are the independent draws that the members are worth. `outcome` and `met` (yes,
    no, unknown) are what was reported of the target, `verification` how sure that is; only beside its default reading.
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
    plan: str
    reading_name: str
    finest: float | None
    outcome: float | None
    met: str
    verification: str


@dataclass(frozen=True)
class Answer:
    """Scores in the order of the targets, the default reading of each before its alternatives."""

    questions: Questions
    scores: tuple[Score, ...]

    def of_plan(self, plan: str) -> tuple[Score, ...]:
        """The scores of one plan under the default readings; targets that are left out too."""
        return tuple(score for score in self.scores if score.plan == plan and self.is_default(score))

    def others(self, plan: str) -> tuple[Score, ...]:
        """The scores of one plan under alternative readings."""
        return tuple(score for score in self.scores if score.plan == plan and not self.is_default(score))

    def is_default(self, score: Score) -> bool:
        readings = self.questions.readings.get(score.target_id)
        return readings is None or readings[0].name == score.reading_name

    @property
    def latest(self) -> tuple[Score, ...]:
        """The default scores of the plan that ends last."""
        return self.of_plan(self.questions.plans[-1])


def scorecard(
    predictions: Predictions, questions: Questions, rows_behind: Mapping[str, tuple[str, ...]], until: float
) -> Answer:
    """Every target of every plan, under each of its readings.

    predictions  quantities as they would be reported
    rows_behind  quantity -> row ids of the observations that it was fitted to
    until        decimal year of the last of these: what was due by then is a look back
    """
    if predictions.size == 0:
        raise DataError("the predictions hold no member: nothing to score; check the run's members")
    batches = batches_of(predictions.chain, predictions.draw)

    def scores() -> Iterator[Score]:
        for target in questions.targets:
            if target.left_out:
                yield _without_reading(target, predictions.size, questions.outcomes.get(target.id))
                continue
            for position, reading in enumerate(questions.readings[target.id]):
                outcome = questions.outcomes.get(target.id) if position == 0 else None
                behind = {row_id for name in reading.quantities for row_id in rows_behind.get(name, ())}
                bare = _bare(target, reading, predictions.size, outcome)
                yield _scored(replace(bare, observations=len(behind)), predictions, reading, batches, until)

    return Answer(questions, tuple(scores()))


def member_values(predictions: Predictions, reading: Reading) -> np.ndarray:
    """The numbers that are compared with the threshold, (number, member); of several each must meet it."""
    years = slice(*np.searchsorted(predictions.years, [reading.first, reading.last + 1]))
    values, other = (predictions.values[name][years] if name else None for name in (reading.quantity, reading.other))
    with np.errstate(all="ignore"):  # members without a finite number are counted, not hidden
        return STATISTICS[reading.statistic].compute(values, other)


def met_by(predictions: Predictions, reading: Reading, operator: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(member,) each: the number that decides, whether all numbers are finite, whether the target is met.

    Of several numbers the least counts; who gives none that is finite does not meet the target.
    """
    numbers = member_values(predictions, reading)
    finite = np.isfinite(numbers).all(axis=0)
    with np.errstate(invalid="ignore"):
        met = OPERATORS[operator].met(numbers, reading.asked).all(axis=0)
    return numbers.min(axis=0), finite, met & finite


def _bare(target: Target, reading: Reading, members: int, outcome: Outcome | None) -> Score:
    """The row of a reading with nothing computed yet."""
    asked = reading.asked
    changes = {"threshold": asked.value, "threshold_high": asked.high, "years": reading.years, "note": reading.note}
    names = {"quantity": reading.quantity, "reading": reading.text, "reading_name": reading.name}
    return replace(_without_reading(target, members, outcome), **changes, **names)


def _without_reading(target: Target, members: int, outcome: Outcome | None) -> Score:
    numbers = ("median", "p05", "p95", "probability", "mc_error", "effective_members", "finest")
    return Score(
        target_id=target.id,
        status=LEFT_OUT,
        metric=target.metric,
        operator=target.operator,
        threshold=target.value,
        threshold_high=target.high,
        unit=target.unit,
        year=target.year,
        years=str(target.year),
        scope=target.scope,
        theme=target.theme,
        label=target.label,
        plan=target.plan,
        quantity="",
        reading="",
        reading_name="",
        members=members,
        observations=0,
        bad_members=0,
        note=target.left_out,
        outcome=outcome.value if outcome else None,
        met=outcome.met if outcome else "",
        verification=outcome.verification if outcome else "",
        **dict.fromkeys(numbers),
    )


def _scored(score: Score, predictions: Predictions, reading: Reading, batches: list, until: float) -> Score:
    first, last = int(predictions.years[0]), int(predictions.years[-1])
    if reading.first < first or reading.last > last:
        needs = f"{reading.first}" if reading.first == reading.last else f"{reading.first} to {reading.last}"
        return _noted(replace(score, status=OUTSIDE), f"needs {needs}, the run covers {first} to {last}")
    values, finite, met = met_by(predictions, reading, score.operator)
    bad = int((~finite).sum())
    if bad == len(values):
        return _noted(replace(score, status=FAILED, bad_members=bad), "no member gave a finite number")
    chance = probability(met, values, batches)
    median, low, high = map(float, np.quantile(values[finite], [0.5, 0.05, 0.95]))
    due = reading.last + 1 <= until
    found = replace(
        score,
        status=HINDSIGHT if due else MODELLED if score.observations else PRIOR_ONLY,
        median=median,
        p05=low,
        p95=high,
        probability=chance.value,
        mc_error=chance.error,
        effective_members=chance.effective,
        finest=chance.finest,
        bad_members=bad,
    )
    return _noted(found, f"{bad} of {len(values)} members gave no finite number and count as not met" if bad else "")


def _noted(score: Score, text: str) -> Score:
    return replace(score, note="; ".join(filter(None, (score.note, text))))


def write_scorecard(scores: Sequence[Score], path: Path) -> None:
    """scorecard.csv: a header and a row a reading; numbers at full precision, empty where there is none.

    A probability is the share of members that meet the target, but never nearer to 0 or 1 than `finest`, as in a
    terminal (`<0.1 %` is 0.001, `>99.9 %` is 0.999); `mc_error` is then as large.
    """
    columns = [field.name for field in fields(Score)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(getattr(score, column)) for column in columns] for score in map(_never_certain, scores))
    write_text(path, text.getvalue())


def _never_certain(score: Score) -> Score:
    if score.probability is None or score.finest <= score.probability <= 1 - score.finest:
        return score
    least = score.finest
    return replace(score, probability=least if score.probability < least else 1 - least, mc_error=least)


def _cell(value) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.10g}"
        case _:
            return str(value)
