"""Predictions: what is drawn, against the formulas of conditional Gaussians, and how draws hang together."""

from dataclasses import replace

import numpy as np
import pytest

from huangpu.measurement import Simulated, predict
from huangpu.measurement.processes import clock, covariance

MANY = 6000


def sigmas(size, volume=0.02, price=0.01, mix=0.1):
    return {name: np.full(size, value) for name, value in
            (("sigma.volume", volume), ("sigma.price", price), ("sigma.mix", mix))}  # fmt: skip


def flat(size, years=8, start=2010):
    """A run in which nothing changes: value 200, volume 100, share 30 %, stock 10."""
    grid = np.arange(start, start + years)
    times = start + 0.25 * np.arange(4 * years + 1)
    annual = {k: np.full((years, size), v) for k, v in (("volume", 100.0), ("value", 200.0), ("share", 0.3))}
    return Simulated(grid, annual, times, {"stock": np.full((len(times), size), 10.0)})


def textbook(rows, query, sd_offset):
    """Mean and variance of log value at `query` given (time, residual, se) of levels on its own basis, sigma fixed."""
    var = 0.02**2 + 0.25 * 0.01**2

    def cov(s, t):
        return var * np.minimum.outer(clock(s, 2010, {2013: 4.0}), clock(t, 2010, {2013: 4.0})) + sd_offset**2

    times, residual, se = (np.array(x, float) for x in zip(*rows, strict=True))
    at = np.array([query])
    gain = cov(at, times) @ np.linalg.inv(cov(times, times) + np.diag(se**2))
    return (gain @ residual)[0], (cov(at, at) - gain @ cov(times, at))[0, 0]


def test_draws_have_the_conditional_mean_and_spread(layer_of, row):
    layer = layer_of(
        row("a", "level", 2011, 210, 4.2, basis="new"),
        row("b", "level", 2012, 196, 3.92, basis="new"),
        row("c", "level", 2014, 205, 2.05, basis="new"),
    )
    found = np.log(predict(layer, flat(MANY), sigmas(MANY), 7).values["nominal"] / 200)
    rows = [(2011.5, np.log(1.05), 0.02), (2012.5, np.log(0.98), 0.02), (2014.5, np.log(1.025), 0.01)]
    for year in range(2010, 2018):
        mean, var = textbook(rows, year + 0.5, 0.05)
        draws = found[year - 2010]
        assert draws.mean() == pytest.approx(mean, abs=4 * np.sqrt(var / MANY))
        assert draws.std() == pytest.approx(np.sqrt(var), rel=4 / np.sqrt(2 * MANY))


def test_the_projection_starts_at_the_last_residual_and_widens(layer_of, row):
    layer = layer_of(row("s", "share", 2014, 40.0, 0.01))
    found = predict(layer, flat(MANY), sigmas(MANY), 7).values["share"]
    spread = found.std(axis=1)
    assert found[4] == pytest.approx(40.0, abs=0.1)
    assert found[5].mean() == pytest.approx(40.0, abs=0.2)
    assert spread[4] < spread[5] < spread[6] < spread[7]


def test_a_bound_keeps_draws_on_its_side(layer_of, row):
    """The figure itself may lie below a bound only as far as its error says; its mean is that of a truncated normal."""
    from scipy.stats import truncnorm

    layer = layer_of(row("b", "level", 2014, 230, 0.023, basis="new", bound=">"))
    found = np.log(predict(layer, flat(MANY), sigmas(MANY), 3).values["nominal"][4] / 200)
    spread = np.sqrt((0.02**2 + 0.25 * 0.01**2) * clock(np.array([2014.5]), 2010, {2013: 4.0})[0] + 0.05**2)
    wanted = truncnorm(np.log(1.15) / spread, np.inf, scale=spread)
    assert (found > np.log(1.15) - 5e-4).all()
    assert found.mean() == pytest.approx(wanted.mean(), abs=4 * wanted.std() / np.sqrt(MANY))
    assert found.std() == pytest.approx(wanted.std(), rel=0.05)


