"""Members: who is simulated. The model's own constants, or draws from a file such as the posterior.

A file of members is netCDF with one variable a column, each over the dimension `member`. A column named like a constant
of the model (`lifetime`, `share[electronics]`) is a parameter; every other one says by its attribute `kind` what it is
(`delivery`, `discrepancy`, ...) and goes along for those who know it. The attribute `model_hash` of the file ties it to
a model.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import netCDF4
import numpy as np

from huangpu.program import Program


class MembersError(Exception):
    """A file of members cannot be used. `str(error)` is one line for a person."""


@dataclass(frozen=True)
class Members:
    """size members: `parameters` constant id -> (size,), `columns` name -> (size,) for all that is no parameter.

    draws   (size,) which member of the file each is: beyond the file's own number they repeat
    attrs   what the file says about itself; empty for the model's own constants
    """

    size: int
    parameters: Mapping[str, np.ndarray] = field(default_factory=dict)
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    draws: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    attrs: Mapping[str, object] = field(default_factory=dict)


def own_constants(size: int = 1) -> Members:
    """Members that all have the model's own constants."""
    return Members(size)


def read_members(path: Path | str, program: Program, size: int | None = None, seed: int = 0) -> Members:
    """The first `size` members of a file (all if None); where it has fewer, more drawn from it with the seed.

    Member k is the same for every size. MembersError where the file is missing, made for another model, holds a column
    that is neither a constant of the model nor marked as something else, or a number that is not finite.
    """
    columns, about, attrs = read_columns(path)
    made_for = attrs.get("model_hash")
    if made_for is not None and made_for != program.model_hash:
        raise MembersError(
            f"{path}: made for another version of the model (its hash {str(made_for)[:12]}, the hash of "
            f"'{program.name}' is {program.model_hash[:12]}); calibrate again or use `posterior: none`"
        )
    constants = {program.rows[row].id for row, _ in program.constants}
    for name in columns:
        if name not in constants and str(about[name].get("kind", "")) in ("", "parameter"):
            near = difflib.get_close_matches(name, constants, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise MembersError(f"{path}: column '{name}' is no constant of model '{program.name}'{hint}")
        if not np.isfinite(columns[name]).all():
            raise MembersError(f"{path}: column '{name}' holds a number that is not finite")
    there = len(next(iter(columns.values())))
    draws = _draws(there, there if size is None else size, seed)
    taken = {name: np.ascontiguousarray(values[draws]) for name, values in columns.items()}
    return Members(
        len(draws),
        {name: values for name, values in taken.items() if name in constants},
        {name: values for name, values in taken.items() if name not in constants},
        draws,
        attrs,
    )


def read_columns(
    path: Path | str,
) -> tuple[dict[str, np.ndarray], dict[str, Mapping[str, object]], dict[str, object]]:
    """Columns of a file of members, what it says of each (kind, units, prior, ...), and of itself. MembersError."""
    path = Path(path)
    if not path.is_file():
        raise MembersError(f"{path}: there is no such file of members")
    try:
        with netCDF4.Dataset(path) as file:
            file.set_auto_mask(False)
            found = {name: v for name, v in file.variables.items() if v.dimensions == ("member",) and name != "member"}
            columns = {name: np.asarray(v[:], dtype=float) for name, v in found.items() if v.dtype is not str}
            about = {name: {key: v.getncattr(key) for key in v.ncattrs()} for name, v in found.items()}
            attrs = {name: file.getncattr(name) for name in file.ncattrs()}
    except (OSError, RuntimeError, ValueError) as error:
        raise MembersError(f"{path}: cannot be read as a file of members ({error})") from None
    if not columns or not len(next(iter(columns.values()))):
        raise MembersError(f"{path}: holds no column over the dimension 'member'")
    return columns, about, attrs


def _draws(there: int, size: int, seed: int) -> np.ndarray:
    more = np.random.default_rng([seed, there]).integers(0, there, max(size - there, 0))
    return np.concatenate([np.arange(min(size, there)), more]).astype(np.int64)
