"""From predictions to a row a target: nothing left out, nothing silently dropped."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from tests.results.conftest import make_predictions, make_reading, make_target

from huangpu.measurement.datafile import DataError
from huangpu.results.readings import Reading
from huangpu.results.scorecard import Score, scorecard, write_scorecard


def one(predictions, target=None, reading=None, rows=("o1", "o2")) -> Score:
    target, reading = target or make_target(), reading or make_reading()
    (score,) = scorecard(predictions, (target,), {target.id: reading}, {"share": rows})
    return score


def test_a_known_share_of_members(hundred):
    score = one(hundred)
    assert (score.status, score.probability, score.observations) == ("modelled", 0.5, 2)
    assert (score.median, score.p05, score.p95) == pytest.approx((49.5, 4.95, 94.05))
    assert score.mc_error == pytest.approx(0.05)
    assert (score.members, score.bad_members, score.years) == (100, 0, "2027")


@pytest.mark.parametrize(
    ("operator", "statistic", "value", "probability"),
    [
        (">=", "level", 90, 0.1),
        ("~=", "level", 50, 0.05),  # within 2
        ("cumulative>=", "cumulative", 53, 0.5),  # 1 + 1 + 1 + the member's number
        ("per_year>=", "every_year", 1, 0.99),  # member 0 fails in 2027
        ("rate_per_year>=", "mean_growth", 100, 0.84),  # 16 times in four years
        ("multiply>=", "multiple", 2, 0.98),
        ("diff>", "growth_difference", 0, 0.98),
    ],
)
def test_statistics_meet_operators(hundred, operator, statistic, value, probability):
    hundred.values["flat"] = hundred.values["share"] * 0 + 1
    reading = make_reading(statistic, tolerance=2.0, other="flat" if statistic == "growth_difference" else "")
    assert one(hundred, make_target(operator, value), reading).probability == pytest.approx(probability)


def test_range_of_levels(hundred):
    assert one(hundred, make_target("between", 10, 19)).probability == pytest.approx(0.1)


def test_no_observation_behind_is_prior_only(hundred):
    score = one(hundred, rows=())
    assert (score.status, score.observations) == ("prior only", 0)
    assert score.probability == 0.5


def test_observations_of_both_quantities_count_once(hundred):
    hundred.values["flat"] = hundred.values["share"] * 0 + 1
    target, reading = make_target("diff>", 0), make_reading("growth_difference", other="flat")
    (score,) = scorecard(hundred, (target,), {target.id: reading}, {"share": ("o1", "o2"), "flat": ("o2", "o3")})
    assert score.observations == 3


def test_not_modelled_has_no_probability_but_a_row(hundred):
    score = one(hundred, reading=Reading("t.share", not_modelled="no figure exists"))
    assert score.status == "not modelled yet"
    assert score.probability is score.mc_error is score.median is None
    assert score.note == "no figure exists"


def test_bad_members_are_counted_named_and_not_met():
    values = np.full((1, 100), 60.0)
    values[0, :30] = np.nan
    values[0, 30:40] = np.inf
    score = one(make_predictions(share=values))
    assert score.probability == pytest.approx(0.6)
    assert (score.bad_members, score.median, score.p95) == (40, 60, 60)
    assert "40 of 100 members" in score.note


def test_only_bad_members_have_no_median():
    score = one(make_predictions(share=np.full((1, 10), np.nan)))
    assert (score.probability, score.median, score.bad_members) == (0, None, 10)
    assert score.mc_error > 0


def test_members_in_chains_get_a_wider_error():
    values = np.repeat(np.random.default_rng(0).normal(50, 10, 400), 10)[None]
    plain = make_predictions(share=values)
    chained = replace(plain, chain=np.repeat(np.arange(4), 1000), draw=np.tile(np.arange(1000), 4))
    assert one(chained).probability == one(plain).probability
    assert one(chained).mc_error == pytest.approx(np.sqrt(10) * one(plain).mc_error, rel=0.35)


def test_no_member_at_all_is_an_error():
    with pytest.raises(DataError, match="hold no member"):
        one(make_predictions(share=np.ones((1, 0))))


def test_errors_name_target_and_cure(hundred):
    with pytest.raises(DataError, match="no quantity 'shore' is predicted; did you mean 'share'"):
        one(hundred, reading=make_reading(quantity="shore"))
    with pytest.raises(DataError, match="not predicted for 2028, 2029; extend the scenario's horizon"):
        one(hundred, reading=make_reading("cumulative", last=2029))
    with pytest.raises(DataError, match="target is in yuan_1e8, quantity 'share' in percent"):
        one(hundred, make_target(unit="yuan_1e8"))


def test_a_commitment_for_each_year_may_be_met_by_an_amount():
    predictions = make_predictions("mu", share=np.full((5, 10), 20.0))
    assert one(predictions, make_target("per_year>=", 20, unit="mu_per_year"), make_reading("every_year")).probability


def test_the_file_has_a_row_a_target_in_order(hundred, tmp_path):
    targets = (make_target(), make_target(id="t.other", label='with, comma and "quote"'))
    readings = {"t.share": make_reading(), "t.other": Reading("t.other", not_modelled="later")}
    scores = scorecard(hundred, targets, readings, {"share": ("o1",)})
    path = tmp_path / "deep" / "scorecard.csv"
    write_scorecard(scores, path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = "target_id status metric operator threshold unit median p05 p95 probability mc_error observations"
    assert list(rows[0])[:12] == columns.split()
    assert [row["target_id"] for row in rows] == ["t.share", "t.other"]
    assert (rows[0]["probability"], rows[0]["observations"]) == ("0.5", "1")
    assert (rows[1]["probability"], rows[1]["median"], rows[1]["label"]) == ("", "", 'with, comma and "quote"')
    assert [p.name for p in path.parent.iterdir()] == ["scorecard.csv"]


@pytest.mark.parametrize(
    ("level", "members", "probability", "error"),
    [(0.0, 4000, 0.001, 0.001), (90.0, 4000, 0.999, 0.001), (0.0, 20, 0.2, 0.2), (90.0, 20, 0.8, 0.2)],
)
def test_the_file_holds_no_certainty(tmp_path, level, members, probability, error):
    score = one(make_predictions(share=np.full((1, members), level)))
    write_scorecard([score], tmp_path / "scorecard.csv")
    with (tmp_path / "scorecard.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (float(row["probability"]), float(row["mc_error"])) == pytest.approx((probability, error), rel=1e-12)
    assert score.probability == (level > 50)  # in memory it stays the share


def test_the_file_keeps_a_share_below_the_limit(tmp_path):
    values = np.zeros((1, 4000))
    values[0, 0] = 90
    write_scorecard([one(make_predictions(share=values))], tmp_path / "scorecard.csv")
    assert ",0.00025," in (tmp_path / "scorecard.csv").read_text()


def test_a_failed_write_leaves_the_old_file(hundred, tmp_path):
    path = tmp_path / "scorecard.csv"
    path.write_text("old")
    bad = replace(one(hundred), label="\ud800")  # cannot be written as UTF-8
    with pytest.raises(UnicodeEncodeError):
        write_scorecard([bad], path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["scorecard.csv"]
