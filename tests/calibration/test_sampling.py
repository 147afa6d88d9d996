"""The sampler on densities that are known, and its promise of equal bits."""

import numpy as np
import pytest
from arviz_stats.base import array_stats

from huangpu.calibration.diagnostics import Walkers, converged, convergence, verdict, walkers
from huangpu.calibration.sampling import CANDIDATES, Settings, sample
from huangpu.calibration.store import thinned

DIMENSIONS = 8
FINE = Walkers(count=192, still=0, lost=0)
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
    found = walkers(chains.coordinates, chains.log_density)
    assert found == FINE
    assert converged(rows, found)
    assert verdict(rows, found).startswith("Converged")


def test_an_ensemble_that_went_elsewhere_is_found(chains):
    moved = chains.coordinates.copy()
    moved[2, :, :, 4] += 1.0
    rows = convergence([f"p{i}" for i in range(DIMENSIONS)], moved)
    assert rows[0].name == "p4" and rows[0].rhat > 1.01 and not rows[0].good
    assert verdict(rows, FINE).startswith("NOT converged: 1 of 8 parameters")


def test_a_drift_in_time_is_found(chains):
    drifting = chains.coordinates.copy()
    drifting[..., 3] += np.linspace(0, 3, drifting.shape[1])[None, :, None]
    assert convergence([f"p{i}" for i in range(DIMENSIONS)], drifting)[0].name == "p3"


def test_r_hat_is_nested_r_hat(chains):
    """Of the early and the late halves of ensembles, each the mean of its walkers."""
    own = chains.coordinates[..., 0].transpose(0, 2, 1)
    halves = np.concatenate(np.split(own, 2, axis=2))  # (ensemble and half, walker, step)
    nested = array_stats.rhat_nested(
        halves.reshape(-1, halves.shape[-1]), np.repeat(np.arange(len(halves)), halves.shape[1]), method="z_scale"
    )
    own_way = array_stats.rhat(own.transpose(0, 2, 1).reshape(len(own), -1), method="z_scale")
    assert own_way == pytest.approx(nested, abs=1e-3)


def test_walkers_that_never_leave_their_start_are_found():
    """Their shared start keeps ensembles apart for R-hat, however many they are."""

    class Trap:
        """A density that is even until the candidates are placed, and zero ever after."""

        left = CANDIDATES * 100

        def __call__(self, u):
            self.left -= len(u)
            return np.full(len(u), 0.0 if self.left >= 0 else -np.inf)

    idle = Settings(seed=5, ensembles=4, walkers=100, burn=10, steps=100, thin=5)
    chains = sample([Trap() for _ in range(4)], DIMENSIONS, idle, threads=1)
    rows = convergence([f"p{i}" for i in range(DIMENSIONS)], chains.coordinates)
    assert rows[-1].rhat > 1.01 and rows[0].rhat > 1.2
    assert walkers(chains.coordinates, chains.log_density).still == 400


def test_a_walker_that_is_stuck_is_not_hidden(chains):
    """Too few to show in R-hat or sample sizes."""
    coordinates, log_density = chains.coordinates.copy(), chains.log_density.copy()
    coordinates[1, :, 7] = coordinates[1, :1, 7]
    log_density[2, :, 3] -= 200
    found = walkers(coordinates, log_density)
    assert found == Walkers(count=192, still=1, lost=1)
    rows = convergence([f"p{i}" for i in range(DIMENSIONS)], coordinates)
    assert all(row.good for row in rows) and not converged(rows, found)
    assert "walkers are stuck" in verdict(rows, found)
    assert "of 192 walkers 1 never moved, 1 stayed far below the others" in verdict(rows, found)


def test_a_run_goes_on_from_any_stage_to_the_same_bits():
    few = Settings(seed=5, ensembles=1, walkers=16, burn=40, steps=40, thin=5)
    stages = []

    class Keep:
        def __init__(self, start):
            self.start = start

        def load(self, ensemble):
            return self.start

        def save(self, ensemble, stage):
            stages.append(stage)

    density = gaussian()[0]
    whole = sample([density], DIMENSIONS, few, threads=1, keeper=Keep(None))
    for stage in tuple(stages):
        again = sample([density], DIMENSIONS, few, threads=1, keeper=Keep(stage))
        assert np.array_equal(again.coordinates, whole.coordinates)
        assert np.array_equal(again.log_density, whole.log_density)


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
