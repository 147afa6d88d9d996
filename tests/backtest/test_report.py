"""From forecasts to the tables, the summary and the words of the page."""

import csv
import json

import numpy as np
import pytest
from tests.backtest.world import METRICS, cells, history, write_rows

from huangpu.backtest.engine import Plan, backtest, read_inputs
from huangpu.backtest.evaluate import BASE_RATE, DRIFT, evaluate
from huangpu.backtest.report import FILES, page, write
from huangpu.backtest.store import Said, TargetSaid
from huangpu.backtest.summary import summary
from huangpu.calibration.sampling import Settings

PLAN = Plan(Settings(seed=3, ensembles=2, walkers=24, burn=20, steps=20, thin=5), members=40)
FIT = {
    "figures": 8,
    "parameters": 8,
    "rhat": 1.0,
    "ess": 400,
    "walkers_lost": 0,
    "converged": True,
    "seconds": 1.0,
    "fit_seconds": 1.0,
}
TARGETS = tuple(TargetSaid(id, chance, 0.01, 1.0, 0.5, 2.0) for id, chance in (("t.sales", 0.0), ("t.shops", 0.8)))


def inputs(world):
    return read_inputs(world / "scenarios" / "both.yaml", world, world)


def said(origin, rows, draws, targets=TARGETS):
    return Said(origin, tuple(rows), np.array(draws, dtype=np.float32), targets, FIT, ())


@pytest.fixture
def evaluation(world):
    """Rates of 2015 and 2017, the first far off, and a bound, forecast from the end of 2014."""
    spread = np.linspace(-1, 1, 101)
    draws = [20 + spread, 9 + spread, np.log(44) + 0.1 * spread]
    return evaluate(inputs(world), [said(2014, ("g15", "g17", "c18"), draws)])


def test_rows_are_scored_on_their_own_spread(evaluation):
    lines = {line.row.row_id: line for line in evaluation.lines}
    off, near, bound = (lines[id].scores["model"] for id in ("g15", "g17", "c18"))
    # rates of 5.0, 6.1 and 8.7 were known, and 8.9 of the first half of 2014: some points of change a year
    assert 0.5 < lines["g17"].held.scale < 3 and lines["g17"].held.scale == lines["g15"].held.scale
    assert off.inside_90 == 0 and near.inside_90 == 1
    assert off.crps == pytest.approx((26 - 1 / 3) / lines["g15"].held.scale, rel=0.02)
    assert np.isnan(bound.crps) and bound.log == pytest.approx(np.log(0.4), abs=0.05)  # of over 45 where 44 is expected


def test_naive_forecasters_know_the_series_as_it_was(evaluation):
    lines = {line.row.row_id: line for line in evaluation.lines}
    assert {"smoothing", "mean", "trend"} <= lines["g17"].scores.keys()
    assert lines["g17"].scores["mean"].crps < lines["g15"].scores["mean"].crps


def test_parts_of_levels_and_new_bases_have_no_naive_forecast(world):
    given = [*history(), cells("p17", "level", 2017, 60, 0.5, months=6, period="H1")]
    write_rows(world, given)
    found = evaluate(inputs(world), [said(2014, ("p17", "l17"), [np.linspace(3, 5, 21), np.linspace(4, 6, 21)])])
    assert [line.scores.keys() & {"mean", "smoothing"} for line in found.lines] == [set(), set()]
    assert [line.held.scale for line in found.lines] == [0.1, 0.1]  # stated where a series is not known


def test_targets_that_come_due_are_scored(evaluation, world):
    found = {target.target_id: target for target in evaluation.targets}
    assert set(found) == {"t.sales", "t.shops"}  # the last is due in 2019
    assert found["t.sales"].chance == 0.01 and found["t.sales"].met == 0  # no member said yes: never 0
    assert found["t.shops"].met == 1 and found["t.shops"].by == DRIFT
    assert 0.5 < found["t.shops"].naive < 1  # four a year lead past 45
    write_rows(world, [row for row in history() if row["row_id"] != "l11"])
    other = evaluate(inputs(world), [said(2014, ("g17",), [np.linspace(0, 9, 21)])])
    assert (other.targets[0].by, other.targets[0].naive) == (BASE_RATE, 0.5)  # one level is no series


