"""What was known at an origin: the cell rule, and plans and shocks by their dates."""

from dataclasses import replace

import pytest
from tests.backtest.world import cells, write_rows

from huangpu.backtest.vintage import at_origin, known_rows, known_scenario, last_day, read_vintages
from huangpu.calibration.priors import read_priors
from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.measurement import DataError, read_metrics, read_observations


def rows(world, *given):
    write_rows(world, given)
    return read_observations(world / "observations.csv")


@pytest.fixture
def cell(world):
    """Rows of one cell from (row_id, published, more): what is known of it on a day."""

    def known(day, *given):
        made = [cells(id, "growth", 2012, 6.0, 0.1, published=day, **more) for id, day, more in given]
        return [row.row_id for row in known_rows(rows(world, *made), day)]

    return known


REPEAT = {"preferred": "0", "use": "check"}


def test_the_preferred_row_stands_once_it_is_out(cell):
    given = [("a", "2013-03-01", REPEAT), ("b", "2013-06-01", {}), ("c", "2014-01-01", REPEAT)]
    assert cell("2014-12-31", *given) == ["b"]


def test_before_that_the_latest_that_is_out_does(cell):
    given = [("a", "2013-03-01", REPEAT), ("b", "2013-06-01", REPEAT), ("c", "2014-06-01", {})]
    assert cell("2013-12-31", *given) == ["b"]
    assert cell("2013-05-01", *given) == ["a"]
    assert cell("2012-12-31", *given) == []


def test_the_day_itself_is_in(cell):
    assert cell("2013-03-01", ("a", "2013-03-01", {})) == ["a"]


def test_a_cell_enters_if_any_of_its_rows_may(cell):
    check = {"use": "check", "preferred": "0"}
    assert cell("2013-12-31", ("a", "2013-03-01", check), ("b", "2015-01-01", {})) == ["a"]
    assert cell("2013-12-31", ("a", "2013-03-01", check), ("b", "2013-06-01", check)) == []


def test_recalled_rows_never_enter_nor_open_a_cell(cell):
    recalled = {"verification": "recalled", "source_id": ""}
    assert cell("2013-12-31", ("a", "2013-03-01", recalled)) == []
    assert cell("2013-12-31", ("a", "2013-03-01", REPEAT), ("b", "2013-06-01", recalled)) == []


def test_a_cell_tells_bases_periods_and_dates_apart(world):
    one = cells("a", "growth", 2012, 6.0, 0.1)
    given = [one, one | {"row_id": "b", "basis": "new"}, one | {"row_id": "c", "period": "H1", "months": "6"}]
    given += [cells("d", "count", 2012, 20, 0.5), cells("e", "count", 2012, 19, 0.5, date="2012-06-30")]
    assert [row.row_id for row in known_rows(rows(world, *given), "2013-12-31")] == ["a", "b", "c", "d", "e"]


def test_a_known_row_counts_as_preferred_and_in_use(world):
    given = [cells("a", "growth", 2012, 6.0, 0.1, **REPEAT)]
    given += [cells("b", "growth", 2012, 6.1, 0.1, published="2016-01-01")]
    (row,) = known_rows(rows(world, *given), "2013-12-31")
    assert (row.row_id, row.value, row.preferred, row.use) == ("a", 6.0, True, "calibrate")


@pytest.mark.parametrize(("origin", "count"), [(2015, 51), (2017, 92), (2020, 188), (2022, 275), (2023, 321)])
def test_the_shipped_figures_known_by_an_origin(origin, count):
    """As calibration/README.md counts them by strict dates; a new figure with an old date changes this on purpose."""
    observations = read_observations(shipped("calibration/observations.csv"))
    assert len(known_rows(observations, last_day(origin))) == count


# ---- plans and shocks


@pytest.fixture
def given(world):
    program = compile_model(world / "model.mdl")
    return program, read_vintages(world / "vintages.yaml", program)


def scenario(world, given, origin, name="both"):
    program, vintages = given
    return known_scenario(world / "scenarios" / f"{name}.yaml", vintages, program, origin)


def windows(found):
    return [(w.lever, w.start, w.end, w.delivery) for w in found.levers]


def test_a_plan_is_unknown_before_its_day_and_takes_nothing_over(world, given):
    assert windows(scenario(world, given, 2011)) == []
    assert windows(scenario(world, given, 2014)) == [("push", 2012.5, 2018.0, "delivery_first")]
    late = ("late_push", 2016.5, 2020.0, "delivery_second")
    assert windows(scenario(world, given, 2016)) == [("push", 2012.5, 2016.5, "delivery_first"), late]


