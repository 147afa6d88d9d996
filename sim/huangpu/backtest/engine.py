"""A forecast from each origin: refit with what was known, run, predict what came after. Start reading at `backtest`.

Everything goes the way of `huangpu calibrate` and `huangpu run`: the same log posterior, sampler, driver paths,
discrepancy and readings of targets, on the vintage of the origin. An origin's result is kept as soon as it is there.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from huangpu import __version__, forecast, runtime
from huangpu.backtest.held import Meeting, held_rows, meetings
from huangpu.backtest.hindsight import Dated, dated, later, widened
from huangpu.backtest.predict import draw_held, needs
from huangpu.backtest.store import Said, TargetSaid, read_said, write_said
from huangpu.backtest.vintage import Vintage, Vintages, at_origin, read_vintages
from huangpu.calibration.checkpoint import Checkpoint
from huangpu.calibration.diagnostics import converged, convergence, walkers
from huangpu.calibration.posterior import SETTINGS, LogPosterior
from huangpu.calibration.priors import Priors, read_priors
from huangpu.calibration.sampling import Settings, sample
from huangpu.calibration.store import thinned
from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.measurement import (
    DataError,
    build_layer,
    one_thread,
    read_metrics,
    read_observations,
    read_run,
    residuals,
)
from huangpu.measurement.datafile import iso_day, read_csv
from huangpu.measurement.metrics import Metrics
from huangpu.measurement.observations import Observation
from huangpu.measurement.prediction import draw_discrepancy
from huangpu.program import Program
from huangpu.response import QUARTER, schedules
from huangpu.results import Questions, read_questions
from huangpu.results.scorecard import LEFT_OUT, Answer
from huangpu.runtime.ensemble import available_threads, years_and_points
from huangpu.runtime.members import Members
from huangpu.runtime.scenario import load_scenario

Progress = Callable[[int, int], None]

FILES = ("observations.csv", "metrics.yaml", "priors.yaml", "vintages.yaml")  # of calibration/


@dataclass(frozen=True)
class Inputs:
    """All files as read, with everything that came later.

    verdicts  target id -> ISO day of its outcome, or ""; dated  since when each prior could be believed
    hashes    file -> sha256
    """

    program: Program
    scenario: Path
    vintages: Vintages
    metrics: Metrics
    observations: tuple[Observation, ...]
    priors: Priors
    questions: Questions
    verdicts: Mapping[str, str]
    dated: tuple[Dated, ...]
    hashes: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """How much is computed. members: draws that forecast, of those that the sampler keeps.

    wide: priors that rest on figures of after the origin get more spread, see `hindsight`
    """

    settings: Settings = SETTINGS
    members: int = 2000
    wide: bool = False


# to see that everything works: far from converged
QUICK = Plan(
    Settings(seed=SETTINGS.seed, ensembles=2, walkers=SETTINGS.walkers, burn=15, steps=15, thin=5), members=400
)


def read_inputs(scenario: Path, calibration: Path, results: Path) -> Inputs:
    """Read and check all. Raises ScenarioError, ModelError or DataError, each for people."""
    program = compile_model(load_scenario(scenario).model or shipped(forecast.MODEL))
    metrics = read_metrics(calibration / "metrics.yaml")
    observations = read_observations(calibration / "observations.csv")
    build_layer(metrics, observations, start=program.initial_time)  # what is wrong with the files, whatever the origin
    priors = read_priors(calibration / "priors.yaml", program, metrics.sigmas(), sources=calibration / "sources.csv")
    units = {name: quantity.unit for name, quantity in metrics.quantities.items()}
    vintages = read_vintages(calibration / "vintages.yaml", program)
    verdicts = _verdicts(results / "outcomes.csv")
    questions = read_questions(results, units)
    days = {row["source_id"]: row["date"] for row in read_csv(calibration / "sources.csv", ("source_id", "date"))}
    since = dated(priors, observations, days)
    read = [calibration / name for name in FILES] + [results / name for name in ("outcomes.csv", "readings.yaml")]
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in read}
    return Inputs(program, scenario, vintages, metrics, observations, priors, questions, verdicts, since, hashes)


def _verdicts(path: Path) -> dict[str, str]:
    """Target id -> ISO day of its outcome, or "". Raises DataError with every day that is none."""
    found, problems = {}, []
    for number, row in enumerate(read_csv(path, ("target_id", "published")), start=2):
        try:
            day = iso_day(row["published"]) if row["published"] else ""
            found |= {row["target_id"]: day} if row["target_id"] else {}
        except ValueError as error:
            problems.append(f"{path}:{number}: {row['target_id']}: published: {error}")
    if problems:
        raise DataError("\n".join(problems))
    return found


def backtest(
    inputs: Inputs,
    origins: Sequence[int],
    plan: Plan,
    folder: Path,
    *,
    resume: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Said]:
    """The result of each origin, as it is there; it lies in `folder` by then.

    resume: take results that lie there already, and go on with fits that were cut off, if they were made from the same
    files, settings and version.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for position, origin in enumerate(origins):
        vintage = known(inputs, origin, wide=plan.wide)
        held, left = meetings(held_rows(inputs.observations, origin), vintage.layer)
        path, mark = folder / f"{origin}.npz", fingerprint(inputs, vintage, held, plan)
        said = read_said(path, mark) if resume else None
        if said is None:
            kept = _checkpoint(folder, origin, mark, resume=resume)
            report = _share(progress, position, len(origins))
            said = _origin(inputs, vintage, held, plan, threads or available_threads(), report, kept)
            said = replace(said, left=tuple((o.row_id, reason) for o, reason in left))
            write_said(said, path, mark)
            kept.clear()
        yield said


