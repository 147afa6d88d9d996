"""Indices of one output: against closed forms, against SALib's own, and with members that are not finite."""

import numpy as np
import pytest
from SALib.analyze import pawn as salib_pawn
from SALib.analyze import sobol as salib_sobol
from SALib.sample import fast_sampler
from SALib.sample import morris as morris_sampler
from SALib.sample import sobol as sobol_sampler

from huangpu.sweep.bootstrap import sobol_half_widths
from huangpu.sweep.designs import HARMONICS
from huangpu.sweep.effects import factorial, one_at_a_time
from huangpu.sweep.given_data import given_data, pawn
from huangpu.sweep.indices import fast, morris, sobol
from sweep.functions import ishigami, ishigami_indices, problem

CUBE = problem(3, -np.pi, np.pi)


@pytest.mark.parametrize("second_order", [True, False])
def test_sobol_indices_are_within_their_intervals_of_the_analytic_ones(second_order):
    y = ishigami(sobol_sampler.sample(CUBE, 2048, calc_second_order=second_order, seed=5))
    found, exact = sobol(y, 3, second_order=second_order, seed=1), ishigami_indices()
    for measure in ("S1", "ST"):
        assert (np.abs(found.values[measure] - exact[measure]) < found.half[measure]).all()
        assert np.abs(found.values[measure] - exact[measure]).max() < 0.02
        assert found.half[measure].max() < 0.07
    if second_order:
        assert found.pairs["S2"][0, 2] == pytest.approx(exact["S2"], abs=found.pairs_half["S2"][0, 2])
        assert np.abs(found.pairs["S2"][0, 1]) < found.pairs_half["S2"][0, 1]


def test_half_widths_are_those_of_salibs_bootstrap():
    y = ishigami(sobol_sampler.sample(CUBE, 256, seed=5))
    many = {"resamples": 4000, "level": 0.95}
    ours = sobol_half_widths(y.reshape(-1, 8), 3, second_order=True, seed=1, **many)
    theirs = salib_sobol.analyze(CUBE, y, num_resamples=4000, seed=2)
    for measure in ("S1", "ST", "S2"):
        # the standard deviation of 4,000 draws is known to 1 / sqrt(8,000), some 1 %
        np.testing.assert_allclose(ours[measure], theirs[f"{measure}_conf"], rtol=0.05)


def test_the_interval_does_not_depend_on_how_resamples_are_held(monkeypatch):
    y = ishigami(sobol_sampler.sample(CUBE, 256, seed=5)).reshape(-1, 8)
    whole = sobol_half_widths(y, 3, second_order=True, resamples=50, level=0.95, seed=1)
    monkeypatch.setattr("huangpu.sweep.bootstrap.CELLS", 7 * 256)
    for measure, half in sobol_half_widths(y, 3, second_order=True, resamples=50, level=0.95, seed=1).items():
        np.testing.assert_allclose(half, whole[measure], rtol=1e-12)


def test_a_group_with_a_member_that_is_not_finite_is_left_out_whole():
    x = sobol_sampler.sample(CUBE, 256, seed=5)
    y = ishigami(x)
    spoilt = y.copy()
    spoilt[[8 * 3 + 2, 8 * 100, 8 * 100 + 7]] = np.nan, np.inf, np.nan
    found = sobol(spoilt, 3, second_order=True, seed=1)
    left = np.delete(y.reshape(-1, 8), [3, 100], axis=0).ravel()
    assert (found.blocks, found.dropped) == (254, 2)
    np.testing.assert_array_equal(found.values["ST"], sobol(left, 3, second_order=True, seed=1).values["ST"])


