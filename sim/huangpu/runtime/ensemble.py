"""Members in, arrays out: lays members out in blocks for the kernel and shares the blocks over threads.

Arrays are [variable, time, member], float64, member last and contiguous. A member's bits depend on nothing but its own
inputs: not on its place, its neighbours, the number of members or of threads.
"""

from __future__ import annotations

import difflib
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from huangpu.program import Program
from huangpu.runtime import kernel

Progress = Callable[[int, int], None]  # members done, members in all
_NEAR = 1e-6  # of a step: how far from a step a time may lie and still mean it
_ONE, _ZERO = np.ones(1), np.zeros(1)


@dataclass(frozen=True)
class Schedule:
    """A driven constant through time: value[step, member] = sum over k of profiles[k, step] * weights[k, member].

    profiles (K, n_steps + 1), weights (K, members); summed in the order of k, nothing gives 0.
    """

    profiles: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Inputs:
    """What a run reads besides the program.

    size        number of members
    parameters  id of a constant -> its value, or one a member (size,); others have the model's own value
    driven      id of a driven constant -> `Schedule` or (n_steps + 1, size); others hold their parameter value
    tables      id of a lookup -> its ys in place of the model's, for all members
    """

    size: int
    parameters: Mapping[str, float | np.ndarray] = field(default_factory=dict)
    driven: Mapping[str, Schedule | np.ndarray] = field(default_factory=dict)
    tables: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Saving:
    """What to keep of a run: out[name, slot[step], member] += weight[step] * value, where slot[step] is not -1.

    names  ids of scalar elements; slot (n_steps + 1,) int64; weight (n_steps + 1,)
    """

    names: tuple[str, ...]
    slot: np.ndarray
    weight: np.ndarray


