"""Members in, arrays out: lays members out in blocks for the kernel and shares the blocks over threads.

Arrays are [variable, time, member], float64, member last and contiguous. A member's bits depend on nothing but its own
inputs: not on its place, its neighbours, the number of members or of threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from huangpu.program import Program
from huangpu.runtime import job, kernel
from huangpu.runtime.arrays import address, aligned, check_shape, doubles, find
from huangpu.runtime.drivers import NOISE_ROWS, Driver, prepared

Progress = Callable[[int, int], None]  # members done, members in all
_NEAR = 1e-6  # of a step: how far from a step a time may lie and still mean it
_ZERO = np.zeros(1)
_REALS = {"double": np.float64, "single": np.float32}


@dataclass(frozen=True)
class Inputs:
    """What a run reads besides the program.

    size          number of members
    parameters    id of a constant -> its value, or one a member (size,); others have the model's own value
    driven        id of a driven constant -> `Schedule`, `Noise` or (n_steps + 1, size); others hold their parameter
    tables        id of a lookup -> its ys, or a `Curve`, in place of the model's, for all members
    first_member  number that noise knows the first member by, where these are a part of a larger ensemble
    seed          of the model's random functions, 0 ... 2^64 - 1
    first_step    number that these know the first step by, where the run goes on from another
    """

    size: int
    parameters: Mapping[str, float | np.ndarray] = field(default_factory=dict)
    driven: Mapping[str, Driver] = field(default_factory=dict)
    tables: Mapping[str, Sequence[float] | Curve] = field(default_factory=dict)
    first_member: int = 0
    seed: int = 0
    first_step: int = 0


@dataclass(frozen=True)
class Curve:
    """Points of a lookup in place of the model's, as many as the program was compiled for; xs rising."""

    xs: Sequence[float]
    ys: Sequence[float]


