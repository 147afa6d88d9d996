"""The sampler on densities that are known, and its promise of equal bits."""

import numpy as np
import pytest

from huangpu.calibration.diagnostics import convergence, verdict
from huangpu.calibration.sampling import Settings, sample
from huangpu.calibration.store import thinned

DIMENSIONS = 8
SETTINGS = Settings(seed=5, ensembles=4, walkers=48, burn=400, steps=800, thin=5)


def gaussian():
    """A correlated normal density in 8 dimensions, its mean and its covariance."""
    random = np.random.default_rng(3)
    root = np.eye(DIMENSIONS) + 0.5 * random.standard_normal((DIMENSIONS, DIMENSIONS))
    mean, cov = random.standard_normal(DIMENSIONS), root @ root.T / 4
    precision = np.linalg.inv(cov)

    def density(u):
        x = u - mean
        return -0.5 * np.einsum("mi,ij,mj->m", x, precision, x)

    return density, mean, cov


@pytest.fixture(scope="module")
def chains():
    return sample([gaussian()[0]] * 4, DIMENSIONS, SETTINGS, threads=2)


def test_draws_have_the_moments_of_the_density(chains):
    _, mean, cov = gaussian()
    draws = chains.coordinates.reshape(-1, DIMENSIONS)
    worth = min(row.ess for row in convergence([str(i) for i in range(DIMENSIONS)], chains.coordinates))
    sd = np.sqrt(np.diag(cov))
    assert worth > 1000
    assert np.abs((draws.mean(axis=0) - mean) / sd).max() < 4 / np.sqrt(worth)
    assert np.abs(np.cov(draws.T) / np.outer(sd, sd) - cov / np.outer(sd, sd)).max() < 6 / np.sqrt(worth)


def test_chains_that_agree_are_called_converged(chains):
    rows = convergence([f"p{i}" for i in range(DIMENSIONS)], chains.coordinates)
    assert [row.rhat for row in rows] == sorted((row.rhat for row in rows), reverse=True)
    assert all(row.good for row in rows)
    assert verdict(rows).startswith("Converged")


def test_an_ensemble_that_went_elsewhere_is_found(chains):
    moved = chains.coordinates.copy()
    moved[2, :, :, 4] += 1.0
    rows = convergence([f"p{i}" for i in range(DIMENSIONS)], moved)
    assert rows[0].name == "p4" and rows[0].rhat > 1.01 and not rows[0].good
    assert verdict(rows).startswith("NOT converged: 1 of 8 parameters")


def test_a_drift_in_time_is_found(chains):
    drifting = chains.coordinates.copy()
    drifting[..., 3] += np.linspace(0, 3, drifting.shape[1])[None, :, None]
    assert convergence([f"p{i}" for i in range(DIMENSIONS)], drifting)[0].name == "p3"


def test_the_same_bits_whatever_the_threads():
    few = Settings(seed=5, ensembles=3, walkers=20, burn=10, steps=20, thin=5)
    density = gaussian()[0]
    one, two, other = (
        sample([density] * 3, DIMENSIONS, settings, threads=threads)
        for settings, threads in ((few, 1), (few, 3), (Settings(6, 3, 20, 10, 20, 5), 1))
    )
    assert one.coordinates.shape == (3, 4, 20, DIMENSIONS)
    assert np.array_equal(one.coordinates, two.coordinates)
    assert not np.array_equal(one.coordinates, other.coordinates)
    assert not np.array_equal(one.coordinates[0], one.coordinates[1])


def test_progress_counts_the_steps_of_all_ensembles():
    seen = []
    few = Settings(seed=5, ensembles=2, walkers=20, burn=10, steps=20, thin=5)
    sample([gaussian()[0]] * 2, DIMENSIONS, few, threads=1, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (60, 60)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_too_few_walkers_are_refused():
    with pytest.raises(ValueError, match="7 walkers an ensemble; at least 8 are needed"):
        sample([gaussian()[0]], DIMENSIONS, Settings(5, 1, 7, 10, 20, 5), threads=1)


def test_members_are_spread_over_ensembles_walkers_and_steps(chains):
    coordinates, density, chain, draw = thinned(chains, 400)
    assert coordinates.shape == (400, DIMENSIONS)
    assert np.array_equal(np.bincount(chain), [100] * 4)
    assert len({(c, d) for c, d in zip(chain, draw, strict=True)}) == 400
    assert len(set(chain[:20])) == 4  # any first part is a sample of all
    target = gaussian()[0]
    assert np.allclose(target(coordinates), density)
    with pytest.raises(ValueError, match="members asked for"):
        thinned(chains, 10**6)
