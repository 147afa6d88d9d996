"""The likelihood against textbook formulas."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from huangpu.measurement import Simulated, log_likelihood, one_thread, residuals
from huangpu.measurement.metrics import Metrics, PartYear, Process
from huangpu.measurement.processes import clock, covariance, steps

SIGMAS = {
    "sigma.volume": np.array([0.02, 0.05]),
    "sigma.price": np.array([0.01, 0.03]),
    "sigma.mix": np.array([0.1, 0.2]),
}


def test_a_random_walk_passes_time_faster_in_shock_years():
    times = np.array([2010.0, 2012.5, 2013.5, 2014.0, 2015.25])
    assert clock(times, 2010.0, {2013: 4.0}) == pytest.approx([0, 2.5, 3 + 4 * 0.5, 3 + 4, 3 + 4 + 1.25])
    assert clock(times, 2013.5, {2013: 4.0})[3:] == pytest.approx([2, 3.25])  # a shock before the start is over


def test_a_process_begins_in_its_own_year_and_may_know_no_shocks():
    times = np.array([2011.0, 2012.0, 2013.0, 2014.0])
    young = Process(start=2012.0)
    metrics = Metrics(
        "m", {2013: 4.0}, PartYear(), np.inf, {}, {"young": young, "calm": Process(shocks=False)}, {}, (), ()
    )
    for process, passed in (("young", [0, 0, 1, 5]), ("calm", [1, 2, 3, 4])):
        assert np.diag(covariance(metrics, process, times, times, 2010.0)) == pytest.approx(passed)


def test_residuals_are_reported_less_simulated(layer_of, row, simulated):
    layer = layer_of(
        row("g", "growth", 2012, 7.0, 0.1),
        row("s", "share", 2012, 33.0, 0.5),
        row("d", "count", 2012, 12, 0.5, date="2012-12-31"),
        row("a", "growth", 2016, 4.0, 0.1, period="avg_2014-2016", months=""),
    )
    expected = [
        np.log(1.07) - np.log([1.05, 1.02]),
        np.log(0.33 / 0.67) - np.log(np.array([0.3, 0.4]) / [0.7, 0.6]),
        np.log(12 / (np.array([10, 20]) * np.exp(0.3))),
        3 * np.log(1.04) - 3 * np.log([1.05, 1.02]),
    ]
    assert residuals(layer, simulated) == pytest.approx(np.array(expected), abs=1e-12)


def test_dated_stocks_are_read_between_saved_points(layer_of, row, simulated):
    layer = layer_of(row("d", "count", 2013, 12, 0.5, date="2013-02-01"))
    exact = np.log([10, 20]) + 0.1 * (3 + 32 / 365)
    assert residuals(layer, simulated)[0] == pytest.approx(np.log(12) - exact, abs=1e-12)


def by_hand(rows, member):
    """Covariance of (quantity, y, se, {time: coefficient}, offset sd) rows, from the definition."""
    v, p = SIGMAS["sigma.volume"][member], SIGMAS["sigma.price"][member]
    loads = {"real": (1, 0), "nominal": (1, 0.5)}
    n = len(rows)
    cov = np.zeros((n, n))
    for i, (qi, _, se, ti, oi) in enumerate(rows):
        for j, (qj, _, _, tj, oj) in enumerate(rows):
            walk = sum(
                a * b * clock(np.array([min(s, t)]), 2010.0, {2013: 4.0})[0]
                for s, a in ti.items()
                for t, b in tj.items()
            )
            size = loads[qi][0] * loads[qj][0] * v**2 + loads[qi][1] * loads[qj][1] * p**2
            cov[i, j] = walk * size + (oi[1] ** 2 if oi[0] and oi[0] == oj[0] else 0) + (se**2 + 1e-12) * (i == j)
    return cov


def test_growth_levels_and_offsets_equal_a_multivariate_normal(layer_of, row, simulated):
    layer = layer_of(
        row("g1", "growth", 2012, 7.0, 0.5),
        row("g2", "growth", 2013, 1.0, 0.5),
        row("g3", "growth", 2015, 3.0, 0.5, period="avg_2012-2015", months=""),
        row("o1", "level", 2011, 230.0, 2.0, basis="old"),
        row("o2", "level", 2012, 250.0, 2.0, basis="old"),
        row("n1", "level", 2014, 280.0, 2.0, basis="new"),
    )
    rows = [
        ("real", np.log(1.07), 0.5 / 107, {2012.5: 1, 2011.5: -1}, (None, 0)),
        ("real", np.log(1.01), 0.5 / 101, {2013.5: 1, 2012.5: -1}, (None, 0)),
        ("real", 4 * np.log(1.03), 4 * 0.5 / 103, {2015.5: 1, 2011.5: -1}, (None, 0)),
        ("nominal", np.log(230), 2 / 230, {2011.5: 1}, ("old", 0.1)),
        ("nominal", np.log(250), 2 / 250, {2012.5: 1}, ("old", 0.1)),
        ("nominal", np.log(280), 2 / 280, {2014.5: 1}, ("new", 0.05)),
    ]
    growth = np.log([1.05, 1.02])
    value = np.log(200) + 1.5 * growth * np.array([[1], [2], [4]])
    mean = np.vstack([growth, growth, 4 * growth, value])
    expected = [
        multivariate_normal.logpdf([r[1] for r in rows], mean[:, m], by_hand(rows, m), allow_singular=False)
        for m in range(2)
    ]
    assert log_likelihood(layer, simulated, SIGMAS) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("bound", "side"), [(">", 1), (">=", 1), ("<", -1), ("<=", -1)])
def test_a_lone_bound_is_a_probability(layer_of, row, simulated, bound, side):
    layer = layer_of(row("b", "level", 2012, 230.0, 4.6, basis="new", bound=bound))
    spread = np.sqrt((SIGMAS["sigma.volume"] ** 2 + 0.25 * SIGMAS["sigma.price"] ** 2) * 2.5 + 0.05**2 + 0.02**2)
    h = np.log(200) + 3 * np.log([1.05, 1.02])
    expected = norm.logcdf(side * (h - np.log(230)) / spread)
    assert log_likelihood(layer, simulated, SIGMAS) == pytest.approx(expected, rel=1e-9)


def test_a_bound_given_exact_rows_is_a_conditional_probability(layer_of, row, simulated):
    """P(y1 in dy, y2 > b) by integrating the joint density of two exact rows over y2."""
    exact = row("e", "level", 2012, 226.0, 4.6, basis="new")
    layer = layer_of(exact, row("b", "level", 2014, 260.0, 2.6, basis="new", bound=">"))
    found = log_likelihood(layer, simulated, SIGMAS)
    grid = np.exp(np.linspace(np.log(260), np.log(260) + 1.5, 1501))
    dense = []
    for value in grid:
        both = layer_of(exact, row("b", "level", 2014, value, 0.01 * value, basis="new"))
        dense.append(np.exp(log_likelihood(both, simulated, SIGMAS)))
    assert found == pytest.approx(np.log(np.trapezoid(dense, np.log(grid), axis=0)), abs=1e-5)


def test_runs_that_are_not_finite_are_impossible_and_spoil_no_neighbour(layer_of, row, simulated):
    layer = layer_of(row("l", "level", 2012, 230.0, 4.6, basis="new"), row("s", "share", 2012, 33.0, 0.5))
    clean = log_likelihood(layer, simulated, SIGMAS)
    broken = simulated.annual["value"].copy()
    broken[2, 0] = np.nan
    spoilt = Simulated(simulated.years, simulated.annual | {"value": broken}, simulated.times, simulated.points)
    found = log_likelihood(layer, spoilt, SIGMAS)
    assert found[0] == -np.inf
    assert found[1] == clean[1]


def test_same_bits_in_any_batch(layer_of, row):
    """A member's likelihood does not depend on its neighbours, also where batches are cut for the cache."""
    rows = [row(f"g{y}{m}", "growth", y, 3.0, 0.5, basis=f"v{m}") for y in range(2011, 2018) for m in range(9)]
    layer = layer_of(*rows)
    random = np.random.default_rng(1)
    size = 90
    years = np.arange(2010, 2018)
    paths = 100 * np.exp(np.cumsum(0.03 + 0.02 * random.standard_normal((8, size)), axis=0))
    members = {name: 0.05 * np.exp(random.standard_normal(size)) for name in SIGMAS}

    def score(part):
        annual = {"volume": paths[:, part], "value": paths[:, part], "share": paths[:, part] / 1e4}
        run = Simulated(years, annual, np.array([2010.0, 2018.0]), {"stock": paths[:2, part]})
        return log_likelihood(layer, run, {name: values[part] for name, values in members.items()})

    with one_thread():
        whole = score(slice(None))
        assert np.array_equal(np.concatenate([score(slice(0, 1)), score(slice(1, 50)), score(slice(50, None))]), whole)


