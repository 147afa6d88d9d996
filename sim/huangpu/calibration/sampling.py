"""Draws from a log density over standard normal coordinates, by emcee in whole batches.

Independent ensembles of walkers, so that R-hat compares runs that know nothing of one another. Nine steps in ten go by
`moves.ReferenceMove`; differential evolution (ter Braak 2006; Nelson et al. 2013), now and then by the whole distance
between two walkers, and stretch moves (Goodman & Weare 2010) see to densities that are far from normal. Never emcee's
snooker move, whose draws were found too narrow in many dimensions. Why: on the shipped model, some 200 parameters, this
gives an independent draw about every 80 steps, differential evolution alone about every 800.

Each ensemble starts from the best of many draws of twice the prior's spread, half of whose variance its walkers share:
so ensembles start apart, and stay apart for R-hat to see if walkers forget their start too slowly. (Where each walker
starts by itself, the ensembles' means agree before anything has mixed.) Then it climbs to a maximum of its own for its
first reference, and learns a better one from its walkers while burning in; for the steps that are kept it is fixed.

An ensemble moves in blocks. A block follows from the `Stage` before it alone, so one that was kept can be gone on from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import emcee
import numpy as np

from huangpu.calibration.moves import ReferenceMove, best_weights, even_weights
from huangpu.calibration.reference import LogDensity, Reference, in_batches, laplace, learned

Array = np.ndarray
Progress = Callable[[int, int], None]  # steps done, steps in all, of all ensembles together

SPREAD = 2.0
NEAR = 1.0  # of the reference's spread; drawn closer, the log likelihood takes hundreds of steps to come down
CANDIDATES = 32  # draws from which each walker's start is the best
WALKERS = 8  # at least
OTHERS = (
    (emcee.moves.DEMove(live_dangerously=True), 0.06),
    (emcee.moves.DEMove(gamma0=1.0, live_dangerously=True), 0.02),
    (emcee.moves.StretchMove(live_dangerously=True), 0.02),
)  # emcee calls fewer walkers than twice the parameters dangerous where no other move leaves their span
WINDOWS = ((0.25, False), (0.25, True), (0.4, True), (0.1, False))  # shares of burn-in; whether to learn at the end
KEPT = 8  # blocks of the steps that are kept


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

    acceptance: share of kept steps that differ from the one kept before them.
    """

    coordinates: Array
    log_density: Array
    acceptance: float


@dataclass(frozen=True)
class Stage:
    """Where an ensemble stands: after how many blocks, its walkers, its generator, its references and what it kept.

    Arrays only: walkers (walker, parameter); log_density (walker,); key and place of the Mersenne twister; means and
    roots (2, …) of the first reference and of the present one; weights of the sizes of its steps; kept (step, walker,
    parameter); kept_log_density (step, walker).
    """

    blocks: Array
    walkers: Array
    log_density: Array
    key: Array
    place: Array
    means: Array
    roots: Array
    weights: Array
    kept: Array
    kept_log_density: Array


class Keeper(Protocol):
    """Where stages are kept, so that a run that was cut off can go on."""

    def load(self, ensemble: int) -> Stage | None: ...

    def save(self, ensemble: int, stage: Stage) -> None: ...


@dataclass(frozen=True, slots=True)
class _Block:
    steps: int
    learn: bool = False
    keep: bool = False


def sample(
    densities: Sequence[LogDensity],
    dimensions: int,
    settings: Settings,
    *,
    threads: int,
    progress: Progress | None = None,
    keeper: Keeper | None = None,
    near: bool = False,
) -> Chains:
    """Run one ensemble on each log density: they are the same function, one for each so that they may hold buffers.

    A density takes (member, parameter) and returns (member,). The result depends on the settings alone, not on threads
    nor on how often a run with a keeper was cut off. near: walkers start about the maximum that their ensemble found,
    not over-dispersed; they settle several times sooner, and R-hat can no longer see one that has not. ValueError:
    fewer walkers than WALKERS.
    """
    if settings.walkers < WALKERS:
        raise ValueError(f"{settings.walkers} walkers an ensemble; at least {WALKERS} are needed")
    blocks = _plan(settings)
    total = settings.ensembles * (settings.burn + settings.steps)
    done = [0] * settings.ensembles

    def run(k: int) -> Stage:
        def advance(steps: int) -> None:
            done[k] += steps
            if progress:
                progress(sum(done), total)

        stage = keeper.load(k) if keeper else None
        if stage is None:
            stage = _begin(densities[k], dimensions, settings, np.random.SeedSequence([settings.seed, k]), near)
        advance(sum(block.steps for block in blocks[: int(stage.blocks)]))
        for block in blocks[int(stage.blocks) :]:
            stage = _go(densities[k], stage, block, settings.thin, advance)
            if keeper:
                keeper.save(k, stage)
        return stage

    with ThreadPoolExecutor(threads) as pool:
        stages = list(pool.map(run, range(settings.ensembles)))
    coordinates = np.array([stage.kept for stage in stages])
    moved = np.any(coordinates[:, 1:] != coordinates[:, :-1], axis=-1)
    return Chains(coordinates, np.array([stage.kept_log_density for stage in stages]), float(moved.mean()))


