"""What an unreported figure would tell, against closed forms of joint normal draws."""

import csv

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from tests.linear import ASKED, DUE, Figure, given, write_figures, write_tree

from huangpu import collect, files, forecast
from huangpu.cli import main
from huangpu.collect.candidates import USUAL, Candidate, candidates, reported_as, typical_errors
from huangpu.collect.worth import normal_scores, worth
from huangpu.measurement import DataError, Predictions, build_layer, read_metrics, read_observations

MANY = 4000
OLD = [Figure("o1", 2012, 117.0), Figure("o2", 2014, 127.0, 0.03)]


def draws(*correlations, seed=0):
    """An answer and figures that are as correlated with it, all standard normal."""
    rng = np.random.default_rng(seed)
    answer = rng.standard_normal(MANY)
    return answer, np.array([r * answer + np.sqrt(1 - r**2) * rng.standard_normal(MANY) for r in correlations])


def odds_drop(p, r):
    """Var(E[T > c | Z]) / p (1 - p) of standard normals with correlation r."""
    both = multivariate_normal([0, 0], [[1, r**2], [r**2, 1]]).cdf(np.full(2, norm.ppf(p)))
    return (both - p**2) / (p * (1 - p))


def test_the_variance_that_goes_is_the_squared_correlation():
    answer, figures = draws(0.0, 0.3, 0.7, 0.95, -0.7)
    found = worth(figures, answer[None], 1).drop[:, 0]
    assert found == pytest.approx([0.0, 0.09, 0.49, 0.9025, 0.49], abs=0.025)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_odds_of_normal_answers(p):
    answer, figures = draws(0.3, 0.7, 0.95)
    found = worth(figures, (answer > norm.ppf(1 - p))[None].astype(float), 1)
    z = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    for drop, change, r in zip(found.drop[:, 0], found.change[:, 0], (0.3, 0.7, 0.95), strict=True):
        after = norm.cdf((norm.ppf(p) + r * z) / np.sqrt(1 - r**2))
        assert drop == pytest.approx(odds_drop(p, r), abs=0.03)
        assert change == pytest.approx(np.abs(after - p).mean(), abs=0.015)


def test_a_wild_member_does_not_decide():
    answer, figures = draws(0.7)
    answer[0], figures[0, 0] = 1e9, -1e9
    assert worth(figures, normal_scores(answer[None]), 1).drop[0, 0] == pytest.approx(0.49, abs=0.025)


def test_what_chance_brings_stays_below_the_floor():
    rng = np.random.default_rng(4)
    found = worth(rng.standard_normal((60, MANY)), rng.standard_normal((20, MANY)), 1)
    assert (found.drop > found.floor).mean() < 0.002
    assert (found.floor < 0.015).all()


def test_draws_that_are_alike_in_a_row_raise_the_floor():
    """Of two slow series many a part looks correlated; shuffled draws would take that for knowledge."""
    rng = np.random.default_rng(5)
    steps = rng.standard_normal((70, MANY))
    slow = np.array([np.convolve(s, 0.98 ** np.arange(400), mode="same") for s in steps])
    found = worth(slow[:60], slow[60:], 1)
    plain = worth(steps[:60], steps[60:], 1)
    assert (found.drop > plain.floor).mean() > 0.5
    assert (found.drop > found.floor).mean() < 0.03


def test_of_a_certain_answer_nothing_is_told():
    _, figures = draws(0.5, 0.5)
    found = worth(figures, np.ones((1, MANY)), 1)
    assert (found.drop <= found.floor).all() and np.isfinite(found.change).all()


def test_worth_is_the_same_in_any_company():
    answer, figures = draws(0.3, 0.7)
    both, one = worth(figures, answer[None], 1), worth(figures[1:], answer[None], 1)
    assert both.drop[1] == pytest.approx(one.drop[0], rel=1e-12)


# -- figures that could be collected ----------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "root", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    path = write_tree(tmp_path, OLD)
    path.write_text(path.read_text().replace("members: 50", "members: 4000"))
    return path


def layer_of(folder, figures):
    path = write_figures(folder, figures)
    return build_layer(read_metrics(folder / "calibration" / "metrics.yaml"), read_observations(path), start=2010.0)


def years_of(layer):
    predictions = Predictions(np.arange(2010, 2022), {}, {})
    return [c.year for c in candidates(layer, predictions)]


def test_what_is_reported_is_not_asked_for(tree, tmp_path):
    assert years_of(layer_of(tmp_path, OLD)) == [2015]
    assert years_of(layer_of(tmp_path, [OLD[0], Figure("b", 2014, 120.0, bound=">")])) == [2014, 2015]


