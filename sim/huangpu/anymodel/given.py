"""What a person gives to a run -> what the compiler and the kernel are told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from huangpu.anymodel.names import RunError, nearest, split, variables
from huangpu.anymodel.values import Path, Value, curves, spread
from huangpu.compiler.control import CONTROL
from huangpu.compiler.edits import Edits, start_id
from huangpu.program import Program
from huangpu.runtime.ensemble import Curve

STATE = ("stock", "frozen", "memory")  # kinds that carry something from one step to the next


@dataclass(frozen=True)
class Given:
    """As people write it: names as in the model file, values as `values.py` takes them.

    params   constants, and other variables in whose place a number or a series stands; control variables too
    initial  stocks and INITIAL values at the start
    lookups  points in place of a lookup's
    data     series in place of data variables, or of any variable that `params` may replace
    save     variables or elements to save; all of the file if None
    members  how many; None: as many as the arrays given have
    seed     of random functions
    """

    params: Mapping[str, object] = field(default_factory=dict)
    initial: Mapping[str, object] = field(default_factory=dict)
    lookups: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)
    save: Sequence[str] | None = None
    members: int | None = None
    seed: int = 0


@dataclass
class Told:
    """By id. numbers: control variables and constants that shape the program, by key; kinds of `values` are the
    program's: constants, or what becomes one."""

    numbers: dict[str, float] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    starts: dict[str, float | np.ndarray] = field(default_factory=dict)
    curves: dict[str, Curve | list[Curve]] = field(default_factory=dict)
    saved: tuple[str, ...] | None = None  # ids of elements and of control variables
    size: int = 1


def told(program: Program, given: Given) -> Told:
    """RunError with all that does not fit, one line each."""
    problems: list[str] = []
    result = Told()
    for name, value in {**given.params, **given.data}.items():
        with _noting(problems, name):
            _param(program, name, value, result)
    for name, value in given.initial.items():
        with _noting(problems, name):
            _start(program, name, value, result)
    for name, value in given.lookups.items():
        with _noting(problems, name):
            result.curves |= dict.fromkeys(_tables(program, name), curves(value))
    if given.save is not None:
        names: list[str] = []
        for name in given.save:
            with _noting(problems, name):
                names += _saved(program, name)
        result.saved = tuple(dict.fromkeys(names))
    with _noting(problems, "members"):
        result.size = _size(given.members, result)
    if not 0 <= given.seed < 2**64:
        problems.append(f"the seed is {given.seed}; expected a whole number from 0 to 2^64 - 1.")
    if problems:
        raise RunError("\n".join(problems))
    return result


@contextlib.contextmanager
def _noting(problems: list[str], name: str) -> Iterator[None]:
    try:
        yield
    except RunError as error:
        text = str(error)
        problems.append(text if text.startswith(f"{name}: ") else f"{name}: {text}")


def _param(program: Program, name: str, value: object, result: Told) -> None:
    base, _ = split(name)
    if base in CONTROL:
        result.numbers[base] = _number(value)
        return
    if base in {_base(id) for id, *_ in program.tables} - {e.base for e in program.rows}:
        raise RunError("a lookup; give its points by `lookups`.")
    found = variables(program, name)
    kinds = {e.kind for e in found}
    if "stock" in kinds:
        raise RunError("a stock, which the model computes; give its value at the start by `initial` (--initial).")
    if found[0].base in program.settled:
        result.numbers[base] = _number(value, "decides the steps or the order of a delay, so")
        return
    result.values |= spread(program, found, value)


def _number(value: object, why: str = "") -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise RunError(" ".join(filter(None, (why, "it must be one number for all members.")))) from None
    if not np.isfinite(number):
        raise RunError("not a finite number.")
    return number


def _start(program: Program, name: str, value: object, result: Told) -> None:
    found = variables(program, name, lambda e: e.kind in STATE)
    if any(e.kind not in STATE for e in found):
        labels = [e.label.partition("[")[0] for e in program.rows if e.kind in STATE and not e.hidden]
        raise RunError(f"no stock, so it has no value of its own at the start.{nearest(name, labels)}")
    values = spread(program, found, value)
    if any(isinstance(v, Path) for v in values.values()):
        raise RunError("a stock starts from a number, not from a series.")
    result.starts |= values


def _tables(program: Program, name: str) -> list[str]:
    """Ids of the lookups that a name stands for; those that LOOKUP EXTRAPOLATE has made of it too."""
    base, inside = split(name)
    elements = None if inside is None else ",".join(inside)
    found = [
        id
        for id, *_ in program.tables
        if _base(id) in (base, f"{base}_extrapolated", f"{base}_lookup")
        and (elements is None or id.endswith(f"[{elements}]"))
    ]
    if not found:
        named = [id for id, *_ in program.tables]
        raise RunError(f"there is no such lookup.{nearest(name, named)}")
    return found


def _base(id: str) -> str:
    return id.partition("[")[0]


def _saved(program: Program, name: str) -> list[str]:
    base, inside = split(name)
    if base in CONTROL and inside is None:
        return [base]
    return [e.id for e in variables(program, name)]


def _size(members: int | None, result: Told) -> int:
    """The number of members, from what is given."""
    counts = {len(v) for v in (*result.values.values(), *result.starts.values()) if isinstance(v, np.ndarray)}
    counts |= {v.values.shape[1] for v in result.values.values() if isinstance(v, Path) and v.values.ndim == 2}
    counts |= {len(c) for c in result.curves.values() if isinstance(c, list)}
    counts |= {members} if members is not None else set()
    if len(counts) > 1:
        raise RunError(f"different numbers of members are given: {', '.join(map(str, sorted(counts)))}.")
    size = counts.pop() if counts else 1
    if size < 1:
        raise RunError(f"a run needs at least one member, not {size}.")
    return size


def edits(program: Program, result: Told) -> Edits:
    """How the program must differ from the model's own for what is told."""
    constants = {program.rows[row].id for row, _ in program.constants}
    driven = {program.rows[row].id for row in program.driven}
    knots = {id: len(xs) for id, xs, *_ in program.tables}
    asked = {id: c for id, c in result.curves.items() if isinstance(c, Curve)}
    return Edits(
        numbers=tuple(sorted(result.numbers.items())),
        given=tuple(id for id in result.values if id not in constants),
        driven=tuple(id for id, v in result.values.items() if isinstance(v, Path) and id not in driven),
        started=tuple(result.starts),
        knots=tuple((id, len(c.xs)) for id, c in asked.items() if len(c.xs) != knots[id]),
    )


def parameters(result: Told) -> dict[str, float | np.ndarray]:
    """Constants of the edited program -> their values."""
    plain = {id: v for id, v in result.values.items() if not isinstance(v, Path)}
    return plain | {start_id(id): v for id, v in result.starts.items()}