def _checkpoint(folder: Path, origin: int, mark: str, *, resume: bool) -> Checkpoint:
    """Where the fit of an origin stands; what is left there of other questions is cleared away."""
    kept = Checkpoint(folder / f"{origin}.{mark[:16]}.unfinished", {"question": mark})
    for old in folder.glob(f"{origin}.*.unfinished"):
        if not resume or old != kept.folder:
            Checkpoint(old, {}).clear()
    return kept


def known(inputs: Inputs, origin: int, *, wide: bool = False) -> Vintage:
    """What a forecaster has at the end of the origin. wide: see `Plan`."""
    priors = widened(inputs.priors, later(inputs.dated, origin)) if wide else inputs.priors
    return at_origin(
        inputs.program, inputs.scenario, inputs.vintages, inputs.metrics, inputs.observations, priors, origin
    )


def provenance(inputs: Inputs, plan: Plan) -> dict[str, object]:
    """What ties results to the model, the files and the settings that they were made from."""
    program = inputs.program
    made = {"model": program.name, "model_hash": program.model_hash, "scenario": inputs.scenario.name}
    return made | {"files": dict(inputs.hashes), "plan": asdict(plan), "version": __version__}


def line(said: Said) -> str:
    """One origin in one line, for who waits."""
    fit = said.fit
    return (
        f"end of {said.origin}: {fit['figures']} figures fitted in {fit['fit_seconds']:.0f} s (R-hat {fit['rhat']}, "
        f"ESS {fit['ess']}), {len(said.rows)} rows and {len(said.targets)} targets forecast"
    )


