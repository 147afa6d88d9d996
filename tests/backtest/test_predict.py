"""Draws of held-out figures: what a forecast of a reported figure is made of."""

import numpy as np
import pytest
from tests.backtest.world import METRICS, cells, history, write_rows

from huangpu.backtest.engine import known, members_of, predictions, read_inputs
from huangpu.backtest.held import held_rows, meetings

SIZE = 4000


def draws(world, *asked, known_rows=(), metrics=METRICS, size=SIZE):
    """Row id -> draws (size,) at the end of 2014, for members that all have the medians of the priors."""
    (world / "metrics.yaml").write_text(metrics, encoding="utf-8")
    write_rows(world, [*known_rows, *asked])
    given = read_inputs(world / "scenarios" / "both.yaml", world, world)
    vintage = known(given, 2014)
    held, left = meetings(held_rows(given.observations, 2014), vintage.layer)
    assert not left
    u = np.zeros((size, len(vintage.question.priors.names)))
    found, _ = predictions(given, vintage, members_of(vintage, u, np.zeros(size, int), np.arange(size)), held)
    return {m.observation.row_id: row for m, row in zip(held, found, strict=True)}


def count(id, day, **more):
    return cells(id, "count", int(day[:4]), 30, 0.5, date=day, published="2017-01-01", **more)


def test_a_process_is_a_walk_at_any_day(world):
    """It begins in 2011 with a tenth a year; half a year is 2015.0 to 2015.5, of which these are days inside."""
    days = {"a": "2015-03-31", "b": "2015-05-15", "c": "2015-12-31"}
    found = draws(world, *(count(id, day) for id, day in days.items()), metrics=METRICS.replace("keeps: 0.9,", ""))
    passed = {"a": 4 + 90 / 365, "b": 4 + 135 / 365, "c": 5.0}
    for id, years in passed.items():
        assert found[id].var() == pytest.approx(0.1**2 * years, rel=0.08)  # four standard errors
    shared = np.cov(found["a"], found["c"])[0, 1]
    assert shared == pytest.approx(0.1**2 * passed["a"], rel=0.1)


def test_a_stock_keeps_what_it_must(world):
    """Of its last year's end, of which a member's own figure is not seen: so as a bound on how far it falls."""
    steep = METRICS.replace("keeps: 0.9", "keeps: 1.0")
    free, kept = (
        draws(world, count("a", "2015-12-31"), metrics=m)["a"] for m in (METRICS.replace("keeps: 0.9,", ""), steep)
    )
    assert (kept >= free - 1e-12).all() and (kept > free).mean() > 0.05


def test_a_part_year_has_its_own_months_and_a_season(world):
    half = cells("a", "level", 2016, 50.0, 0.5, months=6, period="H1", published="2017-01-01")
    full = cells("b", "level", 2017, 110.0, 0.5)
    calm = METRICS.replace("level_relative: 0.05", "level_relative: 0.0")
    with_season, without = draws(world, half, full), draws(world, half, full, metrics=calm)
    assert with_season["a"].var() - without["a"].var() == pytest.approx(0.05**2, rel=0.25)
    assert (with_season["b"] == without["b"]).all()
    # half of the year, and growth of 5 % and a push of a half, at seven tenths, over a year and a quarter
    assert np.median(without["a"] - without["b"]) == pytest.approx(np.log(0.5) - 1.25 * 0.085, abs=0.01)


def test_an_offset_of_a_basis_that_nobody_knew_is_drawn(world):
    levels = [cells("k", "level", 2013, 97.0, 0.5)]
    asked = [cells("a", "level", 2016, 110.0, 0.5), cells("b", "level", 2016, 120.0, 0.5, basis="new")]
    found = draws(world, *asked, known_rows=levels)
    assert (found["b"] - found["a"]).std() == pytest.approx(0.1, rel=0.08)


def test_a_rate_is_in_points_and_reported_with_an_error(world):
    rows = [row for row in history() if row["row_id"] in ("g11", "g12", "g13")]
    found = draws(world, cells("a", "growth", 2015, 5.0, 9.0), known_rows=rows)["a"]
    assert 3 < np.median(found) < 16
    wider = [row | {"se_abs": "4"} for row in rows]
    assert draws(world, cells("a", "growth", 2015, 5.0, 9.0), known_rows=wider)["a"].var() > found.var() + 10


def test_growth_over_years_is_a_yearly_rate(world):
    asked = [
        cells(id, "growth", 2017, 20.0, 1.0, months="", period=f"{how}_2016-2017")
        for id, how in (("a", "avg"), ("b", "cum"))
    ]
    found = draws(world, *asked)
    assert np.median(found["a"]) == pytest.approx(np.median(found["b"]), abs=0.5)
    assert 0 < np.median(found["a"]) < 15
