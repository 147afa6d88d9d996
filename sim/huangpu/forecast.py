"""From a scenario file to the odds of the targets: the whole line in one place. Start reading here.

    prepare    scenario, model, members and reported figures, all checked before anything is computed
    simulate   the scenario over its members, in one pass with what the reported figures need
    score      predictions (the run plus discrepancy given what was reported) and the odds of every target
    write      scorecard.csv, run.nc and charts

    check_finite, after these, refuses an answer to which no member had a number

The four are apart so that a caller can show progress, time them, or stop half way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from huangpu import measurement, results, runtime
from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.fitted import centre, changes, fitted_scenario
from huangpu.ir import ModelError
from huangpu.measurement import Layer, Paths, Predictions, Simulated
from huangpu.program import Program
from huangpu.response import QUARTER, responses, schedules
from huangpu.runtime.dataset import Table, write_netcdf
from huangpu.runtime.drivers import Schedule
from huangpu.runtime.ensemble import Saving, years_and_points
from huangpu.runtime.members import Members, MembersError, own_constants, read_members
from huangpu.runtime.scenario import Scenario, ScenarioError, check, load_scenario, unchanged
from huangpu.yamlfile import nearest

MODEL = "models/shanghai_industry.mdl"
POSTERIOR = "calibration/posterior/members.nc"
METRICS = "calibration/metrics.yaml"
OBSERVATIONS = "calibration/observations.csv"
QUESTIONS = "results"  # the folder of targets.csv, readings.yaml and outcomes.csv
FILES = ("scorecard.csv", "run.nc")

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """All that a run needs, checked.

    questions  the targets and what each is taken to mean
    history    the scenario that the posterior was fitted on, where it is another
    notes       what a person should know before trusting the answer, one line each
    still       what stands at its mean given the figures instead of being drawn: "drivers" so far, "shocks" to come,
                "definitions", "discrepancy"
    rebasing    whether the accounts may be rebased in years to come
    """

    scenario: Scenario
    program: Program
    members: Members
    layer: Layer
    questions: results.Questions
    history: Scenario | None
    notes: tuple[str, ...]
    still: frozenset[str] = frozenset()
    rebasing: bool = False


@dataclass(frozen=True)
class Simulation:
    """run: what the scenario saves; simulated, past: what reported figures need, of the scenario and of history.

    paths: what each member's drivers were drawn, None where they are neutral
    """

    run: Table
    simulated: Simulated
    past: Simulated | None
    paths: Paths | None


@dataclass(frozen=True)
class Forecast:
    """run: what the scenario saves; predictions: figures as they would be reported; answer: the scored targets."""

    run: Table
    predictions: Predictions
    answer: results.Answer


def prepare(
    path: Path,
    *,
    model: Path | None = None,
    members: int | None = None,
    seed: int | None = None,
    rebasing: bool = False,
) -> Job:
    """Read and check everything. `model`, `members` and `seed` take the place of what the scenario says; rebasing: as
    in `Job`.

    Raises ScenarioError, ModelError, MembersError or DataError, each for people.
    """
    scenario = load_scenario(path)
    scenario = replace(
        scenario,
        members=scenario.members if members is None else members,
        seed=scenario.seed if seed is None else seed,
    )
    program = compile_model(model or scenario.model or shipped(MODEL))
    scenario = check(scenario, program)
    who = _members(scenario, program)
    start, recalled = program.initial_time, bool(who.attrs.get("recalled", False))  # the figures of the fit
    layer = measurement.load_layer(shipped(METRICS), shipped(OBSERVATIONS), start=start, recalled=recalled)
    _check_model(program, layer)
    if rebasing and layer.metrics.rebasing is None:
        raise measurement.DataError(f"{METRICS}: nothing is known of accounts to come; add the key `rebasing`")
    units = {name: quantity.unit for name, quantity in layer.metrics.quantities.items()}
    questions = results.read_questions(shipped(QUESTIONS), units)
    _check_scenario(scenario, who, questions)
    fitted = fitted_scenario(who, program, scenario)
    history, notes = _history(scenario, program, fitted, layer), (*unchanged(scenario, program), *changes(who, fitted))
    return Job(scenario, program, who, layer, questions, history, notes, rebasing=rebasing)


def simulate(job: Job, *, threads: int | None = None, progress: Report | None = None) -> Simulation:
    """Run the scenario, and the history that the posterior was fitted on where the scenario differs from it; both with
    the same paths of drivers, which a first run with neutral ones has told."""
    paths = _paths(job, threads)
    savings, read = _measured(job.program, job.layer, job.scenario.end)
    drawn = _drawn(job, job.scenario, paths)
    run, arrays = runtime.run_and_save(
        job.program, job.scenario, job.members, savings, drawn=drawn, threads=threads, progress=progress
    )
    past = None if job.history is None else _run_of_past(job, job.history, paths, threads)
    return Simulation(run, read(arrays), past, paths)


def score(job: Job, simulation: Simulation) -> Forecast:
    """The figures that the run foretells, and how likely each target is to be met."""
    beyond = None if simulation.paths is None else simulation.paths.beyond
    predictions = measurement.predict(
        job.layer,
        simulation.simulated,
        _sigmas(job),
        job.scenario.seed,
        history=simulation.past,
        beyond=beyond,
        still=job.still & {"definitions", "discrepancy"},
        rebasing=job.rebasing,
    )
    columns = job.members.columns
    predictions = replace(predictions, chain=columns.get("chain"), draw=columns.get("draw"))
    answer = results.scorecard(predictions, job.questions, job.layer.rows_behind(), job.layer.last_time())
    return Forecast(simulation.run, predictions, answer)


def write(job: Job, forecast: Forecast, folder: Path, *, charts: bool = True, progress: Report | None = None) -> None:
    """scorecard.csv first, then run.nc, then a chart a quantity; each file appears whole or not at all."""
    results.write_scorecard(list(forecast.answer.scores), folder / "scorecard.csv")
    write_netcdf(forecast.run, folder / "run.nc")
    if charts:
        from huangpu.results.charts import write_charts

        observations = measurement.read_observations(shipped(OBSERVATIONS))
        fans = results.fans(forecast.predictions, forecast.answer, job.layer.metrics, observations, job.layer.row_ids())
        write_charts(fans, folder, source_line(job), progress)


def check_finite(job: Job, forecast: Forecast) -> None:
    """ScenarioError where no member at all gave a finite number for a target of the latest plan: then nothing is known
    of its odds."""
    lost = {s.quantity: s.bad_members for s in forecast.answer.latest if s.status == results.FAILED}
    if lost:
        names, count = ", ".join(lost), max(lost.values())
        raise ScenarioError(
            f"{job.scenario.file}: {count:,} of {count:,} members are not finite in {names}, so the probabilities "
            "there say nothing; look for a parameter or driver that is far too large or too small"
        )


def source_line(job: Job) -> str:
    """What a chart says at its foot: enough to make the run again."""
    scenario, program = job.scenario, job.program
    return (
        f"Scenario {scenario.name}, {job.members.size:,} members, seed {scenario.seed}; "
        f"model {program.name} {program.model_hash[:8]}"
    )


def _members(scenario: Scenario, program: Program) -> Members:
    if scenario.posterior == "none":
        return own_constants(scenario.members)
    path = shipped(POSTERIOR) if scenario.posterior == "default" else Path(scenario.posterior)
    return read_members(path, program, scenario.members, scenario.seed)


def _check_model(program: Program, layer: Layer) -> None:
    """ModelError where the model lacks what reported figures are read from."""
    known = {entry.id for entry in program.rows}
    needs = layer.requirements()
    missing = [id for id in (*needs.annual, *needs.points) if id not in known]
    if missing:
        raise ModelError(
            f"{program.name}: has no '{missing[0]}'{nearest(missing[0], known)}; {METRICS} reads reported figures "
            f"from it, and without it ({len(missing)} such in all) no target can be scored"
        )


def _check_scenario(scenario: Scenario, members: Members, questions: results.Questions) -> None:
    """ScenarioError where a delivery is no column of the members, or the horizon ends before any target is due."""
    columns = {*members.parameters, *members.columns}
    problems = []
    courses = [(key, *row) for key in ("levers", "drivers") for row in getattr(scenario.form, key).items()]
    for key, lever, windows in courses:
        for position, window in enumerate(windows if isinstance(windows, list) else []):
            share = window.delivery
            if isinstance(share, str) and share not in columns:
                message = f"found '{share}', which is no column of the posterior ({scenario.posterior})"
                problems.append(((key, lever, position, "delivery"), message + nearest(share, columns)))
    due = min((readings[0].last for readings in questions.readings.values()), default=0) + 1
    if scenario.end < due:
        message = f"found {scenario.end:g}, expected {due} or later: no target has come due before"
        problems.append((("horizon", "end"), message))
    if problems:
        raise scenario.error(problems)


def _history(scenario: Scenario, program: Program, fitted: Scenario | None, layer: Layer) -> Scenario | None:
    """The scenario that the members were fitted on, or None where this one has the same levers and parameters.

    What was reported corrects the past that it was reported in. A scenario that changes the past keeps that correction,
    or the reported figures would undo the change.
    """
    if fitted is None or (fitted.moves == scenario.moves and scenario.end >= layer.last_time()):
        return None
    return replace(fitted, seed=scenario.seed, members=scenario.members, end=_last_met(program, layer))


def _last_met(program: Program, layer: Layer) -> float:
    """End of the year by which every reported figure has been met."""
    return max(min(program.final_time, float(np.ceil(layer.last_time()))), program.initial_time + 1)


def _paths(job: Job, threads: int | None) -> Paths | None:
    """Each member's drivers, given what a run with neutral ones misses of the reported figures; None where they stay
    neutral: the scenario draws none, or they have no size. Then the discrepancy carries all that is missed."""
    sigmas, metrics = _sigmas(job), job.layer.metrics
    if not job.scenario.shocks or not any(sigmas[metrics.driver_sigma(name)].any() for name in metrics.drivers):
        return None
    past = job.history or replace(job.scenario, end=_last_met(job.program, job.layer))
    answers = responses(job.program, past, job.layer, centre(job.members))
    missed = measurement.residuals(job.layer, _run_of_past(job, past, None, threads))
    seed, end = job.scenario.seed, job.scenario.end
    return measurement.draw_paths(job.layer, answers, missed, sigmas, seed, end, still=job.still)


def _drawn(job: Job, scenario: Scenario, paths: Paths | None) -> dict[str, Schedule]:
    return {} if paths is None else schedules(job.program, paths.corners, paths.of, scenario.end)


def _run_of_past(job: Job, past: Scenario, paths: Paths | None, threads: int | None) -> Simulated:
    """What the reported figures are met with."""
    savings, read = _measured(job.program, job.layer, past.end)
    inputs = runtime.inputs(job.program, past, job.members, _drawn(job, past, paths))
    return read(runtime.simulate(job.program, inputs, savings, final_time=past.end, threads=threads))


def _measured(
    program: Program, layer: Layer, end: float
) -> tuple[list[Saving], Callable[[list[np.ndarray]], Simulated]]:
    """What to save for the reported figures, and how to read it from the arrays that come back."""
    needs = layer.requirements()
    years, times, savings = years_and_points(program, *needs, end, QUARTER)
    return savings, partial(measurement.read_run, needs, years, times)


def _sigmas(job: Job) -> Mapping[str, np.ndarray]:
    """Size of each discrepancy by member; 0 for the model's own constants, which come without one."""
    needed, columns = job.layer.metrics.sigmas(), job.members.columns
    if job.scenario.posterior == "none":
        return dict.fromkeys(needed, np.zeros(job.members.size))
    for name in needed:
        if name not in columns:
            raise MembersError(f"the posterior has no column '{name}', which metrics.yaml asks for; calibrate again")
    return columns