def test_a_shock_of_later_is_none(world, given):
    assert scenario(world, given, 2014).parameters == {"crash_depth": 0.0}
    assert scenario(world, given, 2016).parameters == {}


def test_windows_without_a_plan_go_by_their_start(world, given):
    text = """
name: own
base: first.yaml
levers:
  late_push: [{start: 2014.9, hold: 0.1}, {start: 2015, hold: 0.2}]
drivers:
  cycle: [{series: {2013: 0.1, 2014: 0.0, 2015.5: -0.3}}]
"""
    (world / "scenarios" / "own.yaml").write_text(text, encoding="utf-8")
    found = scenario(world, given, 2014, "own")
    assert [(w.lever, w.hold) for w in found.levers] == [("push", 0.5), ("late_push", 0.1)]
    assert [w.points for w in found.drivers] == [((2013.0, 0.1), (2014.0, 0.0))]


def test_a_plan_without_a_day_is_refused(world, given):
    (world / "scenarios" / "second.yaml").write_text(
        "name: second\nbase: none.yaml\nlevers:\n  late_push: [{plan: plan_3, start: 2016.5}]\n", encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"no day for 'plan_3'.*did you mean 'plan_"):
        scenario(world, given, 2014)


def test_what_is_wrong_with_vintages_is_said_at_once(world):
    (world / "vintages.yaml").write_text(
        'origins: [2014]\ndue: 2018\nplans: {p: {published: "2012-13-01", source: s}}\nshocks: {crash: {year: 2015}}\n',
        encoding="utf-8",
    )
    with pytest.raises(DataError) as caught:
        read_vintages(world / "vintages.yaml", compile_model(world / "model.mdl"))
    message = str(caught.value)
    assert "vintages.yaml:3: plans.p.published: found '2012-13-01'" in message
    assert "shocks.crash: the model has no constant 'crash'" in message


# ---- all of it


@pytest.fixture
def vintage(world, given):
    program, vintages = given
    metrics, observations = read_metrics(world / "metrics.yaml"), read_observations(world / "observations.csv")
    priors = read_priors(world / "priors.yaml", program, metrics.sigmas(), sources=world / "sources.csv")

    def at(origin, **changes):
        used = replace(metrics, **changes) if changes else metrics
        return at_origin(program, world / "scenarios" / "both.yaml", vintages, used, observations, priors, origin)

    return at


def test_nothing_of_later_is_fitted(vintage):
    found = vintage(2014)
    assert {row.row_id for row in found.layer.rows} == {"g11", "g12", "g13", "h14", "l13", "c11", "c12", "c13"}
    assert found.layer.metrics.shock_years == {}
    assert vintage(2016).layer.metrics.shock_years == {2015: 4.0}


def test_an_anchor_that_is_not_known_yet_gives_way_to_the_latest_that_is(vintage):
    """The series asks for the level of 2015."""
    levels = {origin: [r.row_id for r in vintage(origin).layer.rows if r.form == "level" and r.row_id[0] == "l"]
              for origin in (2014, 2016)}  # fmt: skip
    assert levels == {2014: ["l13"], 2016: ["l15"]}


def test_parameters_of_what_was_unknown_are_not_fitted(vintage):
    assert {"crash_depth", "delivery_second"}.isdisjoint(vintage(2014).question.priors.names)
    assert "delivery_first" in vintage(2014).question.priors.names
    assert {"crash_depth", "delivery_second"} <= set(vintage(2016).question.priors.names)


def test_a_series_that_names_rows_means_their_cells(world, vintage):
    metrics = read_metrics(world / "metrics.yaml")
    first, *others = metrics.series
    named = first.model_copy(update={"rows": ("g12", "g17")})
    assert [r.row_id for r in vintage(2014, series=(named, *others)).layer.rows if r.form == "growth"] == ["g12"]
    late = first.model_copy(update={"rows": ("g17",)})
    assert [r.row_id for r in vintage(2014, series=(late, *others)).layer.rows if r.form == "growth"] == []
    left = first.model_copy(update={"leave_out": {"g12": "a strike", "g17": "another"}})
    growth = [r.row_id for r in vintage(2014, series=(left, *others)).layer.rows if r.form == "growth"]
    assert growth == ["g11", "g13", "h14"]
