"""Drivers: their process, what they add to the rows' covariance, and how paths are drawn, against dense Gaussians."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from huangpu.measurement import (
    DataError,
    Responses,
    Simulated,
    draw_paths,
    log_likelihood,
    predict,
    residuals,
    with_drivers,
)
from huangpu.measurement.drivers import answers, carried, driver_years, middles
from huangpu.measurement.processes import clock

MANY = 6000
PHI, SIZE = 0.5, 0.03
DRIVERS = """
drivers:
  demand: {process: ar1, phi: 0.5, sigma: sigma.demand, shocks: true, reason: business cycle}
processes:
"""


@pytest.fixture
def text(metrics_text):
    return metrics_text.replace("\nprocesses:\n", DRIVERS, 1)


def flat(size, years=8, start=2010):
    """A run in which nothing changes: value 200, volume 100, share 30 %, stock 10."""
    grid = np.arange(start, start + years)
    times = start + 0.25 * np.arange(4 * years + 1)
    annual = {k: np.full((years, size), v) for k, v in (("volume", 100.0), ("value", 200.0), ("share", 0.3))}
    return Simulated(grid, annual, times, {"stock": np.full((len(times), size), 10.0)})


def sigmas(size, demand=SIZE):
    given = {"sigma.demand": demand, "sigma.volume": 0.02, "sigma.price": 0.01, "sigma.mix": 0.1}
    return {name: np.full(size, value) for name, value in given.items()}


def responses(layer, **by_quantity):
    """Each row of a quantity answers to the driver at the middles of its terms' years, times a number."""
    years = driver_years(layer.start, layer.last_time())
    found = np.zeros((len(layer.rows), len(years)))
    for i, row in enumerate(layer.rows):
        for coefficient, year in row.terms:
            found[i, years == int(year)] += coefficient * by_quantity.get(row.quantity, 0.0)
    return Responses(years, {"demand": found})


def ar1(years):
    """Covariance of the driver at the middles of years from 2010 on, by the recursion."""
    variances, now = [], 0.0
    for year in years:
        now = PHI**2 * now + SIZE**2 * (4.0 if year == 2013 else 1.0)
        variances.append(now)
    apart = np.abs(np.subtract.outer(years, years))
    earlier = np.minimum.outer(np.arange(len(years)), np.arange(len(years)))
    return PHI**apart * np.array(variances)[earlier]


def test_the_path_is_an_ar1_process_with_larger_innovations_in_shock_years(layer_of, text):
    years = np.arange(2010, 2018)
    step = SIZE * carried(layer_of(metrics=text).metrics, "demand", years)
    assert step @ step.T == pytest.approx(ar1(years), rel=1e-12)


@pytest.mark.parametrize(
    ("start", "end", "years"),
    [(2010, 2013, [2010, 2011, 2012, 2013]), (2010, 2012.5, [2010, 2011, 2012]), (2010.75, 2012.25, [2011, 2012])],
)
def test_corners_reach_from_after_the_start_to_the_first_at_or_after_the_end(start, end, years):
    found = driver_years(start, end)
    assert found.tolist() == years
    assert middles(found)[0] > start and middles(found)[-1] >= end


def test_a_path_does_not_change_where_a_run_ends_later(layer_of, row, text):
    layer = layer_of(row("a", "level", 2012, 210, 2.1, basis="new"), metrics=text)
    told = responses(layer, nominal=1.0)
    missed = residuals(layer, flat(50))
    short, long = (draw_paths(layer, told, missed, sigmas(50), 3, end) for end in (2014.0, 2020.0))
    assert np.allclose(short.of["demand"], long.of["demand"][: len(short.corners)], rtol=1e-12, atol=0)


def test_rows_that_hardly_answer_stay_in_blocks_of_their_own(layer_of, row, text):
    layer = layer_of(row("a", "level", 2012, 210, 2.1, basis="new"), row("s", "share", 2012, 33.0, 0.5), metrics=text)
    faint = responses(layer, nominal=1.0, share=0.01)
    assert answers(layer.metrics, faint)["demand"][layer.row_ids().index("s")].tolist() == [0, 0, 0, 0]
    assert [b.drivers for b in with_drivers(layer, faint).blocks if len(b.rows)] == [("demand",), ()]
    joint = with_drivers(layer, responses(layer, nominal=1.0, share=-0.5))
    assert [len(b.rows) for b in joint.blocks] == [2, 0]
    assert joint.blocks[0].quantities == ("real", "nominal", "share")