def _plan(settings: Settings) -> tuple[_Block, ...]:
    """The blocks of burn-in and of the steps that are kept, each a multiple of `thin`; empty ones are left out."""
    ends = np.round(np.cumsum([share for share, _ in WINDOWS]) * settings.burn / settings.thin).astype(int)
    windows = [
        _Block(int(size) * settings.thin, learn=learn)
        for size, (_, learn) in zip(np.diff(ends, prepend=0), WINDOWS, strict=True)
    ]
    sizes = np.diff(np.linspace(0, settings.steps // settings.thin, KEPT + 1).astype(int))
    kept = [_Block(int(size) * settings.thin, keep=True) for size in sizes]
    return tuple(block for block in windows + kept if block.steps)


def _begin(density: LogDensity, dimensions: int, settings: Settings, seed: np.random.SeedSequence, near: bool) -> Stage:
    """Over-dispersed walkers or others near the maximum uphill from the best of them, and the reference there."""
    first, second = seed.spawn(2)
    random = np.random.default_rng(first)
    walkers, log_density = _start(density, dimensions, settings.walkers, random)
    reference = laplace(density, walkers[0])
    if near:
        walkers = reference.point(NEAR * random.standard_normal(walkers.shape))
        log_density = in_batches(density, walkers)
    _, key, *place = np.random.RandomState(np.random.MT19937(second)).get_state()
    return Stage(
        blocks=np.array(0),
        walkers=walkers,
        log_density=log_density,
        key=key,
        place=np.array(place, dtype=float),
        means=np.array([reference.mean] * 2),
        roots=np.array([reference.root] * 2),
        weights=even_weights(),
        kept=np.empty((0, *walkers.shape)),
        kept_log_density=np.empty((0, len(walkers))),
    )


def _start(density: LogDensity, dimensions: int, walkers: int, random: np.random.Generator) -> tuple[Array, Array]:
    """The best of CANDIDATES times as many draws, best first: (walker, parameter), log density (walker,)."""
    shared, own = random.standard_normal(dimensions), random.standard_normal((CANDIDATES * walkers, dimensions))
    draws = SPREAD * np.sqrt(0.5) * (shared + own)
    scores = in_batches(density, draws)
    order = np.argsort(-scores, kind="stable")[:walkers]
    return draws[order], scores[order]


def _go(density: LogDensity, stage: Stage, block: _Block, thin: int, advance: Callable[[int], None]) -> Stage:
    """The stage one block later."""
    curved, present = (Reference(mean, root) for mean, root in zip(stage.means, stage.roots, strict=True))
    move = ReferenceMove(present, stage.weights)
    walkers, dimensions = stage.walkers.shape
    moves = [(move, 1 - sum(share for _, share in OTHERS)), *OTHERS]
    sampler = emcee.EnsembleSampler(walkers, dimensions, density, vectorize=True, moves=moves)
    position, has_gauss, gauss = stage.place
    random = ("MT19937", stage.key, int(position), int(has_gauss), float(gauss))
    state = emcee.State(stage.walkers, log_prob=stage.log_density, random_state=random)
    rounds = block.steps // thin
    with np.errstate(invalid="ignore"):  # emcee's moves subtract log densities of which both may be -inf
        for _ in sampler.sample(state, iterations=rounds, thin_by=thin, skip_initial_state_check=True):
            advance(thin)
    end = sampler.get_last_sample()
    _, key, *place = end.random_state
    after = replace(
        stage,
        blocks=stage.blocks + 1,
        walkers=end.coords,
        log_density=end.log_prob,
        key=key,
        place=np.array(place, dtype=float),
    )
    if block.keep:
        return replace(
            after,
            kept=np.concatenate([stage.kept, sampler.get_chain()]),
            kept_log_density=np.concatenate([stage.kept_log_density, sampler.get_log_prob()]),
        )
    after = replace(after, weights=best_weights(move.tried, move.taken))
    if not block.learn:
        return after
    fresh = learned(curved, sampler.get_chain()[rounds // 2 :])
    return replace(after, means=np.array([curved.mean, fresh.mean]), roots=np.array([curved.root, fresh.root]))
