"""Other simulators of the same files. Each gives `prepare(values) -> call`; a call returns (saved, times, members).

They are asked for what they are best at: model read once, only the saved variables kept, one member after another, for
none of them knows ensembles. Each is skipped where it is not installed.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.rows import Skip
from bench.workload import Workload


def _library(module: str, package: str):
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # they tell what they would also support, were it installed
            return importlib.import_module(module)
    except ImportError:
        raise Skip(f"{package} is not installed: pip install -c constraints.txt -e '.[bench]'") from None


def simlin(work: Workload, folder: Path) -> Callable:
    """simlin (Rust), by its Python package."""
    simulation = _library("simlin", "pysimlin").load(work.path).simulate()
    varied, saved = ([_canonical(work.label(id)) for id in ids] for ids in (work.varied, work.saved))

    def prepare(values: np.ndarray) -> Callable[[], np.ndarray]:
        def call() -> np.ndarray:
            out = np.empty((len(saved), len(work.times), values.shape[1]))
            for member, column in enumerate(values.T):
                simulation.reset()
                for name, value in zip(varied, column, strict=True):
                    simulation.set_value(name, value)
                simulation.run_to_end()
                for k, name in enumerate(saved):
                    out[k, :, member] = simulation.get_series(name)
            return out

        return call

    return prepare


def _canonical(label: str) -> str:
    return "_".join(label.lower().split())


def pysd(work: Workload, folder: Path) -> Callable:
    """PySD; it translates into a Python file beside the model, so it gets a copy."""
    model = read_by_pysd(work.name, work.path, folder)
    varied, saved = ([work.label(id) for id in ids] for ids in (work.varied, work.saved))

    def prepare(values: np.ndarray) -> Callable[[], np.ndarray]:
        def call() -> np.ndarray:
            out = np.empty((len(saved), len(work.times), values.shape[1]))
            for member, column in enumerate(values.T):
                given = dict(zip(varied, map(float, column), strict=True))
                table = run_by_pysd(model, params=given, return_columns=saved)
                out[:, :, member] = table[saved].to_numpy().T
            return out

        return call

    return prepare


def read_by_pysd(name: str, path: Path, folder: Path):
    """PySD's translation of a copy of the model."""
    library = _library("pysd", "pysd")
    copy = folder / f"pysd_{name}.mdl"
    shutil.copyfile(path, copy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return library.read_vensim(str(copy))


def run_by_pysd(model, **options):
    """Its table, a row a saved time; it warns of what it is asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.run(**options)


def ema(work: Workload, folder: Path) -> Callable:
    """EMA Workbench's sequential evaluator over PySD; it reads the model again for every batch of experiments."""
    workbench = _library("ema_workbench", "ema_workbench")
    connector = _library("ema_workbench.connectors.pysd_connector", "ema_workbench")
    copy = folder / f"ema_{work.name}.mdl"
    shutil.copyfile(work.path, copy)
    model = connector.PysdModel(work.name, mdl_file=str(copy))
    varied, saved = ([work.label(id) for id in ids] for ids in (work.varied, work.saved))

    def prepare(values: np.ndarray) -> Callable[[], np.ndarray]:
        ranges = zip(varied, values.min(axis=1), values.max(axis=1), strict=True)
        model.uncertainties = [workbench.RealParameter(name, low - 1e-9, high + 1e-9) for name, low, high in ranges]
        model.outcomes = [workbench.TimeSeriesOutcome(name) for name in saved]
        scenarios = [
            workbench.Scenario(str(k), **dict(zip(varied, map(float, column), strict=True)))
            for k, column in enumerate(values.T)
        ]

        def call() -> np.ndarray:
            with warnings.catch_warnings(), workbench.SequentialEvaluator(model) as evaluator:
                warnings.simplefilter("ignore")
                _, outcomes = evaluator.perform_experiments(scenarios=scenarios, log_progress=True)
            return np.stack([np.asarray(outcomes[name]).T for name in saved])

        return call

    return prepare
