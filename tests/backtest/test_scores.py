"""Scores against closed forms and against simulated truth."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from huangpu.backtest import scores, student
from huangpu.backtest.student import Student
from huangpu.backtest.types import Forecast, Held


def held(observed=0.0, bound="=", scale=1.0) -> Held:
    return Held("o1", 2015, "a/b/level/", "a", "level", 2017, 2017.0, observed, bound, scale, "2018-01-01")


def test_the_horizon_runs_to_the_end_of_the_year():
    assert held().horizon == 2


@pytest.mark.parametrize("df", [1.5, 3.0, 30.0])
@pytest.mark.parametrize("x", [-4.0, 0.3, 2.0])
def test_crps_of_a_student_is_its_integral(df, x):
    said = Student(0.5, 2.0, df)
    left = integrate.quad(lambda u: student.below(said, u) ** 2, -np.inf, x)[0]
    right = integrate.quad(lambda u: (1 - student.below(said, u)) ** 2, x, np.inf)[0]
    assert student.crps(said, x) == pytest.approx(left + right, rel=1e-6)


def test_the_density_is_that_of_scipy():
    assert student.log_density(Student(0.5, 2.0, 3.0), 4.0) == pytest.approx(stats.t.logpdf(4.0, 3, 0.5, 2.0))


def test_crps_of_a_gaussian():
    """Gneiting & Raftery (2007), eq. 5, with the sign turned."""
    z, sd = 0.7, 3.0
    gaussian = sd * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / math.sqrt(math.pi))
    assert student.crps(Student(1.0, sd, 1e7), 1 + sd * z) == pytest.approx(gaussian, rel=1e-6)


def test_a_probability_needs_a_direction():
    said = Student(0.0, 1.0, 4.0)
    assert student.meets(said, ">=", 1.0) == pytest.approx(1 - student.meets(said, "<=", 1.0))
    with pytest.raises(ValueError, match="no probability of '='"):
        student.meets(said, "=", 1.0)


def test_crps_of_draws():
    assert scores.crps(np.array([0.0, 1.0]), 0.0) == 0.25
    assert scores.crps(np.array([2.0, 2.0]), 5.0) == 3
    said = Student(0.5, 2.0, 5.0)
    assert scores.crps(student.draws(said, 4000), 1.7) == pytest.approx(student.crps(said, 1.7), rel=1e-3)


def test_draws_and_closed_form_say_the_same():
    said = Student(0.5, 2.0, 30.0)
    for at in (held(1.0, scale=4.0), held(3.5), held(4.5), held(1.0, ">="), held(1.0, "<")):
        one, other = scores.score(Forecast(at, student.draws(said, 4000))), scores.score_student(at, said)
        assert one.log == pytest.approx(other.log, abs=0.1)
        assert np.array([one.crps, one.inside_50, one.inside_90, one.pit]) == pytest.approx(
            np.array([other.crps, other.inside_50, other.inside_90, other.pit]), rel=2e-3, abs=1e-3, nan_ok=True
        )


def test_a_bound_has_a_log_score_only():
    draws = np.arange(8.0)
    above, below = (scores.score(Forecast(held(5.5, bound), draws)) for bound in (">=", "<="))
    assert (above.log, below.log) == (math.log(2.5 / 9), math.log(6.5 / 9))
    assert np.isnan([above.crps, above.pit, above.inside_50, above.inside_90]).all()
    assert scores.score(Forecast(held(99.0, ">"), draws)).log == math.log(0.5 / 9)


def test_all_is_in_spreads_of_yearly_change():
    """In another unit, with the spread in that unit too, nothing changes."""
    draws = np.random.default_rng(0).normal(size=500)
    one = scores.score(Forecast(held(0.4), draws))
    other = scores.score(Forecast(held(40.0, scale=100.0), 100 * draws))
    assert (one.crps, one.log, one.pit) == pytest.approx((other.crps, other.log, other.pit))


def test_the_smoothed_density_is_one():
    draws = np.sort(np.random.default_rng(1).standard_t(4, size=300))
    total = integrate.quad(lambda x: math.exp(scores.log_density(draws, x, 1e-3)), -400, 400, limit=2000, points=[0])[0]
    assert total == pytest.approx(1, abs=2e-3)  # what is left of 1/301 of a t beyond 400, and of the integral


def test_a_figure_that_no_draw_came_near_costs_much_but_not_everything():
    draws = np.random.default_rng(2).normal(size=1000)
    far, farther = (scores.score(Forecast(held(x), draws)).log for x in (30.0, 300.0))
    assert -40 < farther < far < -10


def test_draws_that_hardly_differ_are_scored():
    same = scores.score(Forecast(held(1.0), np.full(50, 1.0)))
    assert math.isfinite(same.log) and same.crps == 0 and same.pit == 0.5


def test_under_the_truth_intervals_hold_what_they_say_and_pits_are_uniform():
    rng = np.random.default_rng(3)
    found = []
    for _ in range(2000):
        centre, spread = rng.normal(), rng.uniform(0.5, 3)
        draws = rng.normal(centre, spread, size=400)
        found.append(scores.score(Forecast(held(rng.normal(centre, spread)), draws)))
    found = scores.table(found)
    assert found.inside_50.mean() == pytest.approx(0.5, abs=0.04)
    assert found.inside_90.mean() == pytest.approx(0.9, abs=0.03)
    assert stats.kstest(found.pit, "uniform").pvalue > 0.001


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_intervals_that_are_too_narrow_or_too_wide_score_worse(factor):
    rng = np.random.default_rng(4)
    truth = rng.normal(size=1000)
    right = scores.table(scores.score_student(held(x), Student(0.0, 1.0, 1e6)) for x in truth)
    wrong = scores.table(scores.score_student(held(x), Student(0.0, factor, 1e6)) for x in truth)
    assert right.crps.mean() < wrong.crps.mean()
    assert right.log.mean() > wrong.log.mean()
    assert scores.skill(right.crps, wrong.crps) > 0 > scores.skill(wrong.crps, right.crps)


def test_skill_is_on_the_rows_that_both_have():
    nan = math.nan
    assert scores.skill(np.array([1.0, nan, 100.0]), np.array([2.0, 1.0, nan])) == 0.5
    assert math.isnan(scores.skill(np.array([nan]), np.array([1.0])))


def test_some_rows_of_a_table():
    whole = scores.table(scores.score_student(held(x), Student(0.0, 1.0, 5.0)) for x in (0.0, 1.0, 2.0))
    assert len(whole) == 3
    assert scores.chosen(whole, whole.pit > 0.6).crps.tolist() == whole.crps[1:].tolist()
