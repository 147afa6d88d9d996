"""A model file and what is given -> values at the saved times."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from huangpu.anymodel import state as states
from huangpu.anymodel.given import Given, Told, edits, parameters, told
from huangpu.anymodel.grid import Grid, grid, start
from huangpu.anymodel.names import RunError
from huangpu.anymodel.values import Path
from huangpu.compiler.control import CONTROL
from huangpu.compiler.edits import Edits, past_ids
from huangpu.program import Program
from huangpu.runtime.drivers import Driver, Schedule
from huangpu.runtime.ensemble import Curve, Inputs, Progress, Saving, simulate

MAX_NUMBERS = 2**28  # that a run may save: 2 GB

Pathlike = str | os.PathLike
Compile = Callable[[Edits], Program]


@dataclass(frozen=True)
class Done:
    """names: ids of elements, values (names, times, members); fixed: control variables that are numbers, by id."""

    program: Program
    names: tuple[str, ...]
    times: np.ndarray
    values: np.ndarray
    fixed: Mapping[str, float]


def run(
    program: Program,
    compile_: Compile,
    given: Given,
    *,
    from_state: Pathlike | None = None,
    final_state: Pathlike | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Done:
    """RunError or ModelError where something given does not fit. `compile_` makes the program that edits ask for."""
    wanted = told(program, given)
    changes = replace(edits(program, wanted), watched=final_state is not None)
    edited = compile_(changes) if changes != Edits() else program
    begin, went = start(edited), None
    if from_state:
        went = states.read_state(from_state, edited)
        wanted, begin = _resumed(wanted, went.values), went.begin
        paths = [id for delay in went.pasts for id in past_ids(delay)]
        changes = replace(changes, started=tuple(wanted.starts), driven=(*changes.driven, *paths))
        before, edited = edited, compile_(changes)
    values = parameters(wanted)
    series = [id for id, v in wanted.values.items() if isinstance(v, Path)]
    steps = grid(edited, begin, values, [*series, *(paths if went else ())])
    held = states.drivers(went, before, len(steps.clock.times), wanted.size) if went else {}
    names, fixed = _saved(edited, wanted.saved)
    savings = [_saving(names, steps)] + (states.savings(edited, steps) if final_state else [])
    _check_room(savings, wanted.size)
    parts = []
    for first, size, curves in _groups(wanted):
        inputs = Inputs(
            size,
            {id: _cut(v, first, size) for id, v in values.items()},
            _driven(wanted, steps, first, size) | {id: _members(v, first, size) for id, v in held.items()},
            curves,
            first_member=first,
            seed=given.seed,
            first_step=begin.taken,
        )
        fitting = _fitting(edited, changes, curves, compile_)
        parts.append(simulate(fitting, inputs, savings, clock=steps.clock, threads=threads, progress=progress))
    out, *ends = (np.concatenate(arrays, axis=2) for arrays in zip(*parts, strict=True))
    if final_state:
        states.write_state(states.collected(edited, steps, ends, went), edited, final_state)
    return Done(edited, names, steps.clock.times[steps.saved], out, fixed)


def _saving(names: Sequence[str], steps: Grid) -> Saving:
    slot = np.where(steps.saved, np.cumsum(steps.saved) - 1, -1)
    return Saving(tuple(names), slot, np.ones(len(slot)))


def _check_room(savings: Sequence[Saving], size: int) -> None:
    for saving in savings:
        times = int(saving.slot.max()) + 1
        if times * len(saving.names) * size > MAX_NUMBERS:
            raise RunError(
                f"{times * len(saving.names) * size:,} numbers are to be saved ({len(saving.names):,} variables,"
                f" {times:,} times, {size:,} members); possible are {MAX_NUMBERS:,}. Save fewer variables, less often,"
                " or run fewer members."
            )


def _fitting(program: Program, changes: Edits, curves: Mapping[str, Curve], compile_: Compile) -> Program:
    """The program whose lookups have as many points as these."""
    has = {id: len(xs) for id, xs, *_ in program.tables}
    knots = {id: len(c.xs) for id, c in curves.items() if len(c.xs) != has[id]}
    if not knots:
        return program
    return compile_(replace(changes, knots=tuple(sorted((dict(changes.knots) | knots).items()))))


def _resumed(wanted: Told, values: Mapping[str, np.ndarray]) -> Told:
    """What is told, with the stocks of a state where nothing else is given for them."""
    sizes = {len(v) for v in values.values()} | {wanted.size}
    if len(sizes - {1}) > 1:
        raise RunError(f"the state has {max(sizes - {wanted.size})} members, the run {wanted.size}.")
    starts = {id: float(v[0]) if len(v) == 1 else v for id, v in values.items()}
    return replace(wanted, starts=starts | wanted.starts, size=max(sizes))


def _saved(program: Program, asked: Sequence[str] | None) -> tuple[tuple[str, ...], dict[str, float]]:
    """Ids of the elements to save, in the order of the file, and the control variables that are fixed."""
    asked = None if asked is None else set(asked)
    names = tuple(e.id for e in program.rows if (not e.hidden if asked is None else e.id in asked))
    rows = {e.id for e in program.rows}
    controls = [c.id for c in program.controls] if asked is None else [c for c in CONTROL if c in asked]
    return names, {c: getattr(program, c) for c in controls if c not in rows}


def _groups(wanted: Told) -> Iterator[tuple[int, int, dict[str, Curve]]]:
    """(first member, number, lookups) of the members that follow one another with the same lookups."""
    lists = {id: c for id, c in wanted.curves.items() if isinstance(c, list)}
    common = {id: c for id, c in wanted.curves.items() if isinstance(c, Curve)}

    def same(member: int) -> tuple:
        return tuple((tuple(c[member].xs), tuple(c[member].ys)) for c in lists.values())

    for _, group in itertools.groupby(range(wanted.size), same):
        members = list(group)
        yield members[0], len(members), common | {id: c[members[0]] for id, c in lists.items()}


def _cut(value: float | np.ndarray, first: int, size: int) -> float | np.ndarray:
    return value[first : first + size] if isinstance(value, np.ndarray) else value


def _driven(wanted: Told, steps: Grid, first: int, size: int) -> dict[str, Driver]:
    paths = {id: v for id, v in wanted.values.items() if isinstance(v, Path)}
    drivers: dict[str, Driver] = {}
    for id, path in paths.items():
        values = path.at(steps.clock.times)
        if values.ndim == 1:
            drivers[id] = Schedule(values[None, :], np.ones((1, size)))
        else:
            drivers[id] = _members(values, first, size)
    return drivers


def _members(values: np.ndarray, first: int, size: int) -> np.ndarray:
    """These members of (steps, members)."""
    return np.ascontiguousarray(values[:, first : first + size])
