"""What a fit pays: log posteriors a second, split into run and likelihood, and over PySD's runs; a whole calibration.

Batches are those of the sampler: the walkers of one ensemble, on one thread; two threads move two ensembles.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from bench import pysd_runs
from bench.clock import WALL, in_turns
from bench.machine import load
from bench.processes import ROOT
from bench.processes import SCENARIO as REFERENCE
from bench.rows import Row, Skip, figure, shorter
from bench.setting import OWN, Setting, processors
from huangpu.calibration.posterior import SETTINGS, LogPosterior, Question, calibrate, load_question
from huangpu.measurement import log_likelihood, one_thread

SCENARIO = ROOT / REFERENCE
FOLDER: Path | None = None  # of the figures and priors: the shipped ones
NEAR = 0.1  # of the priors' spread, by which walkers lie around their medians: every run stays a sensible one
TOLERANCE = 1e-6  # of a log posterior
UNIT = "evaluations/s"
CALIBRATION = "calibration."  # how the names of the figures of a whole one begin


def measure(setting: Setting) -> Iterator[Row]:
    question = load_question(SCENARIO, FOLDER)
    walkers = NEAR * np.random.default_rng(1).standard_normal((SETTINGS.walkers, len(question.priors.names)))
    with one_thread():
        yield from _parts(question, walkers, setting)
        for part in (_two_threads, _against_pysd):
            try:
                yield from part(question, walkers, setting)
            except Skip as why:
                setting.say(str(why))


def _what(question: Question) -> str:
    rows, parameters = len(question.layer.rows), len(question.priors.names)
    return f"same model (own), {rows} figures, {parameters} parameters, batches of {SETTINGS.walkers}"


def _parts(question: Question, walkers: np.ndarray, setting: Setting) -> Iterator[Row]:
    """One thread: all of it, the run alone and the likelihood alone."""
    density = LogPosterior(question)
    values = question.priors.values(walkers.T)
    members = dict(zip(question.priors.names, values, strict=True))
    simulated = density.simulate(members, values)
    calls = {
        "whole": lambda: density(walkers),
        "run": lambda: density.simulate(members, values),
        "likelihood": lambda: log_likelihood(question.layer, simulated, members),
    }
    seconds = in_turns(calls, setting.rounds)
    size = len(walkers)
    yield figure("fit.log_posterior", UNIT, size / seconds["whole"], f"{_what(question)}, 1 thread")
    for part in ("run", "likelihood"):
        share = float(np.median(seconds[part] / seconds["whole"]))
        each = seconds[part] / size * 1e6
        yield shorter(f"fit.log_posterior.{part}", "µs/evaluation", each, f"{share:.0%} of an evaluation")


def _two_threads(question: Question, walkers: np.ndarray, setting: Setting) -> Iterator[Row]:
    """Ensembles shared over threads, as the sampler does."""
    if processors() == 1:
        raise Skip("log posteriors on two threads: there is one processor")
    densities = [LogPosterior(question) for _ in range(SETTINGS.ensembles)]
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(2) as two:
        calls = {
            name: lambda pool=pool: list(pool.map(lambda density: density(walkers), densities))
            for name, pool in (("1", one), ("2", two))
        }
        seconds = in_turns(calls, setting.rounds, clock=WALL)
    rates = {name: len(densities) * len(walkers) / times for name, times in seconds.items()}
    against = f"1 thread; {_what(question)}, {len(densities)} ensembles; by the wall"
    yield figure("fit.log_posterior.two_threads", UNIT, rates["2"], against, rates["1"])


def _against_pysd(question: Question, walkers: np.ndarray, setting: Setting) -> Iterator[Row]:
    """One member, once: it takes PySD most of a minute."""
    if "own" not in setting.pysd:
        return
    ours = LogPosterior(question)
    theirs = pysd_runs.log_posterior(question, question.scenario.model or OWN, setting.folder)
    found = {"huangpu": ours(walkers)[0]}
    calls = {
        "huangpu": lambda: [ours(walkers) for _ in range(setting.rounds)],
        "pysd": lambda: found.update(pysd=theirs(walkers[:1])[0]),
    }
    seconds = in_turns(calls, 1, warm=False)
    apart = abs(found["huangpu"] - found["pysd"])
    if not apart <= TOLERANCE:
        raise Skip(f"log posteriors against PySD skipped: it gives other ones, by {apart:.1e}")
    rate = setting.rounds * len(walkers) / seconds["huangpu"]
    against = f"the same over PySD's runs, 1 of the members, once (log posteriors within {apart:.0e})"
    yield figure(
        "fit.log_posterior.against_pysd", UNIT, rate, f"{against}; {_what(question)}, 1 thread", 1 / seconds["pysd"]
    )
    yield figure("fit.peer.pysd", UNIT, 1 / seconds["pysd"])


def calibration(setting: Setting) -> Iterator[Row]:
    """A whole one, as it is shipped, on all processors, by the wall. What is compiled was compiled before."""
    LogPosterior(load_question(SCENARIO, FOLDER))
    threads, busy, day = processors(), load(), datetime.date.today().isoformat()
    start = time.perf_counter()
    found = calibrate(SCENARIO, setting.folder / "members.nc", SETTINGS, folder=FOLDER, threads=threads)
    seconds = time.perf_counter() - start
    what = (
        f"{SETTINGS.ensembles} ensembles of {SETTINGS.walkers} walkers, {SETTINGS.burn} + {SETTINGS.steps} steps, "
        f"{threads} threads, by the wall; largest R-hat {max(row.rhat for row in found.convergence):.4f}"
    )
    yield Row(f"{CALIBRATION}time", seconds, "s", f"{what}; {day}, load before {busy}")
    yield Row(f"{CALIBRATION}rate", found.evaluations / seconds, UNIT, f"{found.evaluations:,} evaluations")
    for name, sizes in (
        ("bulk", [row.ess for row in found.convergence]),
        ("tail", [row.ess_tail for row in found.convergence]),
    ):
        least = f"the smallest of {len(sizes)} parameters, {min(sizes):,.0f}"
        yield Row(f"{CALIBRATION}ess_{name}", min(sizes) / seconds, "effective draws/s", least)