def test_two_bounds_and_an_exact_row_agree_with_rejection(layer_of, row):
    exact = row("e", "level", 2012, 206, 2.06, basis="new")
    bounds = (
        row("lo", "level", 2014, 216, 2.16, basis="new", bound=">"),
        row("hi", "level", 2015, 222, 2.22, basis="new", bound="<"),
    )
    with_bounds = np.log(predict(layer_of(exact, *bounds), flat(MANY), sigmas(MANY), 3).values["nominal"])
    free = np.log(predict(layer_of(exact), flat(20 * MANY), sigmas(20 * MANY), 4).values["nominal"])
    noise = np.random.default_rng(0).normal(0, 0.01, (2, 20 * MANY))
    kept = free[:, (free[4] + noise[0] > np.log(216)) & (free[5] + noise[1] < np.log(222))]
    assert kept.shape[1] > 1000
    for year in (3, 4, 5, 6, 7):
        error = np.sqrt(kept[year].var() / kept.shape[1] + with_bounds[year].var() / MANY)
        assert with_bounds[year].mean() == pytest.approx(kept[year].mean(), abs=4 * error)
        assert with_bounds[year].std() == pytest.approx(kept[year].std(), rel=0.08)


def test_a_far_bound_does_not_fail(layer_of, row):
    layer = layer_of(row("b", "level", 2014, 4000, 1, basis="new", bound=">"))
    found = predict(layer, flat(100), sigmas(100), 3).values["nominal"]
    assert np.isfinite(found).all()
    assert found[4].min() > 3900


def test_members_are_the_same_in_any_number(layer_of, row):
    layer = layer_of(
        row("a", "level", 2011, 210, 4.2, basis="new"),
        row("b", "level", 2014, 230, 2.3, basis="new", bound=">"),
        row("d", "count", 2012, 12, 0.5, date="2012-03-01"),
    )
    few, many = (predict(layer, flat(n), sigmas(n), 11) for n in (60, 400))
    for name in few.values:
        assert np.allclose(few.values[name], many.values[name][:, :60], rtol=1e-12, atol=0), name
    again = predict(layer, flat(60), sigmas(60), 11)
    assert all(np.array_equal(few.values[name], again.values[name]) for name in few.values)
    other = predict(layer, flat(60), sigmas(60), 12)
    assert not np.allclose(few.values["nominal"], other.values["nominal"])


def test_a_longer_run_keeps_the_draws_of_the_shorter(layer_of, row):
    layer = layer_of(row("a", "level", 2011, 210, 4.2, basis="new"))
    short, long = (predict(layer, flat(50, years), sigmas(50), 11) for years in (6, 12))
    assert np.allclose(short.values["nominal"], long.values["nominal"][:6], rtol=1e-12, atol=0)


def test_scenarios_share_draws_and_history_keeps_a_changed_past(layer_of, row):
    """A scenario with another past differs from the reference by exactly what the runs differ by."""
    layer = layer_of(row("a", "level", 2014, 210, 2.1, basis="new"), row("s", "share", 2013, 33, 0.5))
    base = flat(50)
    changed = replace(base, annual=base.annual | {"value": base.annual["value"] * np.linspace(1, 0.8, 8)[:, None]})
    reference = predict(layer, base, sigmas(50), 5)
    scenario = predict(layer, changed, sigmas(50), 5, history=base)
    assert scenario.values["nominal"] / reference.values["nominal"] == pytest.approx(
        np.broadcast_to(np.linspace(1, 0.8, 8)[:, None], (8, 50)), rel=1e-12
    )
    assert np.array_equal(scenario.values["share"], reference.values["share"])


def test_derived_quantities_follow_from_their_parts_member_by_member(layer_of, row):
    found = predict(layer_of(row("a", "level", 2011, 210, 4.2, basis="new")), flat(50), sigmas(50), 5)
    assert np.array_equal(found.values["ratio"], 100 * found.values["nominal"] / found.values["real"])
    assert np.array_equal(found.values["both"], found.values["real"] + found.values["nominal"])
    assert found.attrs["nominal"]["units"] == "yuan"
    assert found.values["nominal"].shape == (8, 50) and found.size == 50
    assert found.attrs["stock"]["at"] == "end of the year"


