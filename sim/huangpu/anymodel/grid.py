"""The steps of a run and which of them are saved, from the control variables.

A step is saved where the time since INITIAL TIME is a multiple of SAVEPER, to 1e-5 of the step (as in PySD's
`Time.in_return`): a SAVEPER that is no multiple of TIME STEP saves the multiples that the steps meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from huangpu.anymodel.names import RunError
from huangpu.compiler import plainrun
from huangpu.compiler.control import MAX_STEPS
from huangpu.program import Program
from huangpu.runtime.ensemble import Clock

NEAR = 1e-6  # of a step: how far a step may reach beyond FINAL TIME


@dataclass(frozen=True)
class Begin:
    """Where a run begins: `count` steps of `length` after `begun`, and `taken` steps in all after `origin`."""

    origin: float
    begun: float
    count: int
    length: float
    taken: int = 0

    @property
    def time(self) -> float:
        return self.begun + self.length * self.count


@dataclass(frozen=True)
class Grid:
    """clock  times and lengths of the steps; saved (n_steps + 1,) bool; end: where a run that goes on begins."""

    clock: Clock
    saved: np.ndarray
    end: Begin


def start(program: Program) -> Begin:
    return Begin(program.initial_time, program.initial_time, 0, program.time_step)


def grid(
    program: Program, begin: Begin, parameters: Mapping[str, float | np.ndarray], series: Iterable[str] = ()
) -> Grid:
    """parameters: those that the run has in place of the model's own; series: ids of what it gives through time."""
    if not program.clock:
        length = program.time_step
        begin = begin if begin.length == length else Begin(begin.origin, begin.time, 0, length, begin.taken)
        return _steady(program.final_time, begin, program.saveper)
    known = plainrun.ids(program.clock)
    for id in series:
        if id in known:
            raise RunError(f"{id}: decides the times of the steps, so it must be a number, not a series.")
    own = {id: value for id, value in parameters.items() if id in known}
    more = {"method": program.method, "parameters": own, "begin": (begin.begun, begin.count, begin.length)}
    if not program.moving:
        more["final_time"] = begin.time
    times, values = plainrun.run(program.clock, **more)
    lengths = _one("time_step", values, program.time_step, len(times))
    saveper = _one("saveper", values, program.saveper, len(times))
    if not program.moving:
        length = float(lengths[0])
        begin = begin if begin.length == length else Begin(begin.origin, begin.time, 0, length, begin.taken)
        return _steady(float(_one("final_time", values, program.final_time, 1)[0]), begin, float(saveper[0]))
    changes = np.flatnonzero(np.diff(lengths, prepend=begin.length))
    steps = len(times) - 1
    end = replace(begin, count=begin.count + steps, taken=begin.taken + steps)
    if len(changes):
        since = int(changes[-1])
        end = Begin(begin.origin, float(times[since]), steps - since, float(lengths[-1]), end.taken)
    return Grid(Clock(times, lengths), _saved(times - begin.origin, lengths, saveper), end)


def _one(name: str, values: Mapping[str, np.ndarray], fixed: float, steps: int) -> np.ndarray:
    """(steps,): a control variable, which is the same for all members."""
    if name not in values:
        return np.full(steps, fixed)
    series = values[name].reshape(len(values[name]), -1)
    if (series != series[:, :1]).any():
        raise RunError(f"{name.replace('_', ' ').upper()} differs between members; give all of them the same.")
    return series[:, 0]


def _steady(final: float, begin: Begin, saveper: float) -> Grid:
    steps = (final - begin.begun) / begin.length + NEAR - begin.count
    if not 0 <= steps <= MAX_STEPS:
        raise RunError(
            f"{max(steps, -1.0):.6g} steps of {begin.length:g} from {begin.time:g} to {final:g}; possible are 0 to "
            f"{MAX_STEPS}."
            if steps > 0
            else f"FINAL TIME {final:g} is before the start of the run at {begin.time:g}."
        )
    counts = begin.count + np.arange(int(np.floor(steps)) + 1)
    times = begin.begun + counts * begin.length
    lengths = np.full(len(times), begin.length)
    end = replace(begin, count=int(counts[-1]), taken=begin.taken + len(times) - 1)
    return Grid(Clock(times, lengths), _saved(times - begin.origin, lengths, np.full(len(times), saveper)), end)


def _saved(since: np.ndarray, lengths: np.ndarray, saveper: np.ndarray) -> np.ndarray:
    if not (saveper > 0).all():
        raise RunError(f"SAVEPER becomes {np.nanmin(saveper):g}; it must be above 0.")
    near = lengths * 1e-5
    return (np.mod(since, saveper) < near) | (np.mod(-since, saveper) < near)
