"""The sampler on densities whose moments, quantiles and modes are known, each hard in a way of its own."""

import numpy as np
import pytest
from scipy.stats import norm

from huangpu.calibration.diagnostics import convergence
from huangpu.calibration.sampling import Settings, sample
from huangpu.measurement import one_thread

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def draws_of(density, dimensions, *, seed, walkers=64, burn=400, steps=1000, ensembles=4):
    """Draws (draw, parameter) from ensembles that agree, and how many independent ones the fewest are worth."""
    settings = Settings(seed, ensembles, walkers, burn, steps, thin=5)
    with one_thread():
        chains = sample([density] * ensembles, dimensions, settings, threads=2)
    rows = convergence([str(k) for k in range(dimensions)], chains.coordinates)
    assert rows[0].rhat < 1.02, rows[0]
    return chains.coordinates.reshape(-1, dimensions), min(min(row.ess, row.ess_tail) for row in rows)


def assert_quantiles(draws, exact, worth, *, errors=4.0):
    """The share of draws below each exact quantile is its level, within so many Monte-Carlo errors."""
    for level, quantile in zip(LEVELS, exact, strict=True):
        share = np.mean(draws <= quantile)
        assert share == pytest.approx(level, abs=errors * np.sqrt(level * (1 - level) / worth)), level


def assert_moments(draws, mean, cov, worth):
    sd = np.sqrt(np.diag(cov))
    assert np.abs((draws.mean(axis=0) - mean) / sd).max() < 4.5 / np.sqrt(worth)
    assert np.abs(draws.std(axis=0) / sd - 1).max() < 4.5 / np.sqrt(2 * worth)
    assert np.abs((np.cov(draws.T) - cov) / np.outer(sd, sd)).max() < 6.5 / np.sqrt(worth)


def test_a_normal_density_in_30_dimensions_with_correlations():
    random = np.random.default_rng(3)
    root = np.eye(30) + 0.5 * random.standard_normal((30, 30))
    mean, cov = random.standard_normal(30), root @ root.T / 4
    precision = np.linalg.inv(cov)
    draws, worth = draws_of(
        lambda u: -0.5 * np.einsum("mi,ij,mj->m", u - mean, precision, u - mean), 30, seed=1, steps=400
    )
    assert worth > 4000
    assert_moments(draws, mean, cov, worth)


def test_a_banana():
    """y = x² / 2 bends over four standard deviations of x."""

    def density(u):
        x, y = u[:, 0], u[:, 1]
        return -0.5 * (x**2 / 4 + (y - 0.5 * (x**2 - 4)) ** 2 + (u[:, 2:] ** 2).sum(axis=1))

    draws, worth = draws_of(density, 5, seed=2)
    assert worth > 500
    assert_quantiles(draws[:, 0], 2 * norm.ppf(LEVELS), worth)
    assert_quantiles(draws[:, 1] - 0.5 * (draws[:, 0] ** 2 - 4), norm.ppf(LEVELS), worth)
    assert draws[:, 1].mean() == pytest.approx(0, abs=4 * 3 / np.sqrt(worth))
    assert draws[:, 1].std() == pytest.approx(3, rel=4 * np.sqrt(10 / 4 / worth))  # the fourth moment is 11 squares


def test_a_funnel():
    """The spread of eight coordinates is exp(v / 2) with v normal: from 0.2 to 5 within its 90 %."""

    def density(u):
        v, x = u[:, 0], u[:, 1:]
        with np.errstate(over="ignore"):
            return -0.5 * v**2 - 0.5 * (x**2).sum(axis=1) * np.exp(-v) - 0.5 * x.shape[1] * v

    draws, worth = draws_of(density, 9, seed=3, steps=2000)
    assert worth > 400
    assert_quantiles(draws[:, 0], norm.ppf(LEVELS), worth)
    assert_quantiles(draws[:, 1] * np.exp(-draws[:, 0] / 2), norm.ppf(LEVELS), worth)


@pytest.mark.parametrize("apart", [4.0, 6.0])
def test_two_modes_have_their_weights(apart):
    centre = np.zeros(10)
    centre[0] = apart / 2

    def density(u):
        right, left = (-0.5 * ((u - sign * centre) ** 2).sum(axis=1) for sign in (1, -1))
        return np.logaddexp(np.log(0.7) + right, np.log(0.3) + left)

    draws, worth = draws_of(density, 10, seed=4)
    assert worth > 1000
    exact = 0.7 * norm.cdf(apart / 2) + 0.3 * norm.cdf(-apart / 2)
    assert np.mean(draws[:, 0] > 0) == pytest.approx(exact, abs=4 * np.sqrt(0.21 / worth))
    assert_moments(draws[:, 1:], np.zeros(9), np.eye(9), worth)


def test_200_dimensions_of_which_30_are_informed():
    """As a posterior is: standard normal but for 30 directions across the axes, whose spread is 0.02 to 0.7."""
    random = np.random.default_rng(5)
    across = np.linalg.qr(random.standard_normal((200, 30)))[0]
    precision, pull = np.geomspace(0.02, 0.7, 30) ** -2.0 - 1, random.standard_normal(30)

    def density(u):
        return -0.5 * (u**2).sum(axis=1) - 0.5 * (precision * (u @ across - pull) ** 2).sum(axis=1)

    mean = across @ (precision * pull / (1 + precision))
    cov = np.eye(200) - across * (precision / (1 + precision)) @ across.T
    draws, worth = draws_of(density, 200, seed=6, walkers=48, burn=200, steps=200)
    assert worth > 1000
    assert_moments(draws, mean, cov, worth)
    assert_moments(draws @ across, mean @ across, across.T @ cov @ across, worth)