@pytest.mark.parametrize("kind", ["sobol", "morris", "given", "factorial"])
def test_too_many_spoilt_blocks_give_no_indices_and_say_why(kind):
    x = sobol_sampler.sample(CUBE, 64, seed=5) if kind != "morris" else morris_sampler.sample(CUBE, 20, seed=5)
    y = ishigami(x)
    y[:: len(y) // 15] = np.nan
    find = {
        "sobol": lambda: sobol(y, 3, second_order=True, seed=1),
        "morris": lambda: morris(x, y, levels=4, seed=1),
        "given": lambda: given_data(np.repeat(x, 1, axis=0), np.where(np.arange(len(y)) % 10, y, np.nan), seed=1),
        "factorial": lambda: factorial(x, np.where(np.arange(len(y)) % 10, y, np.nan)),
    }[kind]
    found = find()
    wrong = "hold a member that is not finite" if kind in ("sobol", "morris") else "members are not finite"
    assert f"{wrong}, more than 5 %" in found.note
    assert found.dropped > 0
    assert all(np.isnan(values).all() for values in found.values.values())


def test_an_output_that_never_changes_has_no_indices():
    x = sobol_sampler.sample(CUBE, 64, seed=5)
    y = np.full(len(x), 3.0)
    for found in (
        sobol(y, 3, second_order=True, seed=1),
        fast(y[:300], 3, seed=1),
        morris(x[:80], y[:80], levels=4, seed=1),
        given_data(x, y, seed=1),
        one_at_a_time(x, y),
        factorial(x, y),
    ):
        assert found.note == "the output is the same for every member"
        assert all(np.isnan(values).all() for values in found.values.values())


def test_fast_is_near_the_analytic_indices():
    y = ishigami(fast_sampler.sample(CUBE, 1025, M=HARMONICS, seed=3))
    found, exact = fast(y, 3, seed=1), ishigami_indices()
    for measure in ("S1", "ST"):  # what lies beyond six harmonics is 0.01 at most; longer curves do not help
        np.testing.assert_allclose(found.values[measure], exact[measure], atol=0.015)


def test_fast_loses_a_factor_whose_curve_is_spoilt():
    factors = 24
    y = fast_sampler.sample(problem(factors, 0, 1), 513, M=HARMONICS, seed=3).sum(axis=1)
    y[513 * 2 + 7] = np.nan
    found = fast(y, factors, seed=1)
    assert found.dropped == 1
    assert np.flatnonzero(np.isnan(found.values["ST"])).tolist() == [2]
    assert np.isfinite(found.values["S1"][3])


def test_numpys_global_generator_is_left_as_it_was():
    np.random.seed(11)
    expected = np.random.random(4)
    np.random.seed(11)
    fast(ishigami(fast_sampler.sample(CUBE, 577, M=HARMONICS, seed=3)), 3, seed=1)
    x = np.random.default_rng(1).random((300, 3))
    given_data(x, x.sum(axis=1), seed=1)
    np.testing.assert_array_equal(np.random.random(4), expected)


def test_morris_of_a_linear_function_has_its_slopes_and_no_spread():
    x = morris_sampler.sample(problem(4, 0, 1), 12, seed=3)
    slopes = np.array([3.0, -2.0, 0.5, 0.0])
    found = morris(x, x @ slopes, levels=4, seed=1)
    np.testing.assert_allclose(found.values["mu"], slopes, atol=1e-12)
    np.testing.assert_allclose(found.values["mu_star"], np.abs(slopes), atol=1e-12)
    np.testing.assert_allclose(found.values["sigma"], 0, atol=1e-12)
    np.testing.assert_allclose(found.half["mu_star"], 0, atol=1e-12)


def test_morris_leaves_out_a_spoilt_trajectory():
    x = morris_sampler.sample(CUBE, 40, seed=3)
    y = ishigami(x)
    y[4 * 7 + 1] = np.nan
    found = morris(x, y, levels=4, seed=1)
    rest = np.delete(np.arange(160).reshape(40, 4), 7, axis=0).ravel()
    assert (found.blocks, found.dropped) == (39, 1)
    np.testing.assert_array_equal(found.values["mu_star"], morris(x[rest], y[rest], levels=4, seed=1).values["mu_star"])


def test_pawn_is_salibs():
    draws = np.random.default_rng(2)
    x = draws.normal(size=(777, 3))
    for y in (ishigami(x), np.round(ishigami(x)), (ishigami(x) > 1).astype(float)):
        order = np.argsort(y, kind="stable")
        ours = [pawn(column, y, order) for column in x.T]
        np.testing.assert_allclose(ours, salib_pawn.analyze(CUBE, x, y, S=10)["median"], rtol=1e-12)


def test_given_data_ranks_the_factors_and_tells_an_inert_one():
    x = np.random.default_rng(4).normal(size=(3000, 4))
    found = given_data(x, 3 * x[:, 0] - 1.5 * x[:, 1] + 0.7 * x[:, 2], seed=1)
    floor = found.values["pawn_floor"][0]
    for measure in ("pawn", "delta"):
        assert np.argsort(-found.values[measure]).tolist() == [0, 1, 2, 3]
    assert found.values["pawn"][3] < floor < found.values["pawn"][2]
    assert found.values["delta"][3] < 0.1  # the estimator's own bias at 2,000 members
    assert np.sign(found.values["rank"])[:3].tolist() == [1, -1, 1]
    assert abs(found.values["rank"][3]) < 1.5 * found.half["rank"][3]  # three standard errors


def test_given_data_leaves_out_members_that_are_not_finite():
    x = np.random.default_rng(4).normal(size=(1000, 2))
    y = x[:, 0] + 0.5 * x[:, 1]
    y[[5, 600]] = np.nan
    found, left = given_data(x, y, seed=1), given_data(np.delete(x, [5, 600], 0), np.delete(y, [5, 600]), seed=1)
    assert (found.blocks, found.dropped) == (998, 2)
    for measure, values in left.values.items():
        np.testing.assert_array_equal(found.values[measure], values)


def test_an_output_of_yes_and_no_has_no_delta_and_says_so():
    x = np.random.default_rng(4).normal(size=(1000, 2))
    found = given_data(x, (x[:, 0] > 0).astype(float), seed=1)
    assert found.values["pawn"][0] > 5 * found.values["pawn"][1]
    assert np.isnan(found.values["delta"]).all()
    assert "no delta" in found.note


def test_one_at_a_time_gives_each_factors_own_change():
    base = np.array([1.0, 2.0, 3.0])
    rows = [base]
    for k in range(3):
        for value in (0.5, 1.5, 4.0):
            rows.append(np.where(np.arange(3) == k, value, base))
    x = np.array(rows)
    found = one_at_a_time(x, x @ np.array([2.0, -1.0, 0.0]))
    np.testing.assert_allclose(found.values["low"], [-1.0, 1.5, 0.0])
    np.testing.assert_allclose(found.values["high"], [6.0, -2.0, 0.0])
    np.testing.assert_allclose(found.values["swing"], [7.0, 3.5, 0.0])


def test_one_at_a_time_loses_a_factor_with_a_member_that_is_not_finite():
    x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = one_at_a_time(x, np.array([0.0, np.nan, 2.0]))
    np.testing.assert_array_equal(found.values["swing"], [np.nan, 2.0])
    assert found.dropped == 1
    assert "1 of 2 factors" in found.note
    assert "base itself" in one_at_a_time(x, np.array([np.nan, 1.0, 2.0])).note


def test_factorial_gives_main_effects_and_their_share():
    x = np.array(np.meshgrid([0.0, 1.0, 2.0], [0.0, 1.0], [0.0, 1.0], indexing="ij")).reshape(3, -1).T
    found = factorial(x, 3 * x[:, 0] - 2 * x[:, 1])
    np.testing.assert_allclose(found.values["low"], [-3, 1, 0], atol=1e-12)
    np.testing.assert_allclose(found.values["high"], [3, -1, 0], atol=1e-12)
    np.testing.assert_allclose(found.values["swing"], [6, 2, 0], atol=1e-12)
    np.testing.assert_allclose(found.values["S1"], [6 / 7, 1 / 7, 0], atol=1e-12)  # variances 9 · 2/3 and 4 · 1/4
    product = factorial(x[:, 1:], (x[:, 1] - 0.5) * (x[:, 2] - 0.5))
    np.testing.assert_allclose(product.values["S1"], 0, atol=1e-12)
