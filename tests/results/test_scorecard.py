"""From predictions to a row a target: nothing left out, nothing silently dropped."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from tests.results.conftest import make_predictions, make_questions, make_reading, make_target, one, scored

from huangpu.measurement.datafile import DataError
from huangpu.results.outcomes import Outcome
from huangpu.results.scorecard import scorecard, write_scorecard


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
        ("increase_by_between", "increase", 9, 0.1),  # to 18
        ("per_year~=", "every_year", 2, 0.05),  # 1 in the other years
        ("reduction>=", "reduction", 50, 0.01),  # from 1 to 0
    ],
)
def test_statistics_meet_operators(hundred, operator, statistic, value, probability):
    hundred.values["flat"] = hundred.values["share"] * 0 + 1
    high = 2.0 * value if "between" in operator else None
    other = "flat" if statistic == "growth_difference" else ""
    reading = make_reading(statistic, value=value, high=high, other=other)
    assert one(hundred, make_target(operator, value, high), reading).probability == pytest.approx(probability)


def test_range_of_levels(hundred):
    assert one(hundred, make_target("between", 10, 19)).probability == pytest.approx(0.1)


def test_no_observation_behind_is_prior_only(hundred):
    score = one(hundred, rows=())
    assert (score.status, score.observations) == ("prior only", 0)
    assert score.probability == 0.5


def test_observations_of_both_quantities_count_once(hundred):
    hundred.values["flat"] = hundred.values["share"] * 0 + 1
    asked = make_questions((make_target("diff>", 0), make_reading("growth_difference", value=0, other="flat")))
    (score,) = scorecard(hundred, asked, {"share": ("o1", "o2"), "flat": ("o2", "o3")}, 2026.0).scores
    assert score.observations == 3


def test_a_target_that_is_left_out_has_no_probability_but_a_row(hundred):
    (score,) = scored(hundred, (make_target(left_out="no figure exists"), None)).scores
    assert (score.status, score.threshold, score.note) == ("left out", 50, "no figure exists")
    assert score.probability is score.mc_error is score.median is None


def test_each_reading_has_its_row_the_default_first(hundred):
    others = (make_reading(), make_reading(name="more", value=90), make_reading("increase", name="rise", value=19))
    answer = scored(hundred, (make_target(), others), outcomes={"t.share": Outcome("no", 40.0, "2027", "quoted")})
    assert [(s.reading_name, s.threshold, s.probability) for s in answer.scores] == [
        ("default", 50, 0.5),
        ("more", 90, 0.1),
        ("rise", 19, 0.8),
    ]
    assert answer.latest == answer.scores[:1]
    assert answer.others("newind_2024_2027") == answer.scores[1:]
    assert [s.met for s in answer.scores] == ["no", "", ""]  # the verdict is on the target as it was read there


def test_the_latest_plan_is_the_one_whose_targets_are_due_last(hundred):
    older = make_target(id="t.old", plan="older", year=2025)
    answer = scored(hundred, (make_target(), make_reading()), (older, make_reading(first=2025, last=2025)))
    assert answer.questions.plans == ("older", "newind_2024_2027")
    assert [score.target_id for score in answer.latest] == ["t.share"]


@pytest.mark.parametrize(("until", "status"), [(2027.75, "modelled"), (2028.0, "hindsight")])
def test_what_was_due_by_the_last_figure_is_a_look_back(hundred, until, status):
    score = one(hundred, until=until, outcomes={"t.share": Outcome("yes", 51.0, "2027", "inferred")})
    assert (score.status, score.probability) == (status, 0.5)
    assert (score.met, score.outcome, score.verification) == ("yes", 51.0, "inferred")


@pytest.mark.parametrize(("years", "needs"), [((2023, 2029), "2023 to 2029"), ((2020, 2020), "2020")])
def test_years_outside_the_run_are_said_to_be(hundred, years, needs):
    score = one(hundred, reading=make_reading(first=years[0], last=years[1]))
    assert (score.status, score.probability) == ("outside the run", None)
    assert score.note == f"needs {needs}, the run covers 2023 to 2027"


def test_bad_members_are_counted_named_and_not_met():
    values = np.full((1, 100), 60.0)
    values[0, :30] = np.nan
    values[0, 30:40] = np.inf
    score = one(make_predictions(share=values))
    assert score.probability == pytest.approx(0.6)
    assert (score.bad_members, score.median, score.p95) == (40, 60, 60)
    assert "40 of 100 members" in score.note


def test_without_a_finite_member_there_is_no_chance_and_no_limit(tmp_path):
    score = one(make_predictions(share=np.full((1, 10), np.nan)))
    assert (score.status, score.bad_members) == ("failed", 10)
    assert score.probability is score.mc_error is score.median is score.finest is None
    write_scorecard([score], tmp_path / "scorecard.csv")
    with (tmp_path / "scorecard.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["status"], row["probability"], row["mc_error"]) == ("failed", "", "")


def test_members_in_chains_get_a_wider_error():
    values = np.repeat(np.random.default_rng(0).normal(50, 10, 400), 10)[None]
    plain = make_predictions(share=values)
    chained = replace(plain, chain=np.repeat(np.arange(4), 1000), draw=np.tile(np.arange(1000), 4))
    assert one(chained).probability == one(plain).probability
    assert one(chained).mc_error == pytest.approx(np.sqrt(10) * one(plain).mc_error, rel=0.35)


def test_no_member_at_all_is_an_error():
    with pytest.raises(DataError, match="hold no member"):
        one(make_predictions(share=np.ones((1, 0))))


def test_a_member_that_fails_in_one_year_of_several_has_not_met(hundred):
    hundred.values["share"][1, 40:] = np.nan
    score = one(hundred, make_target("per_year>=", 1), make_reading("every_year", value=1))
    assert (score.probability, score.bad_members) == (pytest.approx(0.39), 60)  # member 0 fails in 2027


def test_the_file_has_a_row_a_target_in_order(hundred, tmp_path):
    other = make_target(id="t.other", label='with, comma and "quote"', left_out="later")
    answer = scored(hundred, (make_target(), make_reading()), (other, None), rows=("o1",))
    path = tmp_path / "deep" / "scorecard.csv"
    write_scorecard(answer.scores, path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = "target_id status metric operator threshold unit median p05 p95 probability mc_error observations"
    assert list(rows[0])[:12] == columns.split()
    assert [row["target_id"] for row in rows] == ["t.share", "t.other"]
    assert (rows[0]["probability"], rows[0]["observations"]) == ("0.5", "1")
    assert (rows[1]["probability"], rows[1]["median"], rows[1]["label"]) == ("", "", 'with, comma and "quote"')
    assert [p.name for p in path.parent.iterdir()] == ["scorecard.csv"]


@pytest.mark.parametrize(
    ("met", "members", "probability", "error"),
    [
        (0, 4000, 0.001, 0.001),
        (1, 4000, 0.001, 0.001),  # one of 4000 is no smaller chance than none
        (3999, 4000, 0.999, 0.001),
        (4000, 4000, 0.999, 0.001),
        (0, 20, 0.2, 0.2),
        (3, 20, 0.2, 0.2),
        (20, 20, 0.8, 0.2),
        (0, 1, 0.5, 0.5),
    ],
)
def test_the_file_holds_no_certainty(tmp_path, met, members, probability, error):
    values = np.where(np.arange(members) < met, 90.0, 0.0)[None]
    score = one(make_predictions(share=values))
    write_scorecard([score], tmp_path / "scorecard.csv")
    with (tmp_path / "scorecard.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (float(row["probability"]), float(row["mc_error"])) == pytest.approx((probability, error), rel=1e-12)
    assert score.probability == met / members  # in memory it stays the share


def test_a_failed_write_leaves_the_old_file(hundred, tmp_path):
    path = tmp_path / "scorecard.csv"
    path.write_text("old")
    bad = replace(one(hundred), label="\ud800")  # cannot be written as UTF-8
    with pytest.raises(UnicodeEncodeError):
        write_scorecard([bad], path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["scorecard.csv"]
