"""Prior + run + likelihood: how likely parameters are given the figures, and the draws that follow from it.

Start reading at `calibrate`. The only file of calibration that calls compiler and runtime.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np

from huangpu.calibration.checkpoint import Checkpoint
from huangpu.calibration.diagnostics import Convergence, Walkers, converged, convergence, walkers
from huangpu.calibration.learnt import Learnt, learnt, write_diagnostics
from huangpu.calibration.priors import Priors, read_priors
from huangpu.calibration.sampling import Progress, Settings, sample
from huangpu.calibration.store import members_table
from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.measurement import (
    DataError,
    Layer,
    Simulated,
    build_layer,
    log_likelihood,
    one_thread,
    read_metrics,
    read_observations,
    read_run,
    with_drivers,
)
from huangpu.program import Program
from huangpu.response import QUARTER, horizon, responses
from huangpu.runtime.dataset import write_netcdf
from huangpu.runtime.drivers import Schedule
from huangpu.runtime.ensemble import Runner, available_threads, step_times, years_and_points
from huangpu.runtime.scenario import Scenario, check, lever_profile, load_scenario
from huangpu.yamlfile import nearest

FILES = ("observations.csv", "metrics.yaml", "priors.yaml", "sources.csv")
MEMBERS = 4000
DIAGNOSTICS = "diagnostics.csv"
PACKAGES = ("huangpu", "numpy", "scipy", "emcee", "llvmlite", "numba", "pysd")
SETTINGS = Settings(seed=20240101, ensembles=4, walkers=128, burn=480, steps=800, thin=10)


@dataclass(frozen=True)
class Calibration:
    """What `calibrate` found: convergence of each parameter, worst first; what became of the walkers; what was learnt;
    evaluations since it was begun or resumed, and how many runs failed."""

    convergence: tuple[Convergence, ...]
    walkers: Walkers
    learnt: tuple[Learnt, ...]
    acceptance: float
    evaluations: int
    failures: int


def calibrate(
    scenario: Path | str,
    out: Path | str,
    settings: Settings = SETTINGS,
    *,
    folder: Path | None = None,
    recalled: bool = False,
    members: int = MEMBERS,
    threads: int | None = None,
    progress: Progress | None = None,
    resume: bool = False,
) -> Calibration:
    """Draw from the posterior and write `members` draws to `out`, whole or not at all, and diagnostics.csv beside it.

    folder: where observations.csv, metrics.yaml, priors.yaml and sources.csv lie, the shipped ones if not given.
    recalled: figures without a source enter too, with wider errors. What is done so far is kept in `<out>.unfinished/`;
    resume: go on from there. The same settings, files and package versions give the same file, whatever the number of
    threads and however often it was cut off. Raises ModelError, ScenarioError or DataError for bad input, OSError if
    the file cannot be written.
    """
    out = Path(out)
    question = load_question(scenario, folder, recalled=recalled)
    attrs = _attrs(question, settings)
    checkpoint = Checkpoint(out.with_name(f"{out.name}.unfinished"), {k: str(v) for k, v in attrs.items()})
    if not resume:
        checkpoint.clear()
    densities = [LogPosterior(question) for _ in range(settings.ensembles)]
    names = question.priors.names
    with one_thread():
        chains = sample(
            densities,
            len(names),
            settings,
            threads=threads or available_threads(),
            progress=progress,
            keeper=checkpoint,
        )
        found, lost = convergence(names, chains.coordinates), walkers(chains.coordinates, chains.log_density)
    rows = learnt(question.priors, chains, found)
    attrs |= {"converged": int(converged(found, lost)), "walkers_still": lost.still, "walkers_lost": lost.lost}
    write_diagnostics(rows, out.with_name(DIAGNOSTICS))
    write_netcdf(members_table(question.priors, chains, members, found, attrs), out)
    checkpoint.clear()
    evaluations, failures = (sum(getattr(f, name) for f in densities) for name in ("evaluations", "failures"))
    return Calibration(found, lost, rows, chains.acceptance, evaluations, failures)


def _attrs(question: Question, settings: Settings) -> dict[str, object]:
    """What ties a posterior to its model, scenario, figures and settings."""
    return {
        "title": "Posterior draws of the parameters",
        "model": question.program.name,
        "model_hash": question.program.model_hash,
        "scenario": question.scenario.name,
        "scenario_text": question.scenario.text,
        "centre": json.dumps(question.centre),
        "row_ids": json.dumps(question.layer.row_ids()),
        "figures": json.dumps(question.figures),
        "files": json.dumps(question.files),
        "recalled": int(question.recalled),
        "seed": settings.seed,
        "settings": json.dumps(asdict(settings)),
        "dt": question.program.time_step,
        "method": question.program.method,
        "versions": json.dumps({name: version(name) for name in PACKAGES}),
    }


@dataclass(frozen=True)
class Question:
    """What is calibrated: a model under a scenario, met with figures, from priors.

    layer   with drivers, whose effects are taken around `centre`, the medians of the priors
    files   name -> sha256
    recalled  whether figures without a source entered
    figures   row_id -> (value, bound, standard error) of the rows that entered, as reported
    """

    program: Program
    scenario: Scenario
    layer: Layer
    priors: Priors
    centre: Mapping[str, float]
    files: Mapping[str, str]
    recalled: bool = False
    figures: Mapping[str, tuple[float, str, float]] = field(default_factory=dict)


def load_question(scenario_path: Path | str, folder: Path | None = None, *, recalled: bool = False) -> Question:
    """Compile the scenario's model and read the data files of `folder` (the shipped ones). Raises ModelError,
    ScenarioError or DataError for bad input."""
    folder = folder or shipped("calibration")
    scenario = load_scenario(scenario_path)
    program = compile_model(scenario.model or shipped("models/shanghai_industry.mdl"))
    scenario = check(scenario, program)
    observations, metrics, priors, sources = (folder / name for name in FILES)
    reported = read_observations(observations)
    layer = build_layer(read_metrics(metrics), reported, start=program.initial_time, recalled=recalled)
    known = read_priors(priors, program, layer.metrics.sigmas(), sources=sources)
    _check_variables(program, layer)
    _check_scenario(scenario, known, priors)
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES[:3]}
    medians = known.values(np.zeros((len(known.names), 1)))[:, 0]
    centre = dict(zip(known.names, medians.tolist(), strict=True))
    joint = with_drivers(layer, responses(program, scenario, layer, centre))
    entered = set(layer.row_ids())
    figures = {o.row_id: o.said for o in reported if o.row_id in entered}
    return Question(program, scenario, joint, known, centre, hashes, recalled, figures)


class LogPosterior:
    """Log posterior of standard normal coordinates, up to a constant. Holds the prepared run and its buffers.

    evaluations: members so far; failures: those whose run was not finite, which count as impossible.
    """

    def __init__(self, question: Question, *, threads: int = 1):
        program, layer, names = question.program, question.layer, question.priors.names
        self.question, self.evaluations, self.failures = question, 0, 0
        constants = {program.rows[row].id for row, _ in program.constants}
        self._rows = [i for i, name in enumerate(names) if name in constants]
        self._fixed = question.scenario.parameters
        end = horizon(program, layer)
        self._needs = layer.requirements()
        self._years, self._times, savings = years_and_points(program, *self._needs, end, QUARTER)
        parameters = [names[i] for i in self._rows] + list(self._fixed)
        self._runner = Runner(program, savings, parameters=parameters, final_time=end, threads=threads)
        self._levers = _levers(question.scenario, step_times(program, end))

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """u (member, parameter) -> (member,); -inf where the run is not finite."""
        with np.errstate(over="ignore"):
            values = self.question.priors.values(u.T)
        members = dict(zip(self.question.priors.names, values, strict=True))
        score = log_likelihood(self.question.layer, self.simulate(members, values), members)
        self.evaluations += len(u)
        self.failures += int(np.sum(~np.isfinite(score)))
        return np.where(np.isfinite(score), score - 0.5 * (u**2).sum(axis=1), -np.inf)

    def simulate(self, members: Mapping[str, np.ndarray], values: np.ndarray) -> Simulated:
        """The run of these members, as the measurement layer needs it. values (parameter, member) as in `members`."""
        size = values.shape[1]
        fixed = np.array([np.full(size, value) for value in self._fixed.values()]).reshape(-1, size)
        driven = {
            lever: Schedule(profiles, np.array([_delivery(d, members, size) for d in deliveries]))
            for lever, (profiles, deliveries) in self._levers.items()
        }
        arrays = self._runner.run(np.concatenate([values[self._rows], fixed]), driven)
        return read_run(self._needs, self._years, self._times, arrays)


def _levers(scenario: Scenario, times: np.ndarray) -> dict[str, tuple[np.ndarray, list]]:
    """Lever -> (profiles (window, step), delivery of each window)."""
    windows: dict[str, list] = {}
    for window in scenario.windows:
        windows.setdefault(window.lever, []).append(window)
    return {
        lever: (np.array([lever_profile(w, times) for w in each]), [w.delivery for w in each])
        for lever, each in windows.items()
    }


def _delivery(delivery, members: Mapping[str, np.ndarray], size: int) -> np.ndarray:
    """A delivery that is drawn but is no parameter stands at its mean."""
    match delivery:
        case str(name):
            return members[name]
        case (low, high):
            return np.full(size, (low + high) / 2)
        case share:
            return np.full(size, float(share))


def _check_variables(program: Program, layer: Layer) -> None:
    known = {entry.id for entry in program.rows}
    for name, quantity in layer.metrics.quantities.items():
        if not quantity.derived and quantity.variable not in known:
            raise DataError(
                f"{layer.metrics.path}: quantities.{name}.variable: the model has no '{quantity.variable}'"
                + nearest(quantity.variable, known)
            )


def _check_scenario(scenario: Scenario, priors: Priors, path: Path) -> None:
    for name in scenario.parameters:
        if name in priors.names:
            raise DataError(f"{path}: parameters.{name}: the scenario {scenario.name} fixes it; take it out of one")
    for window in scenario.windows:
        if isinstance(window.delivery, str) and window.delivery not in priors.names:
            raise DataError(
                f"{path}: no prior of {window.delivery}, the delivery of lever {window.lever} in {scenario.name}"
                + nearest(window.delivery, priors.names)
            )
