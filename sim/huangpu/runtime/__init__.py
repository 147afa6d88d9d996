"""A scenario over members -> Dataset. Start reading here.

    kernel.load       program -> machine code, kept on disk                   kernel
    simulate, Runner  members in, arrays out                                  ensemble
    Schedule, Noise   constants driven through time                           drivers
    reduce            members in, moments, quantiles, hits out: no path kept  reduce, reducers, sketch
    load_scenario     YAML -> levers over time, horizon, what to save         scenario
    read_members      posterior or another table of draws -> members          members
    table, dataset    arrays -> Dataset with units, seed, model hash; file    dataset

What needs xarray, netCDF or the scenario's checks is imported where it is used: `simulate` needs none of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from huangpu.program import Program
from huangpu.runtime.drivers import Schedule, added
from huangpu.runtime.ensemble import Inputs, Progress, Saving, points, simulate, step_times

if TYPE_CHECKING:
    import xarray as xr

    from huangpu.runtime.dataset import Table
    from huangpu.runtime.members import Members
    from huangpu.runtime.scenario import Scenario

PACKAGES = ("huangpu", "numpy", "numba", "llvmlite", "xarray", "pysd")


def run(
    program: Program,
    scenario: Scenario,
    members: Members,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """What the scenario saves, dims time and member and the model's subscripts; attributes say what made it.

    `scenario` has been checked against the program. Raises ScenarioError where a delivery names a column that the
    members do not have.
    """
    from huangpu.runtime.dataset import dataset

    return dataset(run_and_save(program, scenario, members, (), threads=threads, progress=progress)[0])


def run_and_save(
    program: Program,
    scenario: Scenario,
    members: Members,
    savings: Sequence[Saving],
    *,
    drawn: Mapping[str, Schedule] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[Table, list[np.ndarray]]:
    """`run` as a Table, and in the same pass an array (names, slots, member) for each of the further `savings`. drawn:
    as in `inputs`."""
    from huangpu.runtime.dataset import table

    times = saved_times(program, scenario)
    names = saved_names(program, scenario)
    saving = Saving(names, *points(program, times, final_time=scenario.end))
    values, *others = simulate(
        program,
        inputs(program, scenario, members, drawn),
        [saving, *savings],
        final_time=scenario.end,
        threads=threads,
        progress=progress,
    )
    return table(program, names, times, values, provenance(program, scenario, members)), others


def inputs(
    program: Program, scenario: Scenario, members: Members, drawn: Mapping[str, Schedule] | None = None
) -> Inputs:
    """What the kernel reads: the members' parameters, the scenario's over them, its levers through time.

    drawn: id of a driven constant -> path of every member up to `scenario.end`, on top of what it would be without it.
    """
    from huangpu.runtime.scenario import delivery, lever_profile

    times = step_times(program, scenario.end)
    columns = {**members.parameters, **members.columns}
    levers = {
        lever: [window for window in scenario.windows if window.lever == lever]
        for lever in dict.fromkeys(window.lever for window in scenario.windows)
    }
    driven = {
        lever: Schedule(
            np.array([lever_profile(window, times) for window in windows]),
            np.array([delivery(window, scenario.seed, members.size, columns) for window in windows]),
        )
        for lever, windows in levers.items()
    }
    parameters = {**members.parameters, **scenario.parameters}
    for id, path in (drawn or {}).items():
        driven[id] = added(driven.get(id) or _held(program, id, parameters, len(times), members.size), path)
    return Inputs(members.size, parameters, driven)


def _held(program: Program, id: str, parameters: Mapping[str, float | np.ndarray], times: int, size: int) -> Schedule:
    """A constant that nothing drives; nothing at all where it is 0."""
    own = next((value for row, value in program.constants if program.rows[row].id == id), 0.0)
    values = np.broadcast_to(parameters.get(id, own), (1, size))
    return (
        Schedule(np.ones((1, times)), values) if values.any() else Schedule(np.empty((0, times)), np.empty((0, size)))
    )


def saved_times(program: Program, scenario: Scenario) -> np.ndarray:
    """Every `save_every` years from the start to the end."""
    grid = step_times(program, scenario.end)
    return grid[:: max(1, round(scenario.save_every / program.time_step))]


def saved_names(program: Program, scenario: Scenario) -> tuple[str, ...]:
    """Ids of the elements that the scenario saves, each once."""
    asked = dict.fromkeys(scenario.save)
    return tuple(dict.fromkeys(e.id for name in asked for e in program.rows if name in (e.id, e.base)))


def provenance(program: Program, scenario: Scenario, members: Members) -> dict[str, object]:
    """Attributes from which a run can be made again."""
    return {
        "model": program.name,
        "model_hash": program.model_hash,
        "program_hash": program.hash,
        "scenario": scenario.name,
        "scenario_text": scenario.text,
        "seed": scenario.seed,
        "members": members.size,
        "posterior": json.dumps({name: str(value) for name, value in members.attrs.items()}, ensure_ascii=False),
        "dt": program.time_step,
        "method": program.method,
        "precision": program.precision,
        "versions": json.dumps({name: version(name) for name in PACKAGES}),
    }
