"""PySD in the kernel's place under the same log posterior: one run a member, met with the figures by the same code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from bench import peers
from huangpu.calibration.posterior import LogPosterior, Question
from huangpu.program import Entry, Program
from huangpu.response import QUARTER, horizon
from huangpu.runtime.drivers import Schedule
from huangpu.runtime.ensemble import Saving, step_times, years_and_points

Run = Callable[[np.ndarray, Mapping[str, Schedule]], list[np.ndarray]]


def log_posterior(question: Question, path: Path, folder: Path) -> LogPosterior:
    """The log posterior over PySD's runs of the model at `path`; raises Skip where PySD is not installed."""
    program, scenario = question.program, question.scenario
    end = horizon(program, question.layer)
    savings = years_and_points(program, *question.layer.requirements(), end, QUARTER)[2]
    constants = {program.rows[row].id for row, _ in program.constants}
    parameters = [name for name in question.priors.names if name in constants] + list(scenario.parameters)
    density = LogPosterior(question)
    model = peers.read_by_pysd("fit", path, folder)
    density._runner = SimpleNamespace(run=runner(program, model, savings, parameters, end))  # all else stays as it is
    return density


def runner(program: Program, model, savings: Sequence[Saving], parameters: Sequence[str], end: float) -> Run:
    """What `Runner.run` does, by PySD's `model`, one member after another."""
    import pandas as pd

    rows = {entry.id: entry for entry in program.rows}
    times = step_times(program, end)
    weights = [_weights(saving) for saving in savings]
    labels = [[rows[id].label for id in saving.names] for saving in savings]
    columns = list(dict.fromkeys(_whole(rows[id]) for saving in savings for id in saving.names))

    def run(values: np.ndarray, driven: Mapping[str, Schedule]) -> list[np.ndarray]:
        saved = []
        for member, column in enumerate(values.T):
            given = _constants(program, model, dict(zip(parameters, column.tolist(), strict=True)))
            for id, schedule in driven.items():
                given[rows[id].label] = pd.Series(schedule.weights[:, member] @ schedule.profiles, index=times)
            table = peers.run_by_pysd(
                model, params=given, return_columns=columns, final_time=end, saveper=program.time_step
            )
            saved.append([w @ table[names].to_numpy(float) for w, names in zip(weights, labels, strict=True)])
        return [np.stack(each, axis=2).transpose(1, 0, 2) for each in zip(*saved, strict=True)]

    return run


def _weights(saving: Saving) -> np.ndarray:
    """(slot, step): by what a value in each step is multiplied."""
    used = np.flatnonzero(saving.slot >= 0)
    weights = np.zeros((saving.slot.max() + 1, len(saving.slot)))
    weights[saving.slot[used], used] = saving.weight[used]
    return weights


def _whole(entry: Entry) -> str:
    """The variable's name without subscripts."""
    return entry.label.partition("[")[0]


def _constants(program: Program, model, values: Mapping[str, float]) -> dict:
    """As PySD takes them: a number, or with subscripts an array of all elements, those not given with their own value.

    values: id -> value
    """
    import xarray as xr

    given: dict = {}
    touched = {entry.base or entry.id for entry in program.rows if entry.id in values}
    for row, own in program.constants:
        entry = program.rows[row]
        if (entry.base or entry.id) not in touched:
            continue
        name, value = _whole(entry), values.get(entry.id, own)
        coords = model.get_coords(name)
        if coords is None:
            given[name] = value
            continue
        elements, dims = coords
        array = given.setdefault(name, xr.DataArray(np.zeros([len(elements[d]) for d in dims]), elements, dims))
        array.loc[dict(zip(dims, entry.label.partition("[")[2].rstrip("]").split(","), strict=True))] = value
    return given
