"""Draws from a log density over standard normal coordinates, by emcee in whole batches.

Independent ensembles of walkers, so that R-hat compares runs that know nothing of one another. Moves are differential
evolution (ter Braak 2006; Nelson et al. 2013) and a few stretch moves (Goodman & Weare 2010); never emcee's snooker
move, whose draws were found too narrow in many dimensions.

Each ensemble starts from the best of many draws of twice the prior's spread, that is over-dispersed in every
direction that the figures say little about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import emcee
import numpy as np

Array = np.ndarray
LogDensity = Callable[[Array], Array]
Progress = Callable[[int, int], None]  # steps done, steps in all, of all ensembles together

SPREAD = 2.0
CANDIDATES = 32  # draws from which each walker's start is the best
BATCH = 256


@dataclass(frozen=True, slots=True)
class Settings:
    """walkers an ensemble; `burn` steps are thrown away, of the `steps` after them every `thin`th is kept.

    `burn` and `steps` are multiples of `thin`.
    """

    seed: int
    ensembles: int
    walkers: int
    burn: int
    steps: int
    thin: int


@dataclass(frozen=True)
class Chains:
    """What was kept: coordinates (ensemble, step, walker, parameter), log_density (ensemble, step, walker).

    acceptance: share of moves that were accepted.
    """

    coordinates: Array
    log_density: Array
    acceptance: float


def sample(
    densities: Sequence[LogDensity],
    dimensions: int,
    settings: Settings,
    *,
    threads: int,
    progress: Progress | None = None,
) -> Chains:
    """Run one ensemble on each log density: they are the same function, one for each so that they may hold buffers.

    A density takes (member, parameter) and returns (member,). The result depends on the settings alone, not on threads.
    ValueError: fewer than two walkers a dimension.
    """
    if settings.walkers < 2 * dimensions:
        raise ValueError(
            f"{settings.walkers} walkers for {dimensions} parameters; at least {2 * dimensions} are needed"
        )
    total = settings.ensembles * (settings.burn + settings.steps)
    done = [0] * settings.ensembles

    def run(k: int):
        def advance(step: int) -> None:
            done[k] = step
            if progress:
                progress(sum(done), total)

        return _ensemble(densities[k], dimensions, settings, np.random.SeedSequence([settings.seed, k]), advance)

    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(run, range(settings.ensembles)))
    coordinates, log_density, acceptance = zip(*results, strict=True)
    return Chains(np.array(coordinates), np.array(log_density), float(np.mean(acceptance)))


def _ensemble(density: LogDensity, dimensions: int, settings: Settings, seed, advance: Callable[[int], None]):
    """(coordinates (step, walker, parameter), log density (step, walker), acceptance) of one ensemble."""
    first, second = seed.spawn(2)
    start = _start(density, dimensions, settings.walkers, np.random.default_rng(first))
    random = np.random.RandomState(np.random.MT19937(second))
    sampler = emcee.EnsembleSampler(
        settings.walkers,
        dimensions,
        density,
        vectorize=True,
        moves=[(emcee.moves.DEMove(), 0.9), (emcee.moves.StretchMove(), 0.1)],
    )
    state = emcee.State(start, random_state=random.get_state())
    rounds = (settings.burn + settings.steps) // settings.thin
    for k, _ in enumerate(sampler.sample(state, iterations=rounds, thin_by=settings.thin), start=1):
        advance(k * settings.thin)
    burnt = settings.burn // settings.thin
    return sampler.get_chain()[burnt:], sampler.get_log_prob()[burnt:], float(np.mean(sampler.acceptance_fraction))


def _start(density: LogDensity, dimensions: int, walkers: int, random: np.random.Generator) -> Array:
    """The best (walker, parameter) of CANDIDATES times as many over-dispersed draws."""
    draws = SPREAD * random.standard_normal((CANDIDATES * walkers, dimensions))
    scores = np.concatenate([density(draws[i : i + BATCH]) for i in range(0, len(draws), BATCH)])
    return draws[np.argsort(-scores, kind="stable")[:walkers]]
