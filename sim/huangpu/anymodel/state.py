"""The final state of a run in a file, and a run that goes on from there with the same bits as one that never stopped.

Kept is what carries something from one step to the next: stocks, values computed once at the start, and what smooths,
delays and the like hide; with it the place on the grid of steps, so that the times are the same numbers too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huangpu.anymodel.given import STATE
from huangpu.anymodel.grid import Begin
from huangpu.anymodel.names import RunError
from huangpu.program import Program
from huangpu.runtime.dataset import Array, Table, read_netcdf, write_netcdf


@dataclass(frozen=True)
class State:
    """values: id -> (members,)."""

    begin: Begin
    values: Mapping[str, np.ndarray]


def kept(program: Program) -> tuple[str, ...]:
    """Ids of what a state holds."""
    return tuple(e.id for e in program.rows if e.kind in STATE)


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
    }
    arrays = {"state": Array(("variable", "member"), values, {"long_name": "value at the end of the run"})}
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
            *(float(attrs[n]) for n in ("initial_time", "begun")), int(attrs["steps"]), float(attrs["length"])
        )
        values = np.asarray(array.values, dtype=float)
    except (KeyError, TypeError, ValueError):
        raise RunError(f"{path}: not the final state of a run; --final-state writes one.") from None
    wanted = set(kept(program))
    if set(ids) != wanted:
        other = sorted(wanted.symmetric_difference(ids))[0]
        raise RunError(f"{path}: the state of another model ({attrs.get('model')}), or of another version: {other}.")
    if not (begin.length > 0 and begin.count >= 0 and np.isfinite([begin.origin, begin.begun, begin.length]).all()):
        raise RunError(f"{path}: not the final state of a run: its times make no sense.")
    return State(begin, dict(zip(ids, values, strict=True)))
