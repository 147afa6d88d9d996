"""Worlds of the model's own making, fitted as reality is: where the truth then lies among the draws.

A world is a truth drawn from the prior, run through the model with drivers drawn as a forecast draws them, plus walks,
offsets, seasons and reporting errors: a figure for every row of the fit, and figures some years ahead. It is fitted
with the likelihood and the sampler of `calibrate`. Were all exact, the rank of the truth among independent draws would
be uniform for every parameter and for every function of parameters and figures (Talts et al. 2018); the log likelihood
shows errors that no parameter does (Modrák et al. 2023), and figures ahead go through the whole forecast.

What the fit takes as linear, the effect of drivers, is not so in a world. `linear` worlds are drawn as the fit takes
them: what is uneven there is an error of code or sampler, what is uneven only in the others is the price of linearity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from huangpu import runtime
from huangpu.calibration.posterior import LogPosterior, Question
from huangpu.calibration.sampling import Settings, sample
from huangpu.measurement import (
    DataError,
    Layer,
    Responses,
    Simulated,
    draw_paths,
    predict,
    read_run,
    residuals,
    with_drivers,
)
from huangpu.measurement.conditioning import added, grid, innovations, prior
from huangpu.measurement.drivers import carried, driver_years, middles
from huangpu.measurement.likelihood import sigmas
from huangpu.measurement.rows import Row
from huangpu.measurement.streams import stream
from huangpu.response import QUARTER, responses, schedules, settled
from huangpu.runtime.ensemble import years_and_points
from huangpu.runtime.members import Members

AHEAD = 2  # years after that of the last row for which figures are foretold
ATTEMPTS = 20  # truths that may be drawn before one runs
DENSITIES = ("log_likelihood", "log_posterior")
FIGURE = "figure."  # before the name of a quantity: its figure AHEAD years on
NO_YEARS = np.zeros(0, dtype=int)


@dataclass(frozen=True)
class Study:
    """What all worlds share. plain: the layer without drivers; end: decimal year up to which worlds run."""

    question: Question
    plain: Layer
    responses: Responses
    settings: Settings
    linear: bool
    end: float

    @property
    def names(self) -> tuple[str, ...]:
        """All that is ranked: parameters, densities, figures ahead, which linear worlds do not have."""
        figures = () if self.linear else self.plain.metrics.quantities
        return (*self.question.priors.names, *DENSITIES, *(FIGURE + name for name in figures))


@dataclass(frozen=True)
class World:
    """u (parameter,) the truth; layer without drivers, its rows those of this world; figures: quantity -> figure AHEAD
    years on, none in a linear world; attempts: truths that were drawn until one ran."""

    u: np.ndarray
    layer: Layer
    figures: Mapping[str, float]
    attempts: int


@dataclass(frozen=True)
class Replicate:
    """One world and its fit; arrays (name,) in the order of `Study.names`, parameters in standard normal coordinates.

    truth, mean, sd  of what is ranked; mean and sd over the draws
    rank    draws below the truth, ties broken by chance; -1 where there is no number, or no two
    draws   how many; worth: how many independent ones these are, as the means of walkers tell, the median parameter's
    """

    truth: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    rank: np.ndarray
    draws: int
    worth: float
    acceptance: float
    attempts: int


def study(question: Question, settings: Settings, *, linear: bool = False) -> Study:
    """A question with its shipped figures, which give worlds their rows, times and errors."""
    layer, program = question.layer, question.program
    answers = responses(program, question.scenario, layer, question.centre)
    plain = with_drivers(layer, Responses(answers.years, {}))
    end = min(program.final_time, float(np.floor(layer.last_time())) + 1 + AHEAD)
    return Study(question, plain, answers, settings, linear, end)


def replicate(study: Study, number: int) -> Replicate:
    """The world of this number and its fit; call it within `one_thread()`. The same whatever else is computed.

    Raises DataError where no truth gives a finite run.
    """
    seed = study.settings.seed
    world = draw_world(study, number)
    layer = with_drivers(world.layer, study.responses)
    density = LogPosterior(replace(study.question, layer=layer))
    settings = replace(study.settings, seed=_seed(seed, number, "fit"))
    chains = sample([density], len(world.u), settings, threads=1, near=True)
    walkers = chains.coordinates[0]
    draws, posterior = walkers.reshape(-1, len(world.u)), chains.log_density[0].reshape(-1)
    true_posterior = density(world.u[None])[0]
    pairs = [
        *((world.u[k], draws[:, k]) for k in range(len(world.u))),
        (true_posterior + 0.5 * (world.u**2).sum(), posterior + 0.5 * (draws**2).sum(axis=1)),
        (true_posterior, posterior),
    ]
    if not study.linear:
        pairs += _figures_ahead(study, world, density, draws, _seed(seed, number, "forecast"))
    chance = stream(seed, "ties", number)
    ranked = np.array([_ranked(truth, among, chance) for truth, among in pairs])
    truth, mean, sd, rank = ranked.T
    return Replicate(truth, mean, sd, rank.astype(int), len(draws), _worth(walkers), chains.acceptance, world.attempts)


def draw_world(study: Study, number: int) -> World:
    """A truth that runs, and the figures that it would have had reported."""
    for attempt in range(ATTEMPTS):
        world = _world(study, _seed(study.settings.seed, number, "world", attempt), attempt + 1)
        if world is not None:
            return world
    raise DataError(
        f"{study.question.program.name}: none of {ATTEMPTS} draws from the priors gives a finite figure for every row; "
        "priors reach where the model does not run, narrow them"
    )


def _world(study: Study, seed: int, attempts: int) -> World | None:
    plain, priors = study.plain, study.question.priors
    u = stream(seed, "truth").standard_normal(len(priors.names))
    members = dict(zip(priors.names, priors.values(u[:, None]), strict=True))
    normal, years = _luck(study, seed)
    paths = {
        name: members[plain.metrics.driver_sigma(name)] * np.einsum("ki,im->km", carried(plain.metrics, name, years), e)
        for name, e in normal.items()
    }
    simulated = _run(study, members, middles(years), {} if study.linear else paths)
    missed = residuals(plain, simulated)
    if not np.isfinite(missed).all():
        return None
    seen = _beside(study, members, seed)
    if study.linear:
        seen += _linearly(study, members, normal)
    reported = np.array([row.y for row in plain.rows])[:, None]
    figures = (reported - missed + seen)[:, 0]
    rows = tuple(as_reported(row, float(figure)) for row, figure in zip(plain.rows, figures, strict=True))
    layer = with_drivers(replace(plain, rows=rows), Responses(study.responses.years, {}))
    if study.linear:
        return World(u, layer, {}, attempts)
    # told residuals that are the sum of what was drawn, a prediction with the same seed is what was drawn
    ahead = predict(layer, simulated, members, seed, beyond=seen - residuals(layer, simulated)).values
    return World(u, layer, {name: float(values[-1, 0]) for name, values in ahead.items()}, attempts)


def as_reported(row: Row, figure: float) -> Row:
    """The row had its figure, in the transformed unit, come out so.

    A bound is said of the stretch, of the row's own reach and starting from its own value, in which the figure lies;
    one without end says on which side of its value the figure lies.
    """
    if row.bound == "=":
        return replace(row, y=figure)
    if np.isinf(row.reach):
        return replace(row, bound=">" if figure > row.y else "<")
    side = 1.0 if row.bound == ">" else -1.0
    stretches = np.floor(side * (figure - row.y) / row.reach)
    return replace(row, y=float(row.y + side * stretches * row.reach))


def _luck(study: Study, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(driver -> (K, 1) innovations for sigma = 1, their years)."""
    plain = study.plain
    years = driver_years(plain.start, max(study.end, float(study.responses.years[-1])))
    return {name: innovations(plain, name, years, seed, 1) for name in plain.metrics.drivers}, years