def test_a_target_whose_outcome_was_out_is_not_asked(world):
    found = evaluate(inputs(world), [said(2016, ("g17",), [np.linspace(0, 9, 21)])])
    assert [target.target_id for target in found.targets] == ["t.shops"]
    path = world / "outcomes.csv"
    path.write_text(path.read_text().replace("2019-03-15", "2016-03-15"), encoding="utf-8")
    found = evaluate(inputs(world), [said(2016, ("g17",), [np.linspace(0, 9, 21)])])
    assert (2016, "t.shops", "its outcome was known by then") in found.silent and not found.targets


def test_summary_has_what_is_asked_of_it(evaluation):
    found = summary(evaluation)
    asked = {
        "coverage_50",
        "coverage_90",
        "crps_skill",
        "crps_skill_low",
        "crps_skill_high",
        "brier",
        "brier_naive",
        "rows",
    }
    assert asked <= found["overall"].keys()
    assert set(found["by_origin"]) == {"2014"} and set(found["by_metric"]) == {"sales", "shops"}
    for entry in (*found["by_origin"].values(), *found["by_metric"].values()):
        assert asked <= entry.keys()
    overall = found["overall"]
    assert (overall["rows"], overall["bounds"], overall["coverage_90"]) == (2, 1, 0.5)
    assert overall["brier"] == pytest.approx((0.01**2 + 0.2**2) / 2)
    json.dumps(found, allow_nan=False)


def test_the_harder_rival_counts(evaluation):
    overall = summary(evaluation)["overall"]
    worst = min(overall["skill"][name][0] for name in ("smoothing", "mean"))
    assert overall["crps_skill"] == worst < 0


def test_better_is_said_only_where_luck_hardly_explains_it(evaluation):
    found = summary(evaluation)
    assert "**behind**" in page(evaluation, found) and "better" not in page(evaluation, found)
    overall = found["overall"]
    for numbers, word in (
        ([0.2, -0.1, 0.4], "ahead, within luck"),
        ([0.2, 0.1, 0.4], "better"),
        ([0.2, None, None], "ahead, within luck"),
    ):
        overall["skill"] = dict.fromkeys(overall["skill"], numbers)
        assert f"**{word}**" in page(evaluation, found)


def test_the_whole_way_leaves_its_files(world, tmp_path):
    given = inputs(world)
    done = evaluate(given, list(backtest(given, [2014, 2016], PLAN, tmp_path / "origins")))
    found = summary(done)
    write(done, found, given.dated, tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} >= set(FILES) - {"coverage.svg", "pit.svg"}
    with (tmp_path / "forecasts.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["origin"], row["row_id"]) for row in rows][:2] == [("2014", "g15"), ("2014", "g16")]
    assert {row["origin"] for row in rows} == {"2014", "2016"}
    assert "rain" in (tmp_path / "left_out.csv").read_text(encoding="utf-8")
    assert found["by_origin"]["2016"]["fit"]["figures"] > found["by_origin"]["2014"]["fit"]["figures"]


def test_charts_are_the_same_for_the_same_numbers(evaluation, tmp_path):
    from huangpu.backtest.charts import write_charts

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_charts(evaluation.lines, tmp_path / name)
    for chart in ("coverage.svg", "pit.svg"):
        assert (tmp_path / "a" / chart).read_bytes() == (tmp_path / "b" / chart).read_bytes()


def test_an_origin_that_has_not_converged_is_named(evaluation):
    found = summary(evaluation)
    assert "Not converged" not in page(evaluation, found)
    found["by_origin"]["2014"]["fit"]["converged"] = False
    assert "or walkers that are lost): 2014." in page(evaluation, found)


def test_metrics_that_the_model_has_no_spread_for_do_not_stop_a_page(world):
    write_rows(world, [row for row in history() if row["row_id"] in ("c11", "c15")])
    (world / "metrics.yaml").write_text(METRICS, encoding="utf-8")
    found = evaluate(inputs(world), [said(2014, ("c15",), [np.linspace(3, 4, 21)], ())])
    assert "No target came due." in page(found, summary(found))