def mixed(layer_of, row, text):
    layer = layer_of(
        row("g", "growth", 2013, 7.0, 0.5),
        row("l1", "level", 2012, 230.0, 2.3, basis="new"),
        row("l2", "level", 2014, 260.0, 2.6, basis="new"),
        row("s", "share", 2014, 33.0, 0.5),
        metrics=text,
    )
    return layer, responses(layer, real=1.0, nominal=1.6, share=-0.4)


def by_hand(layer, told, drivers=True):
    """Covariance of the rows g, l1, l2, s: walks, offset, reporting errors and the driver, each from its definition."""
    walk = np.zeros((4, 4))
    volume = [{2013.5: 1, 2012.5: -1}, {2012.5: 1}, {2014.5: 1}]
    for i, a in enumerate(volume):
        for j, b in enumerate(volume):
            passed = sum(
                x * y * clock(np.array([min(s, t)]), 2010, {2013: 4.0})[0] for s, x in a.items() for t, y in b.items()
            )
            walk[i, j] = passed * (0.02**2 + (0.25 * 0.01**2 if i and j else 0)) + 0.05**2 * bool(i and j)
    walk[3, 3] = 0.1**2 * clock(np.array([2014.5]), 2010, {2013: 4.0})[0]
    error = np.diag([row.se**2 + 1e-12 for row in layer.rows])
    heard = told.of["demand"]
    return walk + error + drivers * heard @ ar1(told.years) @ heard.T


def test_the_likelihood_is_a_multivariate_normal_with_the_drivers_in_it(layer_of, row, text):
    layer, told = mixed(layer_of, row, text)
    run = flat(2)
    for drivers, met in ((True, with_drivers(layer, told)), (False, layer)):
        expected = multivariate_normal.logpdf(residuals(layer, run)[:, 0], np.zeros(4), by_hand(layer, told, drivers))
        assert log_likelihood(met, run, sigmas(2)) == pytest.approx([expected, expected], rel=1e-9)


def test_paths_have_the_conditional_mean_and_covariance(layer_of, row, text):
    layer, told = mixed(layer_of, row, text)
    missed = residuals(layer, flat(MANY))
    paths = draw_paths(layer, told, missed, sigmas(MANY), 5, 2018.0)
    years = (paths.corners - 0.5).astype(int)
    prior = ar1(years)
    shared = prior[:, : len(told.years)] @ told.of["demand"].T
    gain = shared @ np.linalg.inv(by_hand(layer, told))
    mean, covariance = gain @ missed[:, 0], prior - gain @ shared.T
    found = paths.of["demand"]
    spread = np.sqrt(np.diag(covariance))
    assert np.abs(found.mean(axis=1) - mean).max() < 4 * spread.max() / np.sqrt(MANY)
    assert np.abs(np.cov(found) - covariance).max() < 6 * spread.max() ** 2 / np.sqrt(MANY)
    assert np.abs(mean).max() > 2 * spread.max() / np.sqrt(MANY)  # else the mean would have been no test
    assert not paths.beyond.any()


def test_with_nothing_reported_the_spread_is_that_of_the_process(layer_of, text):
    layer = layer_of(metrics=text)
    told = Responses(driver_years(2010, 2010), {"demand": np.zeros((0, 1))})
    found = draw_paths(layer, told, np.zeros((0, MANY)), sigmas(MANY), 5, 2030.0).of["demand"]
    expected = np.sqrt(np.diag(ar1(np.arange(2010, 2010 + len(found)))))
    assert found.std(axis=1) == pytest.approx(expected, rel=4 / np.sqrt(2 * MANY))