def _beside(study: Study, members: Mapping[str, np.ndarray], seed: int) -> np.ndarray:
    """(row, 1) what walks, offsets, seasons and reporting errors add to the run."""
    plain, total = study.plain, np.zeros((len(study.plain.rows), 1))
    times = grid(plain, int(study.end))
    for block in plain.blocks:
        sigma = sigmas(block, members, 1)
        total[block.rows] = added(block, prior(block, plain, sigma, times, NO_YEARS, seed), sigma, times)
    return total


def _linearly(study: Study, members: Mapping[str, np.ndarray], normal: Mapping[str, np.ndarray]) -> np.ndarray:
    """(row, 1) what the drivers add to a neutral run, as the fit takes it."""
    total = np.zeros((len(study.plain.rows), 1))
    for block in study.question.layer.blocks:
        sigma = sigmas(block, members, 1)
        for name, answer, s in zip(block.drivers, block.answer, block.driver_sigma, strict=True):
            total[block.rows] += sigma[s] * (answer @ normal[name][: answer.shape[1]])
    return total


def _run(
    study: Study, members: Mapping[str, np.ndarray], corners: np.ndarray, paths: Mapping[str, np.ndarray]
) -> Simulated:
    """Of members with these driver paths (K, member), up to the end of the study."""
    program, end = study.question.program, study.end
    constants = {program.rows[row].id for row, _ in program.constants}
    who = Members(
        len(next(iter(members.values()))),
        {name: values for name, values in members.items() if name in constants},
        {name: values for name, values in members.items() if name not in constants},
    )
    scenario = settled(replace(study.question.scenario, end=end))
    needs = study.plain.requirements()
    years, times, savings = years_and_points(program, *needs, end, QUARTER)
    inputs = runtime.inputs(program, scenario, who, schedules(program, corners, paths, end))
    return read_run(needs, years, times, runtime.simulate(program, inputs, savings, final_time=end, threads=1))


def _figures_ahead(study: Study, world: World, density: LogPosterior, draws: np.ndarray, seed: int):
    """(figure, (draw,) foretold figures) of every quantity, as a forecast makes them."""
    values = study.question.priors.values(draws.T)
    members = dict(zip(study.question.priors.names, values, strict=True))
    missed = residuals(world.layer, density.simulate(members, values))
    paths = draw_paths(world.layer, study.responses, missed, members, seed, study.end)
    driven = _run(study, members, paths.corners, paths.of)
    foretold = predict(world.layer, driven, members, seed, beyond=paths.beyond).values
    return [(world.figures[name], foretold[name][-1]) for name in study.plain.metrics.quantities]


def _ranked(truth: float, among: np.ndarray, chance: np.random.Generator) -> tuple[float, float, float, int]:
    u = chance.random()
    if not (np.isfinite(truth) and np.isfinite(among).all() and np.ptp(among) > 0):
        return truth, np.nan, np.nan, -1
    ties = np.count_nonzero(among == truth)
    return truth, among.mean(), among.std(), np.count_nonzero(among < truth) + int(u * (ties + 1))


def _worth(walkers: np.ndarray) -> float:
    """Independent draws that (step, walker, parameter) are worth, were walkers independent of one another."""
    means = walkers.mean(axis=0).var(axis=0, ddof=1)
    alike = np.maximum(means, 1e-300)
    return float(np.median(walkers.var(axis=(0, 1)) / alike) * walkers.shape[1])


def _seed(*name: object) -> int:
    return int(stream(0, *name).integers(2**31))
