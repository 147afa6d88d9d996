"""Answers from runs: how likely each target of a plan is. Start reading here.

    answer(predictions, ...)    targets + readings + predictions -> scores         targets, readings, scorecard
    write_scorecard(...)        scores -> scorecard.csv                            scorecard
    print_scorecard(...)        scores -> terminal                                 table
    fans(...)                   predictions, figures, targets -> what to draw      fans, figures
    charts.write_charts(...)    fans -> PNG; imported apart, matplotlib is slow    charts

A target meets the model in two steps: its operator and numbers come from results/targets.csv, what it is taken to mean
from results/readings.yaml. Predictions are quantities as they would be reported, (year, member).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from huangpu.results.fans import Fan, fans
from huangpu.results.readings import Reading, read_readings
from huangpu.results.scorecard import Answer, Score, scorecard, write_scorecard
from huangpu.results.table import print_scorecard, scorecard_table
from huangpu.results.targets import Target, read_targets

PLAN = "newind_2024_2027"

__all__ = [
    "PLAN",
    "Answer",
    "Fan",
    "Reading",
    "Score",
    "Target",
    "answer",
    "fans",
    "print_scorecard",
    "read_readings",
    "read_targets",
    "scorecard",
    "scorecard_table",
    "write_scorecard",
]


def answer(
    predictions: xr.Dataset, rows_behind: Mapping[str, tuple[str, ...]], *, targets: Path, readings: Path
) -> Answer:
    """Every target of the 2024-2027 plan scored; none is left out.

    predictions  see `scorecard.scorecard`; rows_behind, quantity -> row ids that it was fitted to; targets and readings
                 are the paths of targets.csv and readings.yaml. Raises DataError for files that do not fit together.
    """
    everything = read_targets(targets)
    scored = tuple(target for target in everything if target.plan == PLAN)
    meant = read_readings(readings, scored)
    return Answer(everything, meant, tuple(scorecard(predictions, scored, meant, rows_behind)))