def fingerprint(inputs: Inputs, vintage: Vintage, held: Sequence[Meeting], plan: Plan) -> str:
    """Everything that a result follows from, in one hash; of what came later only which rows are asked for."""
    metrics, question = vintage.layer.metrics, vintage.question
    parts = (
        __version__,
        np.__version__,
        inputs.program.hash,
        question.scenario.text,
        question.priors.items,
        [value for key, value in sorted(vars(metrics).items()) if key != "path"],
        vintage.layer.rows,
        [(m.row.row_id, m.row.quantity, m.row.form, m.row.basis, m.row.terms, m.row.months) for m in held],
        [(m.observation.kind, m.observation.span) for m in held],
        sorted(inputs.questions.readings.items()),
        inputs.questions.targets,
        asdict(plan.settings),
        plan.members,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _share(progress: Progress | None, position: int, count: int) -> Progress | None:
    """Progress of one origin as a part of all."""
    if progress is None:
        return None
    return lambda done, total: progress(position * total + done, count * total)


def _origin(inputs: Inputs, vintage: Vintage, held, plan: Plan, threads: int, progress, kept: Checkpoint) -> Said:
    started = time.perf_counter()
    members, fit = _refit(vintage, plan, threads, progress, kept)
    fitted = time.perf_counter() - started
    draws, targets = predictions(inputs, vintage, members, held, threads=threads)
    fit |= {"fit_seconds": round(fitted, 1), "seconds": round(time.perf_counter() - started, 1)}
    rows = tuple(meeting.observation.row_id for meeting in held)
    return Said(vintage.origin, rows, draws.astype(np.float32), targets, fit, ())


def _refit(vintage: Vintage, plan: Plan, threads: int, progress, kept: Checkpoint) -> tuple[Members, dict]:
    """Members of the posterior at the origin, and how the fit went."""
    question, settings = vintage.question, plan.settings
    names = question.priors.names
    densities = [LogPosterior(question) for _ in range(settings.ensembles)]
    with one_thread():
        chains = sample(densities, len(names), settings, threads=threads, progress=progress, keeper=kept)
        found, lost = convergence(names, chains.coordinates), walkers(chains.coordinates, chains.log_density)
    coordinates, _, chain, draw = thinned(chains, plan.members)
    fit = {
        "figures": len(vintage.layer.rows),
        "parameters": len(names),
        "rhat": round(max(row.rhat for row in found), 4),
        "ess": round(min(min(row.ess, row.ess_tail) for row in found)),
        "walkers_lost": lost.still + lost.lost,
        "converged": converged(found, lost),
        "evaluations": sum(f.evaluations for f in densities),
        "failures": sum(f.failures for f in densities),
        "acceptance": round(chains.acceptance, 3),
    }
    return members_of(vintage, coordinates, chain, draw), fit


def members_of(vintage: Vintage, coordinates: np.ndarray, chain: np.ndarray, draw: np.ndarray) -> Members:
    """coordinates (member, parameter) -> members, in single precision as a file of members keeps them."""
    question = vintage.question
    values = question.priors.values(coordinates.T).astype(np.float32).astype(float)
    columns = dict(zip(question.priors.names, values, strict=True))
    constants = {question.program.rows[row].id for row, _ in question.program.constants}
    return Members(
        len(coordinates),
        {name: column for name, column in columns.items() if name in constants},
        {name: column for name, column in columns.items() if name not in constants} | {"chain": chain, "draw": draw},
        attrs={"centre": json.dumps(dict(question.centre))},
    )


def predictions(
    inputs: Inputs, vintage: Vintage, members: Members, held: Sequence[Meeting], *, threads: int | None = None
) -> tuple[np.ndarray, tuple[TargetSaid, ...]]:
    """Draws of the held-out rows (row, member) on their scale, and the odds of targets, as `huangpu run` has them."""
    program, layer = inputs.program, vintage.layer
    scenario = replace(vintage.question.scenario, members=members.size, posterior="refit", save=())
    job = forecast.Job(scenario, program, members, layer, inputs.questions, None, ())
    simulation = forecast.simulate(job, threads=threads)
    done = forecast.score(job, simulation)
    wanted, paths = needs(layer, held), simulation.paths
    years, times, savings = years_and_points(program, *wanted, scenario.end, QUARTER)
    drawn = {} if paths is None else schedules(program, paths.corners, paths.of, scenario.end)
    arrays = runtime.simulate(
        program, runtime.inputs(program, scenario, members, drawn), savings, final_time=scenario.end, threads=threads
    )
    discrepancy = draw_discrepancy(
        layer,
        residuals(layer, simulation.simulated),
        members.columns,
        scenario.seed,
        int(done.predictions.years[-1]) + 1,
        beyond=None if paths is None else paths.beyond,
    )
    run = read_run(wanted, years, times, arrays)
    draws = draw_held(layer, held, run, discrepancy, done.predictions, members.columns, scenario.seed)
    return draws, tuple(_targets(done.answer, inputs))


def _targets(answer: Answer, inputs: Inputs) -> Iterator[TargetSaid]:
    """The targets that have an outcome, whether it is known or not, under their default readings."""
    for score in answer.scores:
        if answer.is_default(score) and score.target_id in inputs.questions.outcomes and score.status != LEFT_OUT:
            yield TargetSaid(score.target_id, score.probability, score.finest, score.median, score.p05, score.p95)
