"""From what a sweep file says of its design to the design, with every size checked."""

from __future__ import annotations

import csv
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from huangpu.runtime.members import MembersError, read_columns
from huangpu.runtime.scenario.resolve import inside_project
from huangpu.sweep.designs import FAST_VALUES, KINDS, Design, least_fast
from huangpu.sweep.factors import Factor
from huangpu.sweep.form import FACTORS, MEMBERS, POSTERIOR, DesignForm
from huangpu.yamlfile import Key

LARGEST = 500_000_000  # bytes of a file of members, which is held as a whole
Columns = Mapping[str, np.ndarray]
Problems = list[tuple[Key, str]]


def lay_out(
    form: DesignForm, factors: tuple[Factor, ...], columns: Columns, seed: int
) -> tuple[Design | None, Problems]:
    """The design, or None; and what is wrong, at keys of the sweep file.

    columns: of the design `file` its columns, of `posterior` the draws of each factor that has some.
    """
    kind = KINDS[form.kind]
    problems = list(_keys(form))
    if problems or not factors:
        return None, problems
    options = {key: given for key in kind.takes if (given := getattr(form, key)) is not None}
    options = {**kind.takes, **options, **{key: getattr(form, key) for key in kind.needs}}
    rows = max((len(column) for column in columns.values()), default=0)
    size = kind.size(options, len(factors)) or rows
    problems = [(("design", *key), message) for key, message in _sizes(form.kind, options, len(factors), size)]
    if problems:
        return None, problems
    missing = np.full(rows, np.nan)
    table = np.column_stack([columns.get(factor.name, missing) for factor in factors]) if rows else np.zeros((0, 0))
    return (
        Design(
            kind=form.kind,
            size=size,
            factors=factors,
            seed=seed,
            n=options.get("trajectories") or options.get("n") or 0,
            levels=options.get("levels", 0),
            second_order=options.get("second_order", False),
            table=table,
        ),
        [],
    )


def _keys(form: DesignForm) -> Iterator[tuple[Key, str]]:
    kind = KINDS[form.kind]
    mine = ("kind", *kind.needs, *kind.takes)
    for key in kind.needs:
        if getattr(form, key) is None:
            yield ("design", key), f"is missing, and a {form.kind} design needs it"
    for key in form.model_fields_set - set(mine):
        yield (
            ("design", key),
            f"has no meaning for a {form.kind} design, which takes {', '.join(mine[1:]) or 'nothing'}",
        )


def _sizes(kind: str, options: Mapping, factors: int, size: int) -> Iterator[tuple[Key, str]]:
    n = options.get("n") or 0
    if kind == "sobol" and n & (n - 1):
        low = 1 << (n.bit_length() - 1)
        yield ("n",), f"found {n:,}, expected a power of two, which a Sobol sequence is even in: {low:,} or {2 * low:,}"
    if kind == "fast" and n < (least := least_fast(factors)):
        yield (
            ("n",),
            f"found {n:,}, expected {least:,} or more members a factor, so that each has a frequency of its own",
        )
    if kind == "fast" and n * factors**2 > FAST_VALUES:
        most = FAST_VALUES // factors**2
        message = f"{n:,} members a factor make a sample of {n * factors**2:,} values, which is held as a whole"
        yield (
            ("n",),
            f"{message}; expected at most {most:,}"
            if most >= least_fast(factors)
            else f"{message}; vary fewer factors",
        )
    if kind == "morris" and options["levels"] % 2:
        yield ("levels",), f"found {options['levels']}, expected an even number, so that half of them is a step"
    if size > MEMBERS:
        shown = f"{size:,}" if size < 1e15 else "more than 10^15"
        fewer = "levels or factors" if kind == "factorial" else "points or factors"
        yield (
            (),
            f"makes {shown} members, expected at most {MEMBERS:,}, for which the store is laid out; take fewer {fewer}",
        )


# -- a file of members ------------------------------------------------------------------------------------------------


def read_table(form: DesignForm, folder: Path) -> tuple[Columns, str, Problems]:
    """(columns, SHA-256, problems) of the file that a design `file` names; nothing for others."""
    if form.kind != "file" or form.path is None:
        return {}, "", []
    path, trouble = inside_project(folder, form.path)
    columns: Columns = {}
    if not trouble:
        columns, trouble = _read(path)
    if not trouble and len(columns) > FACTORS:
        trouble = f"'{form.path}' has {len(columns):,} columns, expected at most {FACTORS:,}"
    for name, column in columns.items():
        if not trouble and not np.isfinite(column).all():
            row = int(np.argmin(np.isfinite(column))) + 1
            trouble = f"'{form.path}': column '{name}' holds what is no finite number (row {row})"
    if trouble:
        return {}, "", [(("design", "path"), trouble)]
    with path.open("rb") as file:
        return columns, hashlib.file_digest(file, "sha256").hexdigest(), []


def _read(path: Path) -> tuple[Columns, str]:
    if not path.is_file():
        return {}, f"there is no file '{path.name}'"
    if path.stat().st_size > LARGEST:
        return {}, f"'{path.name}' is {path.stat().st_size:,} bytes long, expected at most {LARGEST:,}"
    if path.suffix == ".nc":
        try:
            columns, about, _ = read_columns(path)
        except MembersError as error:
            return {}, str(error)
        return {n: c for n, c in columns.items() if about[n].get("kind") not in ("index", "diagnostic")}, ""
    return _read_csv(path) if path.suffix == ".csv" else ({}, f"'{path.name}' is neither .csv nor .nc")


def _read_csv(path: Path) -> tuple[Columns, str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = next(csv.reader(file), [])
            first = next(file, "").strip()
            lines = itertools.chain([first], file)
            body = np.loadtxt(lines, delimiter=",", ndmin=2, comments=None) if first else np.zeros((0, 0))
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        return {}, f"'{path.name}' cannot be read as a table of numbers: {error}"
    names = [name.strip() for name in names]
    if not len(body) or body.shape[1] != len(names):
        return {}, f"'{path.name}': expected a line of {len(names)} names and as many numbers in every line after it"
    if len(set(names)) < len(names):
        return {}, f"'{path.name}': a column has the name of another"
    return dict(zip(names, np.ascontiguousarray(body.T), strict=True)), ""


def draws_of(factors: tuple[Factor, ...], draws: Columns) -> Columns:
    """Of a design `posterior`: the joint draws of the factors that vary by them."""
    return {f.name: draws[f.name] for f in factors if f.distribution.kind == POSTERIOR}
