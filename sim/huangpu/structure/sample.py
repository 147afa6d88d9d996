"""Numbers to judge signs by: the model's default run, and the same with its levers on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from huangpu.compiler import compile_model
from huangpu.ir import Ordered
from huangpu.program import Program
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate, step_times
from huangpu.structure.signs import Sample, compute

TIMES = 12  # of a run
MAX_VARIABLES = 20_000  # more are not run, but judged at the start alone, as are models whose TIME STEP changes
MAX_WORK = 100_000_000  # steps times variables; a longer run is cut short
LEVERS = "Levers"  # the view whose constants are off at 0 and on at 1


def sample(path: str | Path, ordered: Ordered, beside: Mapping[str, tuple]) -> Sample:
    """Values of every scalar variable at `TIMES` times of a default run and of one with all levers on.

    beside: the data files and allowed folders that `compile_model` takes.
    """
    model = ordered.model
    tables = {t.id: t for t in model.tables}
    if len(model.variables) > MAX_VARIABLES or "time_step" in model.loose:
        return Sample(_at_start(ordered, tables), np.array([model.initial_time]), tables)
    program = compile_model(path, **beside)
    end = _end(program)
    grid = step_times(program, end)
    times = grid[np.unique(np.linspace(0, len(grid) - 1, TIMES).astype(int))]
    names = tuple(v.id for v in model.variables)
    saving = Saving(names, *points(program, times, final_time=end))
    [values] = simulate(program, Inputs(2, _levers_on(ordered)), [saving], final_time=end, threads=1)
    flat = values.reshape(len(names), -1)
    return Sample(dict(zip(names, flat, strict=True)), np.repeat(times, 2), tables)


def _levers_on(ordered: Ordered) -> dict[str, np.ndarray]:
    levers = set(ordered.model.views.get(LEVERS, ()))
    return {
        v.id: np.array([0.0, 1.0])
        for v in ordered.model.variables
        if v.kind == "constant" and v.base in levers and v.equation.value == 0
    }


def _end(program: Program) -> float:
    steps = max(1, MAX_WORK // max(1, len(program.rows)))
    return min(program.final_time, program.initial_time + steps * program.time_step)


def _at_start(ordered: Ordered, tables: dict) -> dict[str, np.ndarray]:
    variables = {v.id: v for v in ordered.model.variables}
    values = {v.id: np.array([v.equation.value]) for v in variables.values() if v.kind == "constant"}
    values |= {v.id: np.array([0.5]) for v in variables.values() if v.kind == "draw"}
    so_far = Sample(values, np.array([ordered.model.initial_time]), tables)
    with np.errstate(all="ignore"):
        for id_ in ordered.initial:
            v = variables[id_]
            values[id_] = compute(v.equation if v.initial is None else v.initial, so_far)
    return values
