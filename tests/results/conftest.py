"""Predictions and targets small enough to know every answer by hand."""

from __future__ import annotations

import numpy as np
import pytest

from huangpu.measurement import Predictions
from huangpu.results.readings import Reading
from huangpu.results.targets import Target


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


def make_reading(statistic: str = "level", quantity: str = "share", **changes) -> Reading:
    first = {"level": 2027, "cumulative": 2024, "every_year": 2024}.get(statistic, 2023)
    fields = {"target": "t.share", "first": first, "last": 2027, "text": "as written", "reason": "plain"}
    return Reading(quantity=quantity, statistic=statistic, **{**fields, **changes})


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
