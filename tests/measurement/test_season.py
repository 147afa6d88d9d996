"""Parts of a year against the same parts of the model's year, and what the season leaves open."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from huangpu.measurement import Simulated, log_likelihood, predict, read_run, residuals
from huangpu.measurement.processes import clock
from huangpu.measurement.season import season_loadings, widening
from huangpu.measurement.simulated import Means

SIGMAS = {"sigma.volume": np.array([0.02, 0.05]), "sigma.price": np.zeros(2), "sigma.mix": np.array([0.1, 0.2])}


def test_part_years_are_compared_with_the_same_months(layer_of, row, simulated):
    layer = layer_of(
        row("g", "growth", 2013, 3.0, 0.1, months=6),
        row("l", "level", 2012, 110.0, 0.1, months=6, basis="new"),
        row("s", "share", 2012, 30.0, 0.1, months=6),
        row("y", "growth", 2014, 3.0, 0.1),
    )
    growth = np.log([1.05, 1.02])
    share = np.array([0.3, 0.4]) * 0.98**3
    expected = [
        np.log(1.03) - growth - np.log(0.98),
        np.log(220) - (np.log(200) + 3 * growth + 3 * np.log(0.98)),
        np.log(3 / 7) - np.log(share / (1 - share)),
        np.log(1.03) - growth,
    ]
    assert residuals(layer, simulated) == pytest.approx(np.array(expected), abs=1e-12)


def test_a_part_that_the_run_does_not_reach_is_not_finite(layer_of, row, simulated):
    layer = layer_of(row("g", "growth", 2018, 3.0, 0.1, months=6), row("h", "growth", 2013, 3.0, 0.1, months=6))
    assert np.isfinite(residuals(layer, simulated)).tolist() == [[False, False], [True, True]]


def test_a_run_is_read_as_it_was_saved(layer_of, row):
    """The part of the last year that is asked for lies beyond the run's end."""
    layer = layer_of(row("g", "growth", 2013, 3.0, 0.1, months=6), row("h", "growth", 2015, 3.0, 0.1, months=6))
    needs = layer.requirements()
    assert needs.parts == {6: ((2012, 2013, 2014, 2015), ("volume",))}
    annual, points = np.arange(12.0).reshape(3, 4, 1), np.ones((1, 17, 1))
    run = read_run(needs, np.arange(2010, 2014), np.arange(2010, 2014.1, 0.25), [annual, points, np.ones((1, 2, 1))])
    assert run.annual["value"].tolist() == [[4], [5], [6], [7]]
    assert run.parts[6].years.tolist() == [2012, 2013]
    assert residuals(layer, run)[:, 0] == pytest.approx([np.log(1.03), np.nan], nan_ok=True)


def test_the_season_is_a_bridge_over_the_months():
    """Summed up to m months it varies as m (12 - m), so its mean over them as (12 - m) / m."""
    assert widening(6) == 1
    for months in range(1, 12):
        assert months * widening(months) == pytest.approx((12 - months) * widening(12 - months))
    assert widening(12) == 0


def test_a_quantity_may_have_a_stronger_season(layer_of, row, metrics_text):
    layer = layer_of(
        row("g", "growth", 2012, 5.0, 0.5, months=9),
        row("l", "level", 2013, 90.0, 0.9, months=9, basis="new"),
        metrics=metrics_text.replace("variable: volume,", "variable: volume, season: 4,"),
    )
    assert [r.season for r in layer.rows] == pytest.approx([4 * 0.6 / 105, 0.06])


def test_parts_of_a_year_share_their_season(layer_of, row, metrics_text):
    """Covariance of the means over m < n months of a bridge is that of n with itself: m (12 - n) / (m n)."""
    old = "kind: growth_real, form: growth}"
    months = {"a": 3, "b": 6, "c": 11, "y": 12, "other": 6}
    layer = layer_of(
        *(row(i, "growth", 2013 if i == "other" else 2012, 0.0, 0.1, months=m) for i, m in months.items()),
        metrics=metrics_text.replace(old, old[:-1] + ", parts: true}"),
    )
    _, loadings = season_loadings(layer.rows)
    size = 0.006**2
    expected = np.zeros((5, 5))
    for i, m in enumerate((3, 6, 11)):
        for j, n in enumerate((3, 6, 11)):
            expected[i, j] = size * (12 - max(m, n)) / max(m, n)
    expected[4, 4] = size
    assert loadings.T @ loadings == pytest.approx(expected, abs=1e-12)


def test_levels_share_one_season_over_the_years(layer_of, row):
    layer = layer_of(
        row("a", "level", 2012, 100.0, 0.1, months=6, basis="new"),
        row("b", "level", 2014, 100.0, 0.1, months=9, basis="new"),
        row("s", "share", 2014, 50.0, 0.1, months=9),
    )
    _, loadings = season_loadings(layer.rows)
    shared = 0.06**2 / 3
    assert loadings.T @ loadings == pytest.approx(
        np.array([[0.06**2, shared, 0], [shared, shared, 0], [0, 0, 0.036**2 / 3]]), abs=1e-12
    )


def test_parts_beside_a_year_equal_a_multivariate_normal(layer_of, row, simulated, metrics_text):
    """Discrepancy is read in the middle of the months, the season is common, the rounding is each row's own."""
    old = "kind: growth_real, form: growth}"
    layer = layer_of(
        row("h", "growth", 2013, -6.0, 0.2, months=6),
        row("y", "growth", 2013, 1.0, 0.1),
        metrics=metrics_text.replace(old, old[:-1] + ", parts: true}"),
    )
    growth = np.log([1.05, 1.02])
    mean = np.array([growth + np.log(0.98), growth])
    at = [(2013.25, 2012.25), (2013.5, 2012.5)]
    passed = lambda s, t: clock(np.array([min(s, t)]), 2010.0, {2013: 4.0})[0]  # noqa: E731
    walk = np.array([[passed(a, c) - passed(a, d) - passed(b, c) + passed(b, d) for c, d in at] for a, b in at])
    errors = np.diag([(0.2 / 94) ** 2 + (0.6 / 94) ** 2, (0.1 / 101) ** 2])
    expected = [
        multivariate_normal.logpdf(np.log([0.94, 1.01]), mean[:, m], SIGMAS["sigma.volume"][m] ** 2 * walk + errors)
        for m in range(2)
    ]
    assert log_likelihood(layer, simulated, SIGMAS) == pytest.approx(expected, rel=1e-6)


def test_what_parts_say_corrects_predictions(layer_of, row, simulated):
    """The half of 2012 is reported 10 % above the model; the walk, the basis and the season share the difference."""
    size = 2000
    flat = {name: np.full((8, size), 100.0) for name in ("volume", "value", "share")}
    half = {6: Means(simulated.years, {"value": np.full((8, size), 90.0)})}
    run = Simulated(simulated.years, flat, simulated.times, {"stock": np.ones((33, size))}, half)
    layer = layer_of(row("l", "level", 2012, 49.5, 1e-4, months=6, basis="new"))
    sigma = {"sigma.volume": np.full(size, 0.3), "sigma.price": np.zeros(size), "sigma.mix": np.zeros(size)}
    found = np.log(predict(layer, run, sigma, 1).values["real"][2] / 100)
    walk = 0.3**2 * 2.25  # up to the middle of the half
    seen = walk + 0.05**2 + 0.06**2
    assert found.mean() == pytest.approx(walk / seen * np.log(1.1), abs=0.015)
    assert found.std() == pytest.approx(np.sqrt(0.3**2 * 2.5 - walk**2 / seen), rel=0.06)
