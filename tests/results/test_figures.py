"""Which reported figures a chart shows, and where."""

from __future__ import annotations

import math

import pytest

from huangpu.files import shipped
from huangpu.measurement.metrics import PartYear
from huangpu.measurement.observations import Observation, read_observations
from huangpu.results.figures import figures_of

OUTPUT = ("output", "all_city")


def row(row_id: str, value: float, **changes) -> Observation:
    fields = {
        "metric": "output",
        "scope": "all_city",
        "kind": "level",
        "basis": "",
        "year": 2020,
        "period": "FY",
        "months": 12,
        "date": None,
        "span": None,
        "unit": "yuan_1e8",
        "bound": "=",
        "se": 1.0,
        "published": "2021-01-01",
        "verification": "quoted",
        "preferred": True,
        "use": "calibrate",
    }
    return Observation(row_id=row_id, value=value, **{**fields, **changes})


def ids(*rows, used=()) -> list[str]:
    return [figure.row_id for figure in figures_of(rows, [OUTPUT], used)]


def test_the_most_months_of_a_year_and_basis_count():
    half, most = row("a", 50, period="H1", months=6), row("b", 90, period="Jan-Nov", months=11)
    assert ids(half, most, row("c", 100)) == ["c"]
    assert ids(most, half) == ["b"]
    assert ids(half, row("d", 120, basis="census2018")) == ["a", "d"]


def test_a_part_year_of_a_flow_is_scaled_and_of_a_share_is_not():
    (flow,) = figures_of([row("a", 50, period="H1", months=6)], [OUTPUT], {"a"})
    assert (flow.value, flow.error, flow.scaled, flow.used) == (100, 2, True, True)
    (share,) = figures_of([row("a", 50, period="H1", months=6, kind="share")], [OUTPUT], set())
    assert (share.value, share.scaled, share.used) == (50, False, False)


def test_a_part_year_carries_the_season():
    season = PartYear(level_relative=0.1, share_points=2.0)
    rows = [row("a", 45, year=2019, period="Q1-3", months=9), row("b", 50, period="H1", months=6, kind="share")]
    flow, share = figures_of(rows, [OUTPUT], set(), season)
    assert flow.error == pytest.approx(math.hypot(4 / 3, 60 * 0.1 / math.sqrt(3)))
    assert share.error == pytest.approx(math.hypot(1, 2))


def test_a_stock_stands_at_its_day():
    stocks = [row("a", 5, date=2023.0, months=None), row("b", 4, date=2022.5, months=None)]
    assert [(f.row_id, f.x) for f in figures_of(stocks, [OUTPUT], set())] == [("b", 2021.5), ("a", 2022.0)]


@pytest.mark.parametrize(
    "changes",
    [
        {"preferred": False},
        {"use": "context"},
        {"verification": "recalled"},
        {"kind": "growth_real"},
        {"scope": "smes"},
        {"span": ("cum", 2021, 2025)},
        {"period": "Q1", "months": 3},
        {"period": "Sep", "months": 9},
    ],
)
def test_what_is_not_shown(changes):
    assert ids(row("a", 1, **changes)) == []


def test_the_shipped_figures_of_gross_output():
    figures = figures_of(
        read_observations(shipped("calibration/observations.csv")), [("industrial_gross_output", "all_city")], set()
    )
    assert [(f.x, f.scaled) for f in figures] == [
        (2011, False),
        (2015, False),
        (2019, True),
        (2020, False),
        (2021, False),
    ]