def driven(run, path, real=1.0, nominal=1.6, share=-0.4):
    """The run with a path at the middles of its years in it, exactly as the rows are said to answer."""
    odds = np.log(0.3 / 0.7) + share * path
    annual = {
        "volume": run.annual["volume"] * np.exp(real * path),
        "value": run.annual["value"] * np.exp(nominal * path),
        "share": 1 / (1 + np.exp(-odds)),
    }
    return replace(run, annual=annual)


def test_drivers_first_and_the_rest_given_them_is_all_at_once(layer_of, row, text):
    """Figures of the driven run with its discrepancy are distributed as conditioning on all unknowns together says."""
    layer, told = mixed(layer_of, row, text)
    run = flat(MANY)
    missed = residuals(layer, run)
    paths = draw_paths(layer, told, missed, sigmas(MANY), 5, 2018.0)
    after = driven(run, paths.of["demand"][:8])
    found = np.log(predict(layer, after, sigmas(MANY), 5, beyond=paths.beyond).values["real"] / 100)
    years, times = np.arange(2010, 2018), np.arange(2010, 2018) + 0.5
    passed = clock(times, 2010, {2013: 4.0})
    prior = 0.02**2 * np.minimum.outer(passed, passed) + ar1(years)
    at = {2013.5: 3, 2012.5: 2, 2014.5: 4}
    walk = 0.02**2 * np.minimum.outer(passed, passed)
    shared = np.stack([walk[:, 3] - walk[:, 2], walk[:, at[2012.5]], walk[:, at[2014.5]], 0 * passed], axis=1)
    shared = shared + ar1(years)[:, : len(told.years)] @ told.of["demand"].T
    gain = shared @ np.linalg.inv(by_hand(layer, told))
    mean, covariance = gain @ missed[:, 0], prior - gain @ shared.T
    spread = np.sqrt(np.diag(covariance))
    assert np.abs((found.mean(axis=1) - mean) / spread).max() < 4 / np.sqrt(MANY)
    assert found.std(axis=1) == pytest.approx(spread, rel=4 / np.sqrt(2 * MANY))


def test_a_bounded_figure_stays_where_it_was_drawn(layer_of, row, text):
    """What the drivers explain and what the rest does add up to one figure, on its side of the bound."""
    layer = layer_of(row("b", "level", 2014, 230, 0.0023, basis="new", bound=">"), metrics=text)
    told = responses(layer, nominal=1.6)
    run = flat(200)
    paths = draw_paths(layer, told, residuals(layer, run), sigmas(200), 3, 2018.0)
    figures = predict(layer, driven(run, paths.of["demand"][:8]), sigmas(200), 3, beyond=paths.beyond)
    assert (paths.beyond > 0).all()
    assert figures.values["nominal"][4] == pytest.approx(230 * np.exp(paths.beyond[0]), rel=1e-4)


def test_members_are_the_same_in_any_number(layer_of, row, text):
    layer, told = mixed(layer_of, row, text)
    few, many = (draw_paths(layer, told, residuals(layer, flat(n)), sigmas(n), 5, 2018.0) for n in (40, 300))
    assert np.allclose(few.of["demand"], many.of["demand"][:, :40], rtol=1e-11, atol=1e-15)
    other = draw_paths(layer, told, residuals(layer, flat(40)), sigmas(40), 6, 2018.0)
    assert not np.allclose(few.of["demand"], other.of["demand"])


def test_a_member_that_is_not_finite_spoils_no_other_and_keeps_a_path(layer_of, row, text):
    layer, told = mixed(layer_of, row, text)
    clean = residuals(layer, flat(4))
    broken = clean.copy()
    broken[1, 2] = np.nan
    found, expected = (draw_paths(layer, told, r, sigmas(4), 5, 2018.0).of["demand"] for r in (broken, clean))
    assert np.array_equal(found[:, [0, 1, 3]], expected[:, [0, 1, 3]])
    assert np.isfinite(found).all()


def test_a_driver_and_a_process_do_not_share_a_size(layer_of, text):
    with pytest.raises(DataError, match=r"drivers\.demand\.sigma: 'sigma\.price' is the size of a process too"):
        layer_of(metrics=text.replace("sigma: sigma.demand", "sigma: sigma.price"))
