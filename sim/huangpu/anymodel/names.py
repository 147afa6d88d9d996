"""Variables by the names that people write: case, spaces, underscores and quotes make no difference."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from huangpu.compiler.syntax import key
from huangpu.program import Entry, Program


class RunError(Exception):
    """What was given to a run does not fit the model. `str(error)` has one line a problem, for a person."""


def variables(program: Program, name: str, fits: Callable[[Entry], bool] = lambda entry: True) -> tuple[Entry, ...]:
    """The elements that a name stands for, in the order of the file: `Output`, `Output[North]`, `output[Region, Food]`.

    A subscript is an element, a range for all of its elements, or `*`. RunError names the nearest.
    """
    base, inside = split(name)
    written = _plain(name)
    base = next((e.base for e in program.rows if _plain(e.label) == written and not e.hidden), base)
    found = [e for e in program.rows if e.base == base and not e.hidden]
    if not found:
        raise RunError(f"{name}: there is no such variable.{nearest(name, _labels(program, fits))}")
    if inside is None:
        return tuple(found)
    if len(inside) != len(found[0].elements):
        count = len(found[0].elements)
        has = f"{count} subscript{'s' * (count != 1)}" if count else "no subscripts"
        raise RunError(
            f"{name}: {found[0].label.partition('[')[0]} has {has}; its elements are such as {found[0].label}."
        )
    picked = [e for e in found if all(map(lambda s, x: _among(program, s, x), inside, e.elements))]
    if not picked:
        raise RunError(f"{name}: there is no such element.{nearest(name, [e.label for e in found])}")
    return tuple(picked)


def split(name: str) -> tuple[str, list[str] | None]:
    """Key of the variable and keys of its subscripts; None where none are written. `*` stays."""
    base, bracket, rest = name.strip().partition("[")
    if not bracket:
        return key(base), None
    return key(base), ["*" if s.strip() == "*" else key(s) for s in rest.strip().removesuffix("]").split(",")]


def _plain(name: str) -> str:
    """The variable's name with all its signs: some names differ in nothing else."""
    return " ".join(name.partition("[")[0].replace('"', "").replace("_", " ").lower().split())


def _among(program: Program, written: str, element: str) -> bool:
    return written in ("*", element) or element in program.subscripts.get(written, ())


def _labels(program: Program, fits: Callable[[Entry], bool]) -> list[str]:
    whole = (e.label.partition("[")[0] for e in program.rows if not e.hidden and fits(e))
    return list(dict.fromkeys((*whole, *(c.label for c in program.controls))))


def nearest(name: str, labels: Iterable[str]) -> str:
    """A hint, or what to do without one."""
    by_key = {key(label): label for label in labels}
    near = difflib.get_close_matches(key(name), by_key, n=1, cutoff=0.6)
    return f" Did you mean {by_key[near[0]]}?" if near else " `huangpu show` lists the model's names."