def test_errors_are_typical_of_the_kind(tree, tmp_path):
    layer = layer_of(tmp_path, [*OLD, Figure("o3", 2015, 130.0, 0.08)])
    assert typical_errors(layer) == {"sales": pytest.approx(0.03)}
    assert typical_errors(layer_of(tmp_path, []))["sales"] == USUAL[False]


TWO = """
processes: {a: {sigma: sigma.both, reason: r}, b: {sigma: sigma.both, reason: r}, c: {reason: r}}
quantities:
  one: {variable: sales, operator: at_date, transform: log, unit: yuan, discrepancy: {a: 1}}
  like: {variable: sales, operator: at_date, transform: log, unit: yuan, discrepancy: {b: 1}}
  other: {variable: sales, operator: at_date, transform: log, unit: yuan, discrepancy: {c: 1}}
  new: {variable: sales, operator: at_date, transform: log, unit: yuan}
  share: {variable: sales, operator: at_date, transform: logit, unit: percent}
series:
  - {quantity: one, metric: sales, scope: all, kind: level, form: level, rows: [o1]}
  - {quantity: other, metric: sales, scope: all, kind: level, form: level, rows: [o2, o3]}
"""


def test_errors_of_what_has_no_figure_are_those_of_the_nearest(tree, tmp_path):
    (tmp_path / "calibration" / "metrics.yaml").write_text(TWO)
    layer = layer_of(tmp_path, [*OLD, Figure("o3", 2015, 130.0, 0.05)])
    expected = {"one": 0.02, "like": 0.02, "other": 0.04, "new": 0.03, "share": USUAL[True]}
    assert typical_errors(layer) == {name: pytest.approx(error) for name, error in expected.items()}


def test_of_several_drifts_the_one_that_fewest_share_says_the_error(tree, tmp_path):
    """A cluster drifts with all industry too, but its figures are as rough as those of clusters."""
    drifts = "discrepancy: {c: 1, a: 1}"
    text = TWO.replace("discrepancy: {b: 1}", "discrepancy: {c: 1, b: 1}").replace("discrepancy: {a: 1}", drifts)
    (tmp_path / "calibration" / "metrics.yaml").write_text(text)
    layer = layer_of(tmp_path, [*OLD, Figure("o3", 2015, 130.0, 0.05)])
    assert typical_errors(layer)["like"] == pytest.approx(0.02)


def test_a_figure_carries_its_error():
    predictions = Predictions(np.array([2024, 2025]), {"q": np.array([[1.0, 1.0], [50.0, 60.0]])}, {})
    normal = np.array([1.0, -2.0])
    share, amount = (Candidate("q", "Q", 2025, 0.1, points) for points in (True, False))
    assert reported_as(share, predictions, normal) == pytest.approx([50.1, 59.8])
    assert reported_as(amount, predictions, normal) == pytest.approx([50 * np.exp(0.1), 60 * np.exp(-0.2)])


def test_a_run_is_asked_what_the_next_figure_tells(tree):
    job = forecast.prepare(tree)
    (gain,) = collect.gains(job, forecast.score(job, forecast.simulate(job)), job.questions.plans)
    mean, matrix = given(OLD, np.array([2016.0, DUE]))
    correlation = matrix[1, 2] / np.sqrt((matrix[1, 1] + 0.025**2) * matrix[2, 2])
    p = norm.cdf((mean[2] - np.log(ASKED)) / np.sqrt(matrix[2, 2]))
    assert (gain.quantity, gain.year, gain.error) == ("sales", 2015, pytest.approx(0.025))
    assert gain.value_drop == pytest.approx(correlation**2, abs=0.03)
    assert gain.met_drop == pytest.approx(odds_drop(p, correlation), abs=0.03)
    assert gain.tells_odds and gain.tells_value


def test_the_command_prints_and_writes(tree, capsys):
    assert main(["collect", str(tree), "--out", "found/next.csv"]) == 0
    out = capsys.readouterr().out
    assert "Sales, 2015 (± 2.5 %)" in out and "Sales of all" in out
    with open("found/next.csv", newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["target_id"] == "t.sales" and 0 < float(row["met_floor"]) < float(row["met_drop"]) < 1


def test_few_members_tell_nothing(tree):
    job = forecast.prepare(tree, members=50)
    with pytest.raises(DataError, match=r"50 members .* expected 200 or more"):
        collect.gains(job, forecast.score(job, forecast.simulate(job)), job.questions.plans)