@dataclass(frozen=True)
class Clock:
    """The steps of a run, where they are not the program's own: times and lengths, both (n_steps + 1,); after the last
    time nothing is computed, whatever its length."""

    times: np.ndarray
    lengths: np.ndarray


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
    clock: Clock | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[np.ndarray]:
    """Run all members from the program's initial time to `final_time` (the model's own if None), or by a clock.

    Returns an array (names, slots, size) for each saving. ValueError: an id that the program does not know (the
    nearest is named), a wrong shape. Members whose arithmetic fails carry nan or inf.
    """
    names = tuple(inputs.parameters)
    runner = Runner(program, savings, parameters=names, final_time=final_time, clock=clock, threads=threads)
    return runner.run(
        parameter_rows(inputs),
        inputs.driven,
        tables=inputs.tables,
        first_member=inputs.first_member,
        seed=inputs.seed,
        first_step=inputs.first_step,
        progress=progress,
    )


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
        clock: Clock | None = None,
        threads: int | None = None,
    ):
        clock = clock or steady_clock(program, final_time)
        self._program = program
        self._kernel = kernel.load(program)
        self._threads = threads or available_threads()
        self._clock = np.column_stack([clock.times, clock.lengths])
        self._steps = len(self._clock) - 1
        rows = {entry.id: row for row, entry in enumerate(program.rows)}
        constants = {program.rows[row].id: k for k, (row, _) in enumerate(program.constants)}
        job.check_settled(program, parameters)
        self._given = np.array([find(id, constants, "constant", program) for id in parameters], dtype=np.int64)
        self._driven = {program.rows[row].id: constants[program.rows[row].id] for row in program.driven}
        self._defaults = np.array([value for _, value in program.constants], dtype=float)
        self._savings = [job.prepared_saving(saving, rows, self._steps, program) for saving in savings]
        self._tables = {id: (np.array(xs), np.array(ys), more) for id, xs, ys, more in program.tables}
        self._real = _REALS[program.precision]
        self._lookups = job.lookups(self._tables, self._real)
        self._spaces: list[np.ndarray] = []
        self._rings = job.rings(program, self._steps, self._kernel.block)

    def run(
        self,
        values: np.ndarray,
        driven: Mapping[str, Driver] | None = None,
        *,
        tables: Mapping[str, Sequence[float] | Curve] | None = None,
        first_member: int = 0,
        seed: int = 0,
        first_step: int = 0,
        progress: Progress | None = None,
    ) -> list[np.ndarray]:
        """values (parameters, members), also when there are no parameters; the rest as in `Inputs`."""
        values = np.ascontiguousarray(values, dtype=float)
        if values.ndim != 2 or values.shape[0] != len(self._given):
            raise ValueError(f"values have shape {values.shape}, not ({len(self._given)}, members)")
        members = values.shape[1]
        parameters = np.empty((len(self._defaults), 2), dtype=np.int64)
        parameters[:, 0] = address(self._defaults) + 8 * np.arange(len(self._defaults))
        parameters[:, 1] = 0
        parameters[self._given, 0] = address(values) + 8 * members * np.arange(len(values))
        parameters[self._given, 1] = 1
        held = {id: tuple(parameters[constant].tolist()) for id, constant in self._driven.items()}
        drivers = prepared(self._program, driven or {}, held, self._steps, members)
        lookups = self._lookups if not tables else job.lookups(self._replaced(tables), self._real)
        saved = [saving.output(members) for saving in self._savings]
        words = [[*s.words, address(out), s.slots] for s, out in zip(self._savings, saved, strict=True)]
        savings = np.array(words, dtype=np.int64)
        parts = (self._clock, parameters, drivers.offsets, drivers.terms, lookups)
        noise = [first_member, len(drivers.noises), address(drivers.noises)]
        more = len(drivers.terms) + NOISE_ROWS * len(drivers.noises)
        rings = self._rings + np.array([self._kernel.rows + more, 0])
        told = np.array(
            [
                members,
                self._steps,
                *map(address, parts),
                len(saved),
                address(savings),
                *noise,
                address(rings),
                job.word(seed),
                first_step,
            ],
            dtype=np.int64,
        )
        self._share(address(told), members, more + job.ring_rows(self._rings), progress)
        return saved

    def _replaced(self, tables: Mapping[str, Sequence[float] | Curve]) -> dict:
        changed = dict(self._tables)
        for id, given in tables.items():
            xs, old, more = changed[find(id, {name: name for name in changed}, "lookup", self._program)]
            new = given if isinstance(given, Curve) else Curve(xs, given)
            check_shape(id, "xs", np.asarray(new.xs), old.shape)
            check_shape(id, "ys", np.asarray(new.ys), old.shape)
            changed[id] = (doubles(new.xs), doubles(new.ys), more)
        return changed

    def _share(self, job: int, members: int, more: int, progress: Progress | None) -> None:
        """All blocks, a few at a time to whichever thread is free; the calling thread works too and reports."""
        size = self._kernel.block
        blocks = -(-members // size)
        threads = max(1, min(self._threads, blocks))
        portion = max(1, min(64, blocks // (4 * threads)))
        spaces = self._workspaces(threads, more)
        starts, taking = iter(range(0, blocks, portion)), threading.Lock()
        done = [0]

        def work(space: np.ndarray, report: Progress | None) -> None:
            while True:
                with taking:
                    start = next(starts, None)
                if start is None:
                    return
                end = min(start + portion, blocks)
                self._kernel.run(job, address(space), start, end)
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

    def _workspaces(self, threads: int, more: int) -> list[np.ndarray]:
        """One a thread, each beginning on a cache line, with `more` rows than the kernel's own."""
        need = (self._kernel.rows + more) * self._kernel.block
        if len(self._spaces) < threads or len(self._spaces[0]) < need:
            self._spaces = [aligned(need) for _ in range(threads)]
        return self._spaces[:threads]


# -- times and what to save at them -----------------------------------------------------------------------------------


def step_times(program: Program, final_time: float | None = None) -> np.ndarray:
    """Times of all steps, (n_steps + 1,): initial_time + i * time_step up to the final time."""
    final = program.final_time if final_time is None else final_time
    steps = int(np.floor((final - program.initial_time) / program.time_step + _NEAR))
    if steps < 0:
        raise ValueError(f"final time {final:g} is before the model's initial time {program.initial_time:g}")
    return program.initial_time + np.arange(steps + 1) * program.time_step


def steady_clock(program: Program, final_time: float | None = None) -> Clock:
    """The program's own steps; ValueError where their length is not a fixed number."""
    if any(entry.id == "time_step" for entry in program.rows):
        raise ValueError(f"TIME STEP of model '{program.name}' is no fixed number: run it by `huangpu simulate`")
    times = step_times(program, final_time)
    return Clock(times, np.full(len(times), program.time_step))


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
    return part_means(program, years, 12, final_time=final_time)


def part_means(
    program: Program, years: Iterable[int], months: int, *, final_time: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """`annual_means` over the first `months` of each year only.

    A rate is held over its step, so a step that the part ends in counts for as much of it as lies in the part.
    ValueError where a part is not wholly inside the run.
    """
    grid = step_times(program, final_time)
    slot, weight = np.full(len(grid), -1, dtype=np.int64), np.zeros(len(grid))
    for k, year in enumerate(years):
        steps, covered = _steps_of(program, year, months)
        if not steps or year < grid[0] - _NEAR * program.time_step or steps.stop > len(grid):
            what = f"year {year} is" if months == 12 else f"months 1 to {months} of year {year} are"
            raise ValueError(f"{what} not wholly inside the run from {grid[0]:g} to {grid[-1]:g}")
        slot[steps] = k
        weight[steps] = np.minimum(covered - np.arange(len(steps)), 1.0) / covered
    return slot, weight


def _steps_of(program: Program, year: int, months: int) -> tuple[range, float]:
    """(steps in which the first months of a year lie, wherever a run begins or ends; how many, the last in part)."""
    first, beyond = (int(np.ceil((t - program.initial_time) / program.time_step - _NEAR)) for t in (year, year + 1))
    covered = (beyond - first) * months / 12
    return range(first, first + int(np.ceil(covered))), covered


def years_and_points(
    program: Program,
    annual: Sequence[str],
    at: Sequence[str],
    parts: Mapping[int, tuple[Sequence[int], Sequence[str]]],
    end: float,
    every: float,
) -> tuple[np.ndarray, np.ndarray, list[Saving]]:
    """(whole calendar years, times, savings) of a run up to `end`: means of `annual` over the years, `at` every `every`
    years, or at every step where the grid of steps has no such times; then for each of `parts`, months -> (years,
    names), means over the first months of those years whose part the run reaches."""
    start = program.initial_time
    years = np.arange(int(np.ceil(start)), int(np.floor(end + 1e-9)))
    apart = every if (every / program.time_step).is_integer() else program.time_step
    times = start + apart * np.arange(int((end - start) / apart + 1e-9) + 1)
    savings = [
        Saving(tuple(annual), *annual_means(program, years, final_time=end)),
        Saving(tuple(at), *points(program, times, final_time=end)),
    ]
    for months, (each, names) in parts.items():
        reached = [year for year in each if _steps_of(program, year, months)[0].stop <= len(step_times(program, end))]
        savings.append(Saving(tuple(names), *part_means(program, reached, months, final_time=end)))
    return years, times, savings


def available_threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