def test_a_process_that_returns_has_the_covariance_of_its_integral():
    """Against sums over fine steps of X(t + dt) = phi^dt X(t) + noise, shock years and a late beginning included."""
    phi, dt = 0.6, 1 / 256
    processes = {"back": Process(phi=phi), "late": Process(phi=phi, start=2012.25, shocks=False)}
    metrics = Metrics("m", {2013: 4.0}, PartYear(), np.inf, {}, processes, {}, (), ())
    times = np.array([2011.0, 2012.5, 2013.5, 2014.0, 2016.25])
    fine = np.arange(2010.0, 2017.0, dt)
    for process, begin, shocks in (("back", 2010.0, True), ("late", 2012.25, False)):
        rate = np.where((fine >= 2013) & (fine < 2014) & shocks, 4.0, 1.0) * (fine >= begin)
        left = np.where(fine < times[:, None], phi ** (times[:, None] - fine - dt / 2), 0.0)
        expected = (left * rate * dt) @ left.T
        found = covariance(metrics, process, times, times, 2010.0)
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-9)
        kept, spread = steps(metrics, process, times, 2010.0)
        chain = np.zeros((5, 5))
        for i in range(5):
            chain[i, : i + 1] = np.append(kept[i] * chain[i - 1, :i], spread[i])
        assert chain @ chain.T == pytest.approx(found, rel=1e-12, abs=1e-15)


