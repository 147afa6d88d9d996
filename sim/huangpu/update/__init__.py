"""A posterior that takes up newly reported figures without a new fit. Start reading here.

    find_news     which rows the posterior has not seen, in order of publication      news
    densities     how likely each member makes the rows up to each step, by its run   density
    weights_of    weights of members, and whether they can be trusted; members drawn  weights
    effects       what became of each target's odds, and by which figure              effects
    updated_table the file of members                                                 store
    report        the answer for people; imported apart, as rich is

The weight of a member is p(new rows | old rows, member), the ratio of its likelihoods of all and of the old rows, in
which drivers, discrepancies and offsets are integrated out. Then the scenario runs on the members drawn by weight with
the new rows in its layer, so that discrepancies start from the new figures.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from huangpu import forecast, measurement
from huangpu.files import shipped
from huangpu.fitted import changed_files, changes, fitted_scenario
from huangpu.forecast import Job
from huangpu.measurement import Layer
from huangpu.results import Answer
from huangpu.runtime.dataset import write_netcdf
from huangpu.runtime.members import Members, MembersError, read_members
from huangpu.runtime.scenario import Scenario
from huangpu.update.density import Densities, densities
from huangpu.update.effects import Effect, effects
from huangpu.update.news import News, find_news, used_rows
from huangpu.update.store import SHARE, updated_table
from huangpu.update.surprise import Surprise, surprise
from huangpu.update.weights import Weights, picked, weights_of

KHAT = 0.7  # Vehtari et al. (2024): above this the weights of any number of draws that one can have mislead
ENOUGH = 0.2  # share of the fitted draws that the members must still be worth

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Request:
    """A scenario whose members are to take up figures.

    job       the scenario on all members of the file, with the layer of the figures that these were fitted to
    fitted    the scenario that they were fitted on
    posterior, observations  the files
    earlier   share of the fitted draws that the members are worth already, below 1 if they have been updated before
    """

    job: Job
    fitted: Scenario
    news: News
    posterior: Path
    observations: Path
    earlier: float


@dataclass(frozen=True)
class Update:
    """What came of it.

    weights    of the members of the file, after all new figures; draws (member,) which of these the new members are
    log_ratio  (member,) log density of the new figures, up to a constant
    effective  share of the draws once fitted that the new members are worth
    surprises  of every new figure that enters, in order of publication
    due        why a refit is due, one line each; empty where it is not
    """

    request: Request
    weights: Weights
    draws: np.ndarray
    log_ratio: np.ndarray
    effective: float
    surprises: tuple[Surprise, ...]
    effects: tuple[Effect, ...]
    answer: Answer
    due: tuple[str, ...]


def prepare(path: Path, observations: Path | None = None) -> Request:
    """Read and check everything, as `forecast.prepare` does. observations: a file in place of the shipped one.

    MembersError where the scenario's members were not made by a fit.
    """
    job = forecast.prepare(path)
    scenario, program = job.scenario, job.program
    if scenario.posterior == "none":
        raise MembersError(f"{scenario.file}: posterior: found 'none', expected members that were fitted to figures")
    file = shipped(forecast.POSTERIOR) if scenario.posterior == "default" else Path(scenario.posterior)
    members = read_members(file, program)
    fitted = fitted_scenario(members, program, scenario)
    if fitted is None:
        raise MembersError(f"{file}: was not made by `huangpu calibrate`; only a posterior can be updated")
    source = observations or shipped(forecast.OBSERVATIONS)
    rows = measurement.read_observations(source)
    news = find_news(job.layer.metrics, rows, used_rows(members), program.initial_time)
    return Request(_with(job, news.before, members), fitted, news, file, source, _earlier(members))


def update(request: Request, *, threads: int | None = None, progress: Report | None = None) -> Update:
    """Weigh the members by the new figures, and run the scenario before and after each."""
    news, job = request.news, request.job
    steps, done = 1 + len(news.steps), iter(range(1, 2 + len(news.steps)))

    def answered(layer: Layer, share: np.ndarray) -> tuple[np.ndarray, forecast.Forecast]:
        draws = picked(share)
        now = _with(job, layer, _drawn(job.members, draws))
        answer = forecast.score(now, forecast.simulate(now, threads=threads))
        if progress:
            progress(next(done), steps)
        return draws, answer

    plain = weights_of(np.zeros(job.members.size))
    answers, weights, surprises = [answered(news.before, plain.share)], plain, []
    first = last = _densities(request, news.before, threads)
    for step in news.steps:
        now = _densities(request, step.layer, threads)
        surprises += [surprise(now, last, o, weights.share) for o in step.new]
        weights = weights_of(now.log - first.log)
        answers.append(answered(step.layer, weights.share))
        last = now
    effective = request.earlier * weights.effective / job.members.size
    return Update(
        request,
        weights,
        answers[-1][0],
        last.log - first.log,
        effective,
        tuple(surprises),
        effects(answers, job.questions),
        answers[-1][1].answer,
        tuple(_due(request, weights, effective)),
    )


def write(done: Update, path: Path) -> None:
    """The new members as a file that `posterior:` of a scenario can name; whole or not at all."""
    request, news = done.request, done.request.news
    marks = {
        "row_ids": news.after.row_ids(),
        "figures": news.said,
        "new": [o.row_id for o in news.rows],
        "effective": done.effective,
    }
    table = updated_table(request.posterior, request.observations, done.draws, done.log_ratio, marks)
    write_netcdf(table, path)


def _densities(request: Request, layer: Layer, threads: int | None) -> Densities:
    return densities(request.job.program, request.fitted, request.job.members, layer, threads)


def _due(request: Request, weights: Weights, effective: float):
    members = request.job.members
    if weights.khat > KHAT:
        yield f"the weights have k-hat {weights.khat:.2f}, above {KHAT}: the new figures lie where few members are"
    if effective < ENOUGH:
        yield f"the members are worth {effective:.0%} of the draws that were fitted, less than {ENOUGH:.0%}"
    for name in changed_files(members):
        if name != "observations.csv":
            yield f"calibration/{name} has changed since the posterior was made"
    yield from (line for line in changes(members, request.fitted) if line.startswith("scenarios/"))
    for row_id, reason in request.news.lost:
        yield f"row {row_id}, which the posterior used, does not enter any more ({reason}); what it said stays in it"


def _with(job: Job, layer: Layer, members: Members) -> Job:
    """The same scenario on other members and figures."""
    end = max(job.program.initial_time + 1, min(job.program.final_time, float(np.ceil(layer.last_time()))))
    return replace(
        job,
        scenario=replace(job.scenario, members=members.size),
        members=members,
        layer=layer,
        history=None if job.history is None else replace(job.history, members=members.size, end=end),
    )


def _drawn(members: Members, draws: np.ndarray) -> Members:
    return replace(
        members,
        parameters={name: values[draws] for name, values in members.parameters.items()},
        columns={name: values[draws] for name, values in members.columns.items()},
        draws=members.draws[draws],
    )


def _earlier(members: Members) -> float:
    """1 for a posterior that comes from a fit."""
    try:
        found = json.loads(str(members.attrs.get(SHARE, 1.0)))
    except ValueError:
        found = None
    if not isinstance(found, float | int) or not 0 < found <= 1:
        raise MembersError(f"the posterior's attribute '{SHARE}' is no share between 0 and 1; run `huangpu calibrate`")
    return float(found)
