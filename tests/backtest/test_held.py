"""Which rows are held out, what meets them, and the series that naive forecasters know."""

import math

import numpy as np
import pytest
from tests.backtest.world import cells, history, write_rows

from huangpu.backtest.held import held_rows, histories, meetings, on_scale, series_name, typical_error
from huangpu.backtest.vintage import known_rows
from huangpu.measurement import build_layer, read_metrics, read_observations


def rows(world, *given):
    write_rows(world, given)
    return read_observations(world / "observations.csv")


def held(world, *given, origin=2014):
    return [row.row_id for row in held_rows(rows(world, *given), origin)]


def layer(world, day="2014-12-31"):
    known = known_rows(read_observations(world / "observations.csv"), day)
    return build_layer(read_metrics(world / "metrics.yaml"), known, start=2010.0)


def test_held_out_are_later_figures_of_later_years(world):
    late = cells("a", "growth", 2014, 5.0, 0.1, published="2015-03-15")  # of a year that was over
    early = cells("b", "growth", 2015, 5.0, 0.1, published="2014-12-31")
    assert held(world, late, early, cells("c", "growth", 2015, 5.0, 0.1)) == ["c"]


def test_repeats_and_rows_for_comparison_are_not_held_out(world):
    other = [{"preferred": "0"}, {"use": "check"}, {"verification": "recalled"}]
    given = [cells(f"a{n}", "growth", 2015 + n, 5.0, 0.1, **more) for n, more in enumerate(other)]
    assert held(world, *given) == []


def test_parts_of_one_year_count_once(world):
    parts = [(3, "Q1"), (9, "Q1-3"), (6, "H1")]
    given = [cells(f"a{m}", "growth", 2015, 5.0, 0.1, months=m, period=p) for m, p in parts]
    other = [cells("b", "growth", 2016, 5.0, 0.1, months=3, period="Q1")]
    other += [cells("d", "growth", 2015, 5.0, 0.1, months="", period="avg_2013-2015")]
    assert held(world, *given, *other) == ["a9", "b", "d"]


def test_stocks_of_one_year_at_two_days_are_two(world):
    given = [cells("a", "count", 2015, 33, 0.5), cells("b", "count", 2015, 31, 0.5, date="2015-06-30")]
    assert held(world, *given) == ["a", "b"]


def test_rows_are_met_whatever_the_fit_takes_of_their_series(world):
    """The fit's series of levels asks for 2015 only, but its quantity predicts any year."""
    met, left = meetings(held_rows(read_observations(world / "observations.csv"), 2014), layer(world))
    found = {m.observation.row_id: (m.row.quantity, m.row.form) for m in met}
    assert found["l17"] == ("sales", "level") and found["g17"] == ("sales", "growth")
    assert found["c18"] == ("shops", "level")
    assert [(o.row_id, reason) for o, reason in left] == [("r17", "no quantity for rain, all, level")]


def test_a_level_needs_a_basis_that_the_quantity_knows(world):
    given = [cells(f"a{n}", "level", 2017, 130.0, 0.5, basis=b, period=f"FY{n}") for n, b in enumerate(["new", "odd"])]
    met, left = meetings(held_rows(rows(world, *history()[:4], cells("k", "level", 2012, 90, 1), *given), 2014),
                         layer(world))  # fmt: skip
    assert [m.observation.row_id for m in met] == ["a0"]
    assert [(o.row_id, why) for o, why in left] == [("a1", "sales has no offset for basis 'odd'")]


def test_nominal_growth_is_met_by_a_quantity_of_the_level(world):
    row = cells("a", "growth", 2015, 5.0, 0.1, kind="growth_nominal")
    ((meeting,), _) = meetings(held_rows(rows(world, row), 2014), layer(world))
    assert (meeting.row.form, meeting.row.terms) == ("growth", ((1.0, 2015.0), (-1.0, 2014.0)))


# ---- series


def test_a_series_has_full_years_and_the_longest_halves_of_rates(world):
    given = [cells("a", "growth", 2012, 5.0, 0.1), cells("b", "growth", 2013, 6.0, 0.1, months=9, period="Q1-3")]
    given += [cells("c", "growth", 2013, 7.0, 0.1, months=6, period="H1")]
    given += [cells("d", "growth", 2014, 8.0, 0.1, months=3, period="Q1", published="2014-05-01")]
    given += [cells("e", "growth", 2011, 4.0, 0.1, bound=">")]
    found = histories(known_rows(rows(world, *given), "2014-12-31"))
    series = found["sales/all/growth_real/"]
    assert series.times.tolist() == [2012, 2013] and series.values.tolist() == [5.0, 6.0]


def test_parts_of_levels_are_a_series_of_their_own(world):
    given = [cells(f"a{y}", "level", y, 40.0 + y, 0.5, months=6, period="H1", published=f"{y}-08-01") for y in (12, 13)]
    given = [row | {"year": 2000 + int(row["year"]), "published": "2014-01-01"} for row in given]
    given += [cells("b", "level", 2012, 100, 0.5)]
    found = histories(known_rows(rows(world, *given), "2014-12-31"))
    assert {name: len(series) for name, series in found.items()} == {
        "sales/all/level//6 months": 2,
        "sales/all/level/": 1,
    }
    assert found["sales/all/level/"].values == pytest.approx([math.log(100)])
    assert found["sales/all/level/"].errors == pytest.approx([0.005])


def test_stocks_stand_at_their_day(world):
    given = [cells("a", "count", 2012, 20, 0.5, date="2012-06-30"), cells("b", "count", 2012, 22, 0.5)]
    (series,) = histories(known_rows(rows(world, *given), "2014-12-31")).values()
    assert series.times == pytest.approx([2012 + 182 / 366, 2013.0])


def test_total_growth_over_years_is_scored_as_a_yearly_rate(world):
    total = cells("a", "growth", 2015, 21.0, 1.0, months="", period="cum_2014-2015")
    mean = cells("b", "growth", 2015, 10.0, 1.0, months="", period="avg_2014-2015")
    one, other = rows(world, total, mean)
    rate, error = on_scale(one)
    assert rate == pytest.approx(10.0)
    assert error == pytest.approx((100 * (1.215**0.5 - 1.205**0.5)), rel=1e-3)
    assert on_scale(other) == (10.0, 1.0)
    assert series_name(one) != series_name(other) != "sales/all/growth_real/"


def test_errors_of_reporting_are_those_of_known_rows(world):
    """Never that of the row itself, which is not known before it is published."""
    given = [cells("a", "count", 2012, 20, 0.5), cells("b", "count", 2013, 25, 1.0), cells("c", "count", 2014, 30, 2.0)]
    found = rows(world, *given, cells("d", "count", 2016, 40, 9.0))
    (meeting,), _ = meetings(held_rows(found, 2015), layer(world, "2015-12-31"))
    assert typical_error(layer(world, "2015-12-31"), meeting.row) == pytest.approx(np.median([0.025, 0.04, 2 / 30]))