def test_a_process_that_hardly_returns_is_a_walk():
    processes = {"walk": Process(), "almost": Process(phi=1 - 1e-9)}
    metrics = Metrics("m", {2013: 4.0}, PartYear(), np.inf, {}, processes, {}, (), ())
    times, others = np.array([2011.0, 2013.5, 2016.0]), np.array([2010.5, 2014.0])
    walk, almost = (covariance(metrics, name, times, others, 2010.0) for name in processes)
    assert almost == pytest.approx(walk, rel=1e-6)


def test_one_key_turns_every_walk_into_a_returning_process(layer_of, row, simulated, metrics_text):
    """The variant is the same as a phi of its own for each process, and a phi of its own goes before it."""
    rows = [row("g", "growth", 2012, 7.0, 0.5), row("n", "level", 2014, 280.0, 2.0, basis="new")]
    each = metrics_text.replace("reason: drift of", "phi: 0.7, reason: drift of")
    alike = "discrepancy_phi: 0.7\n" + metrics_text
    scores = [log_likelihood(layer_of(*rows, metrics=m), simulated, SIGMAS) for m in (each, alike, metrics_text)]
    assert np.array_equal(scores[0], scores[1])
    assert not np.allclose(scores[0], scores[2])
    assert np.array_equal(
        log_likelihood(layer_of(*rows, metrics="discrepancy_phi: 0.2\n" + each), simulated, SIGMAS), scores[0]
    )
