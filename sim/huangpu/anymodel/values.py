"""What is given for a variable -> numbers an element: for all members, for each, or a path through time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from huangpu.anymodel.names import RunError
from huangpu.compiler.syntax import key
from huangpu.program import Entry, Program
from huangpu.runtime.ensemble import Curve


@dataclass(frozen=True)
class Path:
    """A variable through time: straight lines between (times, values), the end values beyond; values (times,) or
    (times, members)."""

    times: np.ndarray
    values: np.ndarray

    def at(self, times: np.ndarray) -> np.ndarray:
        """(steps,) or (steps, members)."""
        if self.values.ndim == 1:
            return np.interp(times, self.times, self.values)
        return np.stack([np.interp(times, self.times, column) for column in self.values.T], axis=1)


Value = float | np.ndarray | Path  # one for all members, (members,), or through time


def spread(program: Program, entries: Sequence[Entry], value: object) -> dict[str, Value]:
    """id of each element -> its value.

    value: a number; an array of the elements, or of (members, *elements); a pandas Series over time; an xarray
    DataArray with any of the dims time, member and the variable's ranges. RunError says what does not fit.
    """
    if hasattr(value, "dims"):
        return _named(program, entries, value)
    if hasattr(value, "iloc"):
        path = _path(np.asarray(value.index), np.asarray(value))
        return {e.id: path for e in entries}
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise RunError(f"{value!r:.60} is no number, array, Series or DataArray.") from None
    _finite(array)
    shape = _shape(program, entries)
    if array.ndim == 0:
        return {e.id: float(array) for e in entries}
    members = array.ndim == len(shape) + 1
    if array.shape[members:] != shape:
        expected = " or ".join(map(str, dict.fromkeys(((), shape, ("members", *shape))))).replace("'", "")
        raise RunError(f"an array of shape {array.shape}; expected {expected}.")
    places = _places(program, entries)
    return {e.id: array[(..., *places[e.id])] if members else float(array[places[e.id]]) for e in entries}


def _shape(program: Program, entries: Sequence[Entry]) -> tuple[int, ...]:
    if len(entries) == 1:
        return ()
    return tuple(len(program.subscripts[r]) for r in program.dims.get(entries[0].base, ()))


def _places(program: Program, entries: Sequence[Entry]) -> dict[str, tuple[int, ...]]:
    if len(entries) == 1:
        return {entries[0].id: ()}
    ranges = [program.subscripts[r] for r in program.dims[entries[0].base]]
    return {e.id: tuple(r.index(x) for r, x in zip(ranges, e.elements, strict=True)) for e in entries}


def _named(program: Program, entries: Sequence[Entry], value) -> dict[str, Value]:
    """Of a DataArray: elements by their coordinates."""
    ranges = program.dims.get(entries[0].base, ())
    axes = [r if r not in ranges[:k] else f"{r}_{k + 1}" for k, r in enumerate(ranges)]
    dims = [d if d in ("time", "member") else key(str(d)) for d in value.dims]
    unknown = [d for d in dims if d not in ("time", "member", *axes)]
    if unknown:
        raise RunError(f"the dimension {unknown[0]}; expected any of {', '.join(('time', 'member', *axes))}.")
    array = np.asarray(value, dtype=float)
    _finite(array)
    order = [d for d in ("time", "member") if d in dims] + [a for a in axes if a in dims]
    array = array.transpose([dims.index(d) for d in order])
    labels = {}
    for dim, own in zip(dims, value.dims, strict=True):
        given = [key(str(c)) for c in value.coords[own].values] if own in value.coords else None
        labels[dim] = given or list(program.subscripts[ranges[axes.index(dim)]]) if dim in axes else None
    found = {}
    for e in entries:
        wanted = [(labels[a], x) for a, x in zip(axes, e.elements, strict=True) if a in dims]
        if all(x in known for known, x in wanted):
            part = array[(..., *(known.index(x) for known, x in wanted))]
            found[e.id] = _whole(part, "time" in dims, value)
    if not found:
        raise RunError(f"no element of {entries[0].base} among the coordinates.")
    return found


def _whole(part: np.ndarray, timed: bool, value) -> Value:
    if timed:
        return _path(np.asarray(value.coords["time"].values), part)
    return part if part.ndim else float(part)


def _path(times: np.ndarray, values: np.ndarray) -> Path:
    try:
        times, values = times.astype(float), values.astype(float)
    except (TypeError, ValueError):
        raise RunError("a series whose times or values are no numbers.") from None
    _finite(times)
    _finite(values)
    if not len(times) or (np.diff(times) <= 0).any():
        raise RunError("a series needs times that rise, each once.")
    return Path(times, values)


def _finite(array: np.ndarray) -> None:
    if not np.isfinite(array).all():
        raise RunError("not a finite number.")


def curves(value: object) -> Curve | list[Curve]:
    """Points of a lookup: a pandas Series over x, pairs (x, y), or a list of such, one a member."""
    if isinstance(value, list | tuple) and value and (hasattr(value[0], "iloc") or np.ndim(value[0]) == 2):
        return [_curve(one) for one in value]
    return _curve(value)


def _curve(value) -> Curve:
    try:
        pairs = np.column_stack([value.index, value]) if hasattr(value, "iloc") else np.asarray(value, dtype=float)
        pairs = pairs.astype(float)
    except (TypeError, ValueError):
        raise RunError(f"{value!r:.60} are no points; give pairs (x, y) or a Series.") from None
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not len(pairs):
        raise RunError(f"points of shape {pairs.shape}; give pairs (x, y) or a Series.")
    _finite(pairs)
    if (np.diff(pairs[:, 0]) <= 0).any():
        raise RunError("points whose x do not rise.")
    return Curve(pairs[:, 0], pairs[:, 1])
