"""Arrays of a run get names, units and what made them; as a Table, as xarray's Dataset, or as a file.

The file is what xarray would write and reads back as the same Dataset. netCDF4 alone writes it: importing xarray takes
longer than a run of a thousand members.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import netCDF4
import numpy as np

from huangpu.program import Entry, Program

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Array:
    """values, an axis a dimension; text is an array of str. packed: compressed in a file, for what is kept."""

    dims: tuple[str, ...]
    values: np.ndarray
    attrs: Mapping[str, object] = field(default_factory=dict)
    packed: bool = False


@dataclass(frozen=True)
class Table:
    """A Dataset before xarray: variables and coordinates by name, attributes that say what made them."""

    variables: Mapping[str, Array]
    coords: Mapping[str, Array]
    attrs: Mapping[str, object]


def table(
    program: Program, names: Sequence[str], times: np.ndarray, values: np.ndarray, attrs: Mapping[str, object]
) -> Table:
    """Variables with dims time, member and the model's subscripts.

    names  ids of scalar elements, values (names, time, member) in the same order; times (time,) in years. A variable
    all of whose elements are there becomes one array; single elements stay apart under their own id.
    """
    entries = {entry.id: entry for entry in program.rows}
    place = {name: k for k, name in enumerate(names)}
    variables: dict[str, Array] = {}
    coords = {
        "time": Array(("time",), np.asarray(times, dtype=float), {"units": "year", "long_name": "decimal year"}),
        "member": Array(("member",), np.arange(values.shape[2])),
    }
    for base in dict.fromkeys(entries[name].base for name in names):
        ranges = program.dims.get(base, ())
        ids = {e.elements: e.id for e in program.rows if e.base == base and e.id in place}
        whole = [ids.get(key) for key in product(*(program.subscripts[r] for r in ranges))]
        if None in whole:
            for id in ids.values():
                variables[id] = Array(("time", "member"), values[place[id]], _attrs(entries[id], entries[id].label))
            continue
        dims = _dims(ranges)
        shape = tuple(len(program.subscripts[r]) for r in ranges)
        block = values[[place[id] for id in whole]].reshape(*shape, *values.shape[1:])
        last = np.moveaxis(block, (-2, -1), (0, 1)) if ranges else block
        label = entries[whole[0]].label.split("[")[0]
        variables[base] = Array(("time", "member", *dims), last, _attrs(entries[whole[0]], label))
        for dim, range_id in zip(dims, ranges, strict=True):
            labels = [program.labels.get(e, e) for e in program.subscripts[range_id]]
            coords[dim] = Array((dim,), np.array(program.subscripts[range_id]))
            coords[f"{dim}_label"] = Array((dim,), np.array(labels))
    return Table(variables, coords, dict(attrs))


def _dims(ranges: Sequence[str]) -> tuple[str, ...]:
    """A range met a second time in one variable gets a dimension of its own."""
    return tuple(r if r not in ranges[:k] else f"{r}_{k + 1}" for k, r in enumerate(ranges))


def _attrs(entry: Entry, label: str) -> dict[str, str]:
    return {"units": entry.units or "dmnl", "long_name": label, "kind": entry.kind, "doc": entry.doc}


def dataset(table: Table) -> xr.Dataset:
    """The same for who works with xarray."""
    import xarray as xr

    variables, coords = (
        {name: xr.Variable(array.dims, array.values, dict(array.attrs)) for name, array in part.items()}
        for part in (table.variables, table.coords)
    )
    return xr.Dataset(variables, coords, dict(table.attrs))


def write_netcdf(table: Table, path: Path) -> None:
    """Write the file whole or not at all: a killed process leaves what was there before. OSError as it comes."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    try:
        with netCDF4.Dataset(name, "w") as file:
            _fill(file, table)
        with open(name, "rb") as file:
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def read_netcdf(path: Path) -> Table:
    """A file of `write_netcdf` as the Table that it was. OSError where it cannot be read."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        beside = {name for v in file.variables.values() for name in getattr(v, "coordinates", "").split()}
        arrays = {name: _array(variable) for name, variable in file.variables.items()}
        attrs = {name: file.getncattr(name) for name in file.ncattrs()}
    coords = {name for name, array in arrays.items() if name in beside or array.dims == (name,)}
    return Table(
        {name: array for name, array in arrays.items() if name not in coords},
        {name: arrays[name] for name in arrays if name in coords},
        attrs,
    )


def _array(variable: netCDF4.Variable) -> Array:
    attrs = {name: variable.getncattr(name) for name in variable.ncattrs() if name not in ("coordinates", "_FillValue")}
    values = np.asarray(variable[:])
    values = values.astype(str) if variable.dtype is str else values
    return Array(variable.dimensions, values, attrs, packed=bool((variable.filters() or {}).get("zlib")))


def _fill(file: netCDF4.Dataset, table: Table) -> None:
    """By xarray's conventions: nan is what is missing, a variable names its coordinates that are no dimension."""
    file.set_auto_maskandscale(False)
    file.setncatts(table.attrs)
    arrays = {**table.variables, **table.coords}
    for dim, size in {dim: n for a in arrays.values() for dim, n in zip(a.dims, a.values.shape, strict=True)}.items():
        file.createDimension(dim, size)
    beside = {name: array for name, array in table.coords.items() if array.dims != (name,)}
    for name, array in arrays.items():
        text, real = array.values.dtype.kind == "U", array.values.dtype.kind == "f"
        variable = file.createVariable(
            name,
            str if text else array.values.dtype,
            array.dims,
            compression="zlib" if array.packed else None,
            complevel=6,
            fill_value=np.nan if real and not array.packed else None,
        )
        variable.setncatts(array.attrs)
        others = [other for other, a in beside.items() if name in table.variables and set(a.dims) <= set(array.dims)]
        if others:
            variable.coordinates = " ".join(sorted(others))
        variable[:] = array.values.astype(object) if text else array.values
