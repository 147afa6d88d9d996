"""Answers from runs: how likely each target of a plan is. Start reading here.

    read_questions(...)         targets and what each is taken to mean             targets, readings
    answer(predictions, ...)    questions + predictions -> scores                  scorecard
    write_scorecard(...)        scores -> scorecard.csv                            scorecard
    table.print_scorecard(...)  scores -> terminal; imported apart, as rich is     table
    fans(...)                   predictions, figures, targets -> what to draw      fans, figures
    charts.write_charts(...)    fans -> PNG; imported apart, matplotlib is slow    charts

A target meets the model in two steps: its operator and numbers come from results/targets.csv, what it is taken to mean
from results/readings.yaml. Predictions are quantities as they would be reported, (year, member).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from huangpu.measurement import Predictions
from huangpu.results.fans import Fan, fans
from huangpu.results.readings import Reading, read_readings
from huangpu.results.scorecard import Answer, Score, scorecard, write_scorecard
from huangpu.results.targets import Target, read_targets

PLAN = "newind_2024_2027"

__all__ = [
    "PLAN",
    "Answer",
    "Fan",
    "Questions",
    "Reading",
    "Score",
    "Target",
    "answer",
    "fans",
    "read_questions",
    "read_readings",
    "read_targets",
    "scorecard",
    "write_scorecard",
]


@dataclass(frozen=True)
class Questions:
    """targets: of all plans; readings: of the 2024-2027 plan, target id -> what it is taken to mean."""

    targets: tuple[Target, ...]
    readings: Mapping[str, Reading]


def read_questions(targets: Path, readings: Path) -> Questions:
    """What is to be answered, from targets.csv and readings.yaml. DataError for files that do not fit together."""
    everything = read_targets(targets)
    return Questions(everything, read_readings(readings, _scored(everything)))


def answer(predictions: Predictions, rows_behind: Mapping[str, tuple[str, ...]], questions: Questions) -> Answer:
    """Every target of the 2024-2027 plan scored; none is left out. See `scorecard.scorecard`."""
    scores = scorecard(predictions, _scored(questions.targets), questions.readings, rows_behind)
    return Answer(questions.targets, questions.readings, tuple(scores))


def _scored(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    return tuple(target for target in targets if target.plan == PLAN)