def simulate(
    program: Program,
    inputs: Inputs,
    savings: Sequence[Saving],
    *,
    final_time: float | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[np.ndarray]:
    """Run all members from the program's initial time to `final_time` (the model's own if None).

    Returns an array (names, slots, size) for each saving. ValueError: an id that the program does not know (the
    nearest is named), a wrong shape. Members whose arithmetic fails carry nan or inf.
    """
    runner = Runner(program, savings, parameters=tuple(inputs.parameters), final_time=final_time, threads=threads)
    return runner.run(parameter_rows(inputs), inputs.driven, tables=inputs.tables, progress=progress)


def parameter_rows(inputs: Inputs) -> np.ndarray:
    """(parameters, size): what `Runner.run` is given, in the order of `inputs.parameters`."""
    values = np.empty((len(inputs.parameters), inputs.size))
    for row, (id, value) in zip(values, inputs.parameters.items(), strict=True):
        if np.shape(value) not in ((), (inputs.size,)):
            raise ValueError(f"parameter '{id}' has shape {np.shape(value)}, not () or ({inputs.size},)")
        row[:] = value
    return values


class Runner:
    """A run prepared once and done many times with other numbers, for calibration: about 0.1 ms a call on top.

    `parameters` names the constants that `run` is given, in the order of its rows. One `run` at a time.
    """

    def __init__(
        self,
        program: Program,
        savings: Sequence[Saving],
        *,
        parameters: Sequence[str] = (),
        final_time: float | None = None,
        threads: int | None = None,
    ):
        self._program = program
        self._kernel = kernel.load(program)
        self._threads = threads or available_threads()
        self._clock = np.concatenate([[program.time_step], step_times(program, final_time)])
        self._steps = len(self._clock) - 2
        rows = {entry.id: row for row, entry in enumerate(program.rows)}
        constants = {program.rows[row].id: k for k, (row, _) in enumerate(program.constants)}
        self._given = np.array([_find(id, constants, "constant", program) for id in parameters], dtype=np.int64)
        self._driven = {program.rows[row].id: constants[program.rows[row].id] for row in program.driven}
        self._defaults = np.array([value for _, value in program.constants], dtype=float)
        self._savings = [_prepared(saving, rows, self._steps, program) for saving in savings]
        self._tables = {id: (np.array(xs), np.array(ys), more) for id, xs, ys, more in program.tables}
        self._lookups = _lookups(self._tables)
        self._spaces: list[np.ndarray] = []

    def run(
        self,
        values: np.ndarray,
        driven: Mapping[str, Schedule | np.ndarray] | None = None,
        *,
        tables: Mapping[str, Sequence[float]] | None = None,
        progress: Progress | None = None,
    ) -> list[np.ndarray]:
        """values (parameters, members), also when there are no parameters; driven and tables as in `Inputs`."""
        values = np.ascontiguousarray(values, dtype=float)
        if values.ndim != 2 or values.shape[0] != len(self._given):
            raise ValueError(f"values have shape {values.shape}, not ({len(self._given)}, members)")
        members = values.shape[1]
        parameters = np.empty((len(self._defaults), 2), dtype=np.int64)
        parameters[:, 0] = _address(self._defaults) + 8 * np.arange(len(self._defaults))
        parameters[:, 1] = 0
        parameters[self._given, 0] = _address(values) + 8 * members * np.arange(len(values))
        parameters[self._given, 1] = 1
        offsets, terms, kept = self._terms(driven or {}, parameters, members)
        lookups = self._lookups if not tables else _lookups(self._replaced(tables))
        saved = [saving.output(members) for saving in self._savings]
        words = [[*s.words, _address(out), s.slots] for s, out in zip(self._savings, saved, strict=True)]
        savings = np.array(words, dtype=np.int64)
        parts = (self._clock, parameters, offsets, terms, lookups)
        job = np.array(
            [members, self._steps, *map(_address, parts), len(saved), _address(savings)],
            dtype=np.int64,
        )
        self._share(_address(job), members, len(terms), progress)
        del kept  # held the drivers' arrays until here
        return saved

    def _terms(self, driven, parameters, members) -> tuple[np.ndarray, np.ndarray, list]:
        """Offsets and terms of the driven constants as `driver.ll` reads them, and the arrays they point to."""
        for id in driven:
            _find(id, self._driven, "driven constant", self._program)
        terms, offsets, kept = [], [0], []
        for id, constant in self._driven.items():
            given = driven.get(id)
            if given is None:
                address, stride = parameters[constant]
                terms.append((_address(_ONE), 0, address, 0, stride))
            elif isinstance(given, Schedule):
                profiles, weights = _array(given.profiles), _array(given.weights)
                _check_shape(id, "profiles", profiles, (len(profiles), self._steps + 1))
                _check_shape(id, "weights", weights, (len(profiles), members))
                kept += [profiles, weights]
                terms += [
                    (_address(profiles) + 8 * k * (self._steps + 1), 1, _address(weights) + 8 * k * members, 0, 1)
                    for k in range(len(profiles))
                ] or [(_address(_ZERO), 0, _address(_ZERO), 0, 0)]
            else:
                series = _array(given)
                _check_shape(id, "series", series, (self._steps + 1, members))
                kept.append(series)
                terms.append((_address(_ONE), 0, _address(series), members, 1))
            offsets.append(len(terms))
        return np.array(offsets, dtype=np.int64), np.array(terms, dtype=np.int64).reshape(-1, 5), kept

    def _replaced(self, tables: Mapping[str, Sequence[float]]) -> dict:
        changed = dict(self._tables)
        for id, ys in tables.items():
            xs, old, more = changed[_find(id, {name: name for name in changed}, "lookup", self._program)]
            _check_shape(id, "ys", np.asarray(ys), old.shape)
            changed[id] = (xs, _array(ys), more)
        return changed

    def _share(self, job: int, members: int, terms: int, progress: Progress | None) -> None:
        """All blocks, a few at a time to whichever thread is free; the calling thread works too and reports."""
        size = self._kernel.block
        blocks = -(-members // size)
        threads = max(1, min(self._threads, blocks))
        portion = max(1, min(64, blocks // (4 * threads)))
        spaces = self._workspaces(threads, terms)
        starts, taking = iter(range(0, blocks, portion)), threading.Lock()
        done = [0]

        def work(space: np.ndarray, report: Progress | None) -> None:
            while True:
                with taking:
                    start = next(starts, None)
                if start is None:
                    return
                end = min(start + portion, blocks)
                self._kernel.run(job, _address(space), start, end)
                with taking:
                    done[0] += min(end * size, members) - start * size
                if report:
                    report(done[0], members)

        others = [threading.Thread(target=work, args=(space, None)) for space in spaces[1:]]
        for thread in others:
            thread.start()
        try:
            work(spaces[0], progress)
        finally:  # also when interrupted: nobody may write to the arrays after this returns
            with taking:
                starts = iter(())
            for thread in others:
                thread.join()
        if progress:
            progress(members, members)

    def _workspaces(self, threads: int, terms: int) -> list[np.ndarray]:
        """One a thread, each beginning on a cache line."""
        need = (self._kernel.rows + terms) * self._kernel.block
        if len(self._spaces) < threads or len(self._spaces[0]) < need:
            self._spaces = [_aligned(need) for _ in range(threads)]
        return self._spaces[:threads]


# -- times and what to save at them -----------------------------------------------------------------------------------


def step_times(program: Program, final_time: float | None = None) -> np.ndarray:
    """Times of all steps, (n_steps + 1,): initial_time + i * time_step up to the final time."""
    final = program.final_time if final_time is None else final_time
    steps = int(np.floor((final - program.initial_time) / program.time_step + _NEAR))
    if steps < 0:
        raise ValueError(f"final time {final:g} is before the model's initial time {program.initial_time:g}")
    return program.initial_time + np.arange(steps + 1) * program.time_step


def points(
    program: Program, times: Iterable[float], *, final_time: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(slot, weight) of a `Saving` of the values at these times; ValueError where a time is not that of a step."""
    grid = step_times(program, final_time)
    slot, weight = np.full(len(grid), -1, dtype=np.int64), np.zeros(len(grid))
    for k, time in enumerate(times):
        step = round((time - program.initial_time) / program.time_step)
        if not 0 <= step < len(grid) or abs(grid[step] - time) > _NEAR * program.time_step:
            raise ValueError(f"time {time:g} is not a step of {program.time_step:g} from {grid[0]:g} to {grid[-1]:g}")
        if slot[step] >= 0:
            raise ValueError(f"time {time:g} is asked for twice")
        slot[step], weight[step] = k, 1.0
    return slot, weight


def annual_means(
    program: Program, years: Iterable[int], *, final_time: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(slot, weight) of a `Saving` of means over calendar years, the steps of [year, year + 1) having equal weight.

    ValueError where a year is not wholly inside the run.
    """
    grid = step_times(program, final_time)
    near = _NEAR * program.time_step
    slot, weight = np.full(len(grid), -1, dtype=np.int64), np.zeros(len(grid))
    for k, year in enumerate(years):
        inside = (grid >= year - near) & (grid < year + 1 - near)
        if year < grid[0] - near or year + 1 > grid[-1] + program.time_step + near or not inside.any():
            raise ValueError(f"year {year} is not wholly inside the run from {grid[0]:g} to {grid[-1]:g}")
        slot[inside], weight[inside] = k, 1.0 / inside.sum()
    return slot, weight


def available_threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# -- arrays as the kernel reads them ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Prepared:
    """A `Saving` as `driver.ll` reads it; `arrays` are what the words point to."""

    words: list[int]
    slots: int
    names: int
    whole: bool  # every slot is written
    arrays: tuple[np.ndarray, ...]

    def output(self, members: int) -> np.ndarray:
        return (np.empty if self.whole else np.zeros)((self.names, self.slots, members))


def _prepared(saving: Saving, rows: Mapping[str, int], steps: int, program: Program) -> _Prepared:
    picked = np.array([_find(name, rows, "variable", program) for name in saving.names], dtype=np.int64)
    slot, weight = np.ascontiguousarray(saving.slot, dtype=np.int64), _array(saving.weight)
    _check_shape("saving", "slot", slot, (steps + 1,))
    _check_shape("saving", "weight", weight, (steps + 1,))
    used, firsts = np.unique(slot, return_index=True)
    used, firsts = used[used >= 0], firsts[used >= 0]
    fresh = np.zeros(steps + 1, dtype=np.int64)
    fresh[firsts] = 1
    slots = int(used[-1]) + 1 if len(used) else 0
    arrays = (picked, slot, fresh, weight)
    return _Prepared([len(picked), *map(_address, arrays)], slots, len(picked), len(used) == slots, arrays)


def _lookups(tables: Mapping[str, tuple[np.ndarray, np.ndarray, bool]]) -> np.ndarray:
    """All lookups in a row: xs, ys, slopes each; see `vector.lookup` for the last slope."""
    parts = [_ZERO]
    for xs, ys, extrapolate in tables.values():
        with np.errstate(all="ignore"):
            slopes = np.diff(ys) / np.diff(xs)
        last = slopes[-1:] if extrapolate and len(slopes) else _ZERO
        parts += [xs, ys, slopes, last]
    return np.concatenate(parts)[1:].astype(float)


def _find(id: str, known: Mapping, what: str, program: Program):
    """known[id], or a ValueError that names the nearest."""
    if id in known:
        return known[id]
    near = difflib.get_close_matches(id, list(known), n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    raise ValueError(f"model '{program.name}' has no {what} '{id}'{hint}")


def _check_shape(id: str, what: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"'{id}': {what} have shape {array.shape}, not {shape}")


def _array(values) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=float)


def _address(array: np.ndarray) -> int:
    return array.ctypes.data


def _aligned(count: int) -> np.ndarray:
    """`count` zeros whose first begins on a multiple of 64 bytes."""
    raw = np.zeros(count + 8)
    skip = (-_address(raw) % 64) // 8
    return raw[skip : skip + count]
