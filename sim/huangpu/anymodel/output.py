"""A run of any model as a table of Vensim's form, or as a Dataset."""

from __future__ import annotations

import contextlib
import csv
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from huangpu.anymodel.names import RunError
from huangpu.anymodel.running import Done
from huangpu.runtime.dataset import Array, Table, table, write_netcdf


def columns(done: Done) -> list[tuple[str, str]]:
    """(id, label) of everything saved, in the order of the file."""
    place = {entry.id: k for k, entry in enumerate(done.program.rows)}
    labels = {entry.id: entry.label for entry in done.program.rows} | {
        c: c.replace("_", " ").upper() for c in done.fixed
    }
    labels |= {c.id: c.label for c in done.program.controls}
    at = {c.id: c.place - 0.5 for c in done.program.controls}
    order = sorted((*done.names, *done.fixed), key=lambda id: place.get(id, at.get(id, len(place))))
    return [(id, labels[id]) for id in order]


def write(done: Done, path: Path) -> None:
    """A .csv of one member, else netCDF."""
    if path.suffix.lower() == ".csv":
        if done.values.shape[2] > 1:
            raise RunError(f"{path}: a .csv holds one member, not {done.values.shape[2]}; write a .nc")
        write_csv(done, path)
    else:
        write_netcdf(as_table(done), path)


def write_csv(done: Done, path: Path) -> None:
    """Comma separated, first column `Time`, a row a saved time, a column an element; numbers in full. One member.

    Written whole or not at all; OSError as it comes.
    """
    row = {id: k for k, id in enumerate(done.names)}
    named = columns(done)
    series = [done.values[row[id], :, 0] if id in row else np.full(len(done.times), done.fixed[id]) for id, _ in named]
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(["Time", *(label for _, label in named)])
            for k, time in enumerate(done.times.tolist()):
                out.writerow([repr(time), *(repr(float(values[k])) for values in series)])
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise


def as_table(done: Done) -> Table:
    """Dims time, member and the model's subscripts; attributes say what made it."""
    program = done.program
    attrs = {
        "model": program.name,
        "model_hash": program.model_hash,
        "program_hash": program.hash,
        "members": done.values.shape[2],
        "dt": program.time_step,
        "method": program.method,
        "precision": program.precision,
        "huangpu": version("huangpu"),
    }
    made = table(program, done.names, done.times, done.values, attrs)
    controls = {c.id: c for c in program.controls}
    units = next((c.units for c in program.controls if c.units), "") or "dmnl"
    fixed = {}
    for id, value in done.fixed.items():
        control = controls.get(id)
        label = {
            "units": units,
            "long_name": control.label if control else id.replace("_", " ").upper(),
            "kind": "constant",
        }
        fixed[id] = Array(("time", "member"), np.full((len(done.times), done.values.shape[2]), value), label)
    time = Array(("time",), made.coords["time"].values, {"units": units, "long_name": "Time"})
    return Table({**made.variables, **fixed}, {**made.coords, "time": time}, made.attrs)
