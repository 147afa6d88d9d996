"""Predictions and targets small enough to know every answer by hand."""

from __future__ import annotations

import numpy as np
import pytest

from huangpu.measurement import Predictions
from huangpu.results.probability import Threshold
from huangpu.results.questions import Questions
from huangpu.results.readings import Reading
from huangpu.results.scorecard import Answer, Score, scorecard
from huangpu.results.targets import Target

AFTER = 2026.0  # decimal year of the last figure: what is due in 2027 is still to come


def make_target(operator: str = ">=", value: float | None = 50.0, high: float | None = None, **changes) -> Target:
    fields = {
        "id": "t.share",
        "plan": "newind_2024_2027",
        "metric": "share",
        "scope": "all_city",
        "label": "A share",
        "unit": "percent",
        "year": 2027,
        "base_year": 2023,
        "horizon": "each year 2024-2027",
        "theme": "structure",
        "modelled_as": "core",
    }
    return Target(operator=operator, value=value, high=high, **{**fields, **changes})


def make_reading(
    statistic: str = "level",
    quantity: str = "share",
    value: float = 50.0,
    high: float | None = None,
    tolerance: tuple[float, float] = (2.0, 2.0),
    **changes,
) -> Reading:
    first = {"level": 2027, "cumulative": 2024, "every_year": 2024}.get(statistic, 2023)
    fields = {"target": "t.share", "name": "default", "first": first, "last": 2027, "text": "as written"}
    asked = Threshold(value, high, tolerance)
    return Reading(quantity=quantity, statistic=statistic, asked=asked, **{**fields, **changes})


def make_questions(*asked: tuple[Target, Reading | tuple[Reading, ...] | None], outcomes=None) -> Questions:
    """Targets with their readings, the default first; None for a target that is left out."""
    readings = {target.id: found if isinstance(found, tuple) else (found,) for target, found in asked if found}
    return Questions(tuple(target for target, _ in asked), readings, outcomes or {})


def scored(predictions: Predictions, *asked, rows=("o1", "o2"), outcomes=None, until: float = AFTER) -> Answer:
    return scorecard(predictions, make_questions(*asked, outcomes=outcomes), {"share": rows}, until)


def one(predictions: Predictions, target: Target | None = None, reading: Reading | None = None, **more) -> Score:
    """The score of one target, by default at least 50, read as a level."""
    target = target or make_target()
    return scored(predictions, (target, reading or make_reading(value=target.value, high=target.high)), **more).scores[
        0
    ]


def make_predictions(units: str = "percent", chains: int = 0, **quantities: np.ndarray) -> Predictions:
    """Quantities (year, member), the last year 2027."""
    values = {name: np.asarray(values, dtype=float) for name, values in quantities.items()}
    attrs = {name: {"units": units, "long_name": name} for name in values}
    n_years, n = next(iter(values.values())).shape
    chain, draw = (np.arange(n) % chains, np.arange(n) // chains) if chains else (None, None)
    return Predictions(np.arange(2028 - n_years, 2028), values, attrs, chain, draw)


@pytest.fixture
def hundred() -> Predictions:
    """Members 0 to 99 whose share of 2027 is their number, and 1 in each year before."""
    values = np.ones((5, 100))
    values[-1] = np.arange(100)
    return make_predictions(share=values)