def test_without_discrepancy_and_rows_figures_are_the_simulation(layer_of, row):
    run = flat(3)
    found = predict(layer_of(row("x", "growth", 2012, 1, 1, use="check")), run, sigmas(3), 5)
    assert found.values["stock"] == pytest.approx(np.full((8, 3), 10.0))


def test_the_runs_own_figures_are_had_without_discrepancy(layer_of, row):
    layer = layer_of(row("a", "level", 2014, 230, 2.3, basis="new"))
    found = predict(layer, flat(3), sigmas(3), 5, discrepancy=False)
    assert found.values["nominal"] == pytest.approx(np.full((8, 3), 200.0))
    assert predict(layer, flat(3), sigmas(3), 5).values["nominal"][4] == pytest.approx([230] * 3, rel=0.1)


def test_a_member_that_is_not_finite_is_nan_and_spoils_no_other(layer_of, row):
    layer = layer_of(row("a", "level", 2014, 210, 2.1, basis="new"), row("s", "share", 2013, 33, 0.5))
    run = flat(4)
    clean = predict(layer, run, sigmas(4), 5)
    value = run.annual["value"].copy()
    value[4, 1] = np.nan
    found = predict(layer, replace(run, annual=run.annual | {"value": value}), sigmas(4), 5)
    assert np.isnan(found.values["nominal"][:, 1]).all()
    others = [0, 2, 3]
    assert np.array_equal(found.values["nominal"][:, others], clean.values["nominal"][:, others])
    assert np.array_equal(found.values["share"], clean.values["share"])


def test_a_stock_keeps_its_share_from_year_to_year(layer_of, row, metrics_text):
    falling = Simulated(np.arange(2011, 2021), {}, np.arange(2010.0, 2022.0), {})
    layer = layer_of(metrics=metrics_text.replace("variable: stock,", "variable: stock, keeps: 0.9,", 1))
    size = 500
    stock = np.linspace(100.0, 20.0, len(falling.times))[:, None] * np.ones(size)
    flows = {name: np.ones((10, size)) * 0.5 for name in layer.requirements()[0]}
    simulated = Simulated(falling.years, flows, falling.times, {"stock": stock})
    sigma = {name: np.full(size, 0.3) for name in layer.metrics.sigmas()}
    predicted = predict(layer, simulated, sigma, 1).values["stock"]
    assert (predicted[1:] >= 0.9 * predicted[:-1] - 1e-12).all()
    assert (predicted[1:] < predicted[:-1]).any()


def test_a_returning_process_is_drawn_given_the_rows_and_forgets_them(layer_of, row, metrics_text):
    """Log odds of a share: conditional mean and variance of an Ornstein-Uhlenbeck process, from dense matrices."""
    layer = layer_of(
        row("s", "share", 2012, 40.0, 0.5),
        row("t", "share", 2014, 36.0, 0.5),
        metrics=metrics_text.replace("drift of the share", "drift of the share, phi: 0.6"),
    )
    found = predict(layer, flat(MANY), sigmas(MANY), 7).values["share"]
    odds = np.log(found / (100 - found)) - np.log(3 / 7)
    at, seen = np.arange(2010, 2018) + 0.5, np.array([2012.5, 2014.5])
    cov = 0.1**2 * covariance(layer.metrics, "mix", np.append(at, seen), seen, 2010.0)
    own = 0.1**2 * np.diag(covariance(layer.metrics, "mix", at, at, 2010.0))
    se = np.array([0.5 / (100 * p * (1 - p)) for p in (0.4, 0.36)])
    gain = cov[:8] @ np.linalg.inv(cov[8:] + np.diag(se**2))
    mean = gain @ (np.log(np.array([40 / 60, 36 / 64])) - np.log(3 / 7))
    var = own - np.einsum("ij,ij->i", gain, cov[:8])
    assert (np.abs(odds.mean(axis=1) - mean) < 4 * np.sqrt(var / MANY) + 1e-9).all()
    assert odds.std(axis=1) == pytest.approx(np.sqrt(var), rel=4 / np.sqrt(2 * MANY))
    assert abs(mean[7]) < 0.4 * abs(mean[4])
