"""Members of a sweep, from their numbers to their outputs: the one thing that a worker does.

A member's values depend on nothing but the sweep and its number: not on the slice, the threads or the machine's load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from huangpu import runtime
from huangpu.runtime.drivers import Schedule
from huangpu.runtime.ensemble import Inputs, Progress, step_times
from huangpu.runtime.members import Members
from huangpu.sweep.choose import plan_of
from huangpu.sweep.designs import numbers
from huangpu.sweep.factors import Factor
from huangpu.sweep.outputs import read_outputs
from huangpu.sweep.plan import Sweep

NOT_FINITE = 1  # a flag: an output is not finite
BEYOND = 2  # a flag: a parameter lies outside what the posterior knows


@dataclass(frozen=True)
class Chunk:
    """Members start to stop - 1. inputs (n, factors) and outputs (n, outputs) float64; flags (n,) uint8: bits
    NOT_FINITE and BEYOND."""

    start: int
    stop: int
    inputs: np.ndarray
    outputs: np.ndarray
    flags: np.ndarray


def evaluate(
    sweep: Sweep, start: int, stop: int, *, threads: int | None = None, progress: Progress | None = None
) -> Chunk:
    """Members `start` to `stop` - 1, computed."""
    rows = sweep.design.rows(start, stop)
    inputs = kernel_inputs(sweep, rows, start)
    arrays = runtime.simulate(
        sweep.program,
        inputs,
        sweep.reader.savings,
        final_time=sweep.reader.end,
        threads=threads,
        progress=progress,
    )
    outputs = read_outputs(sweep.reader, arrays, len(rows))
    return Chunk(start, stop, rows, outputs, _flags(sweep, rows, outputs))


def kernel_inputs(sweep: Sweep, rows: np.ndarray, start: int) -> Inputs:
    """What the kernel reads for members whose factors have the values rows (n, factors), the first being number
    `start`."""
    varied = dict(zip(sweep.factors, np.ascontiguousarray(rows.T), strict=True))
    members = _members(sweep, {f.name: column for f, column in varied.items() if f.kind != "lever"}, start, len(rows))
    kept = {id: value for id, value in sweep.scenario.parameters.items() if id not in members.parameters}
    scenario = replace(sweep.scenario, parameters=kept, end=sweep.reader.end)
    inputs = runtime.inputs(sweep.program, scenario, members)
    driven = dict(inputs.driven)
    for factor, times in varied.items():
        if factor.kind == "lever":
            driven |= _scaled(sweep, factor, times, driven)
    return replace(inputs, driven=driven)


def _members(sweep: Sweep, varied: Mapping[str, np.ndarray], start: int, size: int) -> Members:
    """Parameters and deliveries of all: those that vary, and the others at their median or draw."""
    others: dict[str, np.ndarray] = {name: np.full(size, median) for name, median in sweep.medians.items()}
    if sweep.draws:
        group = sweep.design.group
        first = start // group
        there = len(next(iter(sweep.draws.values())))
        each = numbers(there, sweep.seed, first, -(-(start + size) // group))
        mine = each[(start + np.arange(size)) // group - first]
        others = {name: draws[mine] for name, draws in sweep.draws.items()}
    constants = {sweep.program.rows[row].id for row, _ in sweep.program.constants}
    values = others | dict(varied)
    return Members(
        size,
        {name: value for name, value in values.items() if name in constants},
        {name: value for name, value in values.items() if name not in constants},
    )


def _scaled(sweep: Sweep, factor: Factor, times: np.ndarray, driven: Mapping[str, Schedule]) -> Mapping[str, Schedule]:
    """The schedules of a lever's elements with what is delivered of them taken so many times; of a lever without
    windows its strength from beginning to end."""
    found = {}
    for id in factor.ids:
        windows = [w for w in sweep.scenario.windows if w.lever == id]
        if not windows:
            found[id] = Schedule(np.ones((1, len(step_times(sweep.program, sweep.reader.end)))), times[None])
            continue
        mine = np.array([factor.plan in ("", plan_of(window)) for window in windows])
        found[id] = replace(driven[id], weights=np.where(mine[:, None], driven[id].weights * times, driven[id].weights))
    return found


def _flags(sweep: Sweep, rows: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    low, high = np.array([factor.calibrated for factor in sweep.factors]).T
    beyond = ((rows < low) | (rows > high)).any(axis=1)
    broken = ~np.isfinite(outputs).all(axis=1)
    return (NOT_FINITE * broken + BEYOND * beyond).astype(np.uint8)
