"""Arrays of a run -> Dataset, and Dataset -> file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import xarray as xr

from huangpu.program import Entry, Program


def dataset(
    program: Program, names: Sequence[str], times: np.ndarray, values: np.ndarray, attrs: Mapping[str, object]
) -> xr.Dataset:
    """Variables with dims time, member and the model's subscripts.

    names  ids of scalar elements, values (names, time, member) in the same order; times (time,) in years. A variable
    all of whose elements are there becomes one array; single elements stay apart under their own id.
    """
    entries = {entry.id: entry for entry in program.rows}
    place = {name: k for k, name in enumerate(names)}
    variables: dict[str, xr.Variable] = {}
    coords: dict[str, xr.Variable | np.ndarray] = {
        "time": xr.Variable("time", np.asarray(times, dtype=float), {"units": "year", "long_name": "decimal year"}),
        "member": np.arange(values.shape[2]),
    }
    for base in dict.fromkeys(entries[name].base for name in names):
        ranges = program.dims.get(base, ())
        ids = {e.elements: e.id for e in program.rows if e.base == base and e.id in place}
        whole = [ids.get(key) for key in product(*(program.subscripts[r] for r in ranges))]
        if None in whole:
            for id in ids.values():
                variables[id] = xr.Variable(
                    ("time", "member"), values[place[id]], _attrs(entries[id], entries[id].label)
                )
            continue
        dims = _dims(ranges)
        shape = tuple(len(program.subscripts[r]) for r in ranges)
        block = values[[place[id] for id in whole]].reshape(*shape, *values.shape[1:])
        last = np.moveaxis(block, (-2, -1), (0, 1)) if ranges else block
        label = entries[whole[0]].label.split("[")[0]
        variables[base] = xr.Variable(("time", "member", *dims), last, _attrs(entries[whole[0]], label))
        for dim, range_id in zip(dims, ranges, strict=True):
            labels = [program.labels.get(e, e) for e in program.subscripts[range_id]]
            coords[dim] = xr.Variable(dim, list(program.subscripts[range_id]))
            coords[f"{dim}_label"] = xr.Variable(dim, labels)
    return xr.Dataset(variables, coords, dict(attrs))


def _dims(ranges: Sequence[str]) -> tuple[str, ...]:
    """A range met a second time in one variable gets a dimension of its own."""
    return tuple(r if r not in ranges[:k] else f"{r}_{k + 1}" for k, r in enumerate(ranges))


def _attrs(entry: Entry, label: str) -> dict[str, str]:
    return {"units": entry.units or "dmnl", "long_name": label, "kind": entry.kind, "doc": entry.doc}


def write_netcdf(data: xr.Dataset, path: Path) -> None:
    """Write the file whole or not at all: a killed process leaves what was there before. OSError as it comes."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    try:
        data.to_netcdf(name, engine="netcdf4")
        with open(name, "rb") as file:
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
