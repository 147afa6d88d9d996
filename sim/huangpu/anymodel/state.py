"""The final state of a run in a file, and a run that goes on from there with the same bits as one that never stopped.

Kept is what carries something from one step to the next: stocks, values computed once at the start, and what smooths,
delays and the like hide; with it the place on the grid of steps, so that the times are the same numbers too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huangpu.anymodel.given import STATE
from huangpu.anymodel.grid import Begin, Grid
from huangpu.anymodel.names import RunError
from huangpu.compiler.edits import behind_id, into_id, past_ids
from huangpu.program import Program
from huangpu.runtime.dataset import Array, Table, read_netcdf, write_netcdf
from huangpu.runtime.ensemble import Saving


@dataclass(frozen=True)
class State:
    """values: id -> (members,); pasts: id of a fixed delay -> what it still gives, (steps, members)."""

    begin: Begin
    values: Mapping[str, np.ndarray]
    pasts: Mapping[str, np.ndarray]


def kept(program: Program) -> tuple[str, ...]:
    """Ids of what is kept as it is at the end."""
    return tuple(e.id for e in program.rows if e.kind in STATE)


def _delays(program: Program) -> list[tuple[str, str, str]]:
    """Of each fixed delay: its id in the model, that of its row, that of its number of steps."""
    return [(id.removeprefix(behind_id("")), id, steps) for id, steps in program.delayed]


def savings(program: Program, steps: Grid) -> list[Saving]:
    """What a run must save for its state: the end, what delays begin with, what went into them of late."""
    count = len(steps.clock.times) - 1
    late = max((min(longest or count, count) for longest in program.delays), default=0)
    ones, nowhere = np.ones(count + 1), np.full(count + 1, -1)
    last, first, into = nowhere.copy(), nowhere.copy(), nowhere.copy()
    last[-1], first[0], into[count - late : count] = 0, 0, np.arange(late)
    delays = _delays(program)
    return [
        Saving(kept(program), last, ones),
        Saving(tuple(row for _, row, _ in delays), first, ones),
        Saving(tuple(into_id(id) for id, *_ in delays), into, ones),
    ]


def collected(program: Program, steps: Grid, arrays: Sequence[np.ndarray], before: State | None) -> State:
    """The state at the end, from what `savings` saved and the state that the run began with."""
    ends, firsts, intos = arrays
    values = dict(zip(kept(program), ends[:, 0, :], strict=True))
    count, pasts = len(steps.clock.times) - 1, {}
    for k, (id, _, held) in enumerate(_delays(program)):
        values[id] = firsts[k, 0]
        lengths = np.nan_to_num(values[held], nan=0.0).astype(int)
        past = np.tile(firsts[k, 0], (lengths.max(), 1))
        for member, length in enumerate(lengths):
            new = min(length, count)
            past[length - new : length, member] = intos[k, intos.shape[1] - new :, member]
            if before and new < length:
                old = before.pasts[id][:, min(member, before.pasts[id].shape[1] - 1)]
                past[: length - new, member] = old[count:length]
        pasts[id] = past
    return State(steps.end, values, pasts)


def drivers(state: State, program: Program, steps: int, size: int) -> dict[str, np.ndarray]:
    """The paths, (steps, size), by which delays give what they held."""
    found = {}
    for id, _, held in _delays(program):
        past, lengths = state.pasts[id], np.broadcast_to(np.nan_to_num(state.values[held], nan=0.0), (size,))
        path = np.zeros((steps, size))
        path[: len(past)] = past[:steps]
        still = (np.arange(steps)[:, None] < lengths).astype(float)
        found |= dict(zip(past_ids(id), (path, still), strict=True))
    return found


def write_state(state: State, program: Program, path: str | os.PathLike) -> None:
    """OSError as it comes."""
    ids = np.array(list(state.values), dtype=str)
    members = len(next(iter(state.values.values()), np.zeros(1)))
    values = np.array(list(state.values.values()), dtype=float).reshape(len(ids), members)
    begin = state.begin
    attrs = {
        "huangpu": "final state",
        "model": program.name,
        "method": program.method,
        "time": begin.time,
        "initial_time": begin.origin,
        "begun": begin.begun,
        "steps": begin.count,
        "length": begin.length,
        "taken": begin.taken,
    }
    arrays = {"state": Array(("variable", "member"), values, {"long_name": "value at the end of the run"})}
    for k, (id, past) in enumerate(state.pasts.items()):
        arrays[f"past_{k}"] = Array((f"step_{k}", "member"), past, {"long_name": "what a delay still gives", "id": id})
    coords = {"variable": Array(("variable",), ids), "member": Array(("member",), np.arange(members))}
    write_netcdf(Table(arrays, coords, attrs), Path(path))


def read_state(path: str | os.PathLike, program: Program) -> State:
    """RunError where the file holds no state of this model."""
    try:
        table = read_netcdf(Path(path))
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"{path}: cannot be read as the final state of a run ({reason}).") from None
    try:
        attrs, array = table.attrs, table.variables["state"]
        if attrs["huangpu"] != "final state" or array.dims != ("variable", "member"):
            raise KeyError("state")
        ids = [str(id) for id in table.coords["variable"].values]
        begin = Begin(
            *(float(attrs[n]) for n in ("initial_time", "begun")),
            int(attrs["steps"]),
            float(attrs["length"]),
            int(attrs["taken"]),
        )
        values = np.asarray(array.values, dtype=float)
    except (KeyError, TypeError, ValueError):
        raise RunError(f"{path}: not the final state of a run; --final-state writes one.") from None
    pasts = {str(a.attrs.get("id")): a.values for name, a in table.variables.items() if name.startswith("past_")}
    delays = {id for id, *_ in _delays(program)}
    wanted = {*kept(program), *delays}
    if set(ids) != wanted or set(pasts) != delays:
        other = next(iter(sorted(wanted.symmetric_difference(ids))), "its delays")
        raise RunError(f"{path}: the state of another model ({attrs.get('model')}), or of another version: {other}.")
    sound = begin.length > 0 and min(begin.count, begin.taken) >= 0
    if not (sound and np.isfinite([begin.origin, begin.begun, begin.length]).all()):
        raise RunError(f"{path}: not the final state of a run: its times make no sense.")
    return State(begin, dict(zip(ids, values, strict=True)), pasts)
