"""priors.yaml: what is believed of every estimated parameter before the figures are met.

Each parameter is an independent function of a standard normal coordinate u, x = F^-1(Phi(u)), so that samplers move in
u with log density -|u|^2/2 and never meet an edge.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field
from scipy.special import expit, logit, ndtr, ndtri

from huangpu.measurement import DataError
from huangpu.measurement.datafile import Strict, check, load_yaml
from huangpu.program import Program
from huangpu.yamlfile import Document, Problem, nearest

JUDGEMENT = "judgement"
DELIVERY = "delivery_"  # columns that scenarios name as the share of a plan that is carried out
EVERY = "[*]"
DIMENSIONLESS = "dmnl"
Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Distribution:
    """keys: its two numbers in priors.yaml; check: what is wrong with them, or nothing; both maps take them last."""

    keys: tuple[str, str]
    check: Callable[[float, float], str]
    to_value: Callable[[Array, float, float], Array]
    to_normal: Callable[[Array, float, float], Array]


def _spread(_, sd: float) -> str:
    return "" if sd > 0 else "the spread must be above 0"


def _positive(median: float, sd: float) -> str:
    return _spread(median, sd) if median > 0 else "the median must be above 0"


def _share(median: float, sd: float) -> str:
    return _spread(median, sd) if 0 < median < 1 else "the median must be between 0 and 1"


def _rising(low: float, high: float) -> str:
    return "" if low < high else "low must be below high"


DISTRIBUTIONS = {
    "normal": Distribution(("mean", "sd"), _spread, lambda u, m, s: m + s * u, lambda x, m, s: (x - m) / s),
    "lognormal": Distribution(
        ("median", "log_sd"), _positive, lambda u, m, s: m * np.exp(s * u), lambda x, m, s: np.log(x / m) / s
    ),
    "uniform": Distribution(
        ("low", "high"), _rising, lambda u, a, b: a + (b - a) * ndtr(u), lambda x, a, b: ndtri((x - a) / (b - a))
    ),
    "logitnormal": Distribution(
        ("median", "logit_sd"),
        _share,
        lambda u, m, s: expit(logit(m) + s * u),
        lambda x, m, s: (logit(x) - logit(m)) / s,
    ),
}

Centre = float | dict[str, float]


class _Entry(Strict):
    distribution: Literal["normal", "lognormal", "uniform", "logitnormal"]
    mean: Centre | None = None
    median: Centre | None = None
    low: Centre | None = None
    high: float | None = None
    sd: float | None = None
    log_sd: float | None = None
    logit_sd: float | None = None
    unit: str | None = None
    reason: str = Field(min_length=1)
    source: str = Field(min_length=1)
    known: int | None = None


class _File(Strict):
    parameters: dict[str, _Entry]


@dataclass(frozen=True, slots=True)
class Prior:
    """One parameter: the name of its distribution with its two numbers, its unit in the model, and why.

    known: year by whose end anybody could have believed this, where priors.yaml says so
    """

    name: str
    distribution: str
    numbers: tuple[float, float]
    unit: str
    reason: str
    source: str
    known: int | None = None


@dataclass(frozen=True)
class Priors:
    """All of them, in the order of the coordinates u."""

    items: tuple[Prior, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(prior.name for prior in self.items)

    def values(self, u: Array) -> Array:
        """u (parameter, member) -> values of the same shape, in the parameters' own units."""
        return np.array([DISTRIBUTIONS[p.distribution].to_value(row, *p.numbers) for p, row in self._rows(u)])

    def coordinates(self, values: Array) -> Array:
        """The inverse of `values`."""
        return np.array([DISTRIBUTIONS[p.distribution].to_normal(row, *p.numbers) for p, row in self._rows(values)])

    def _rows(self, rows: Array) -> Iterable[tuple[Prior, Array]]:
        return zip(self.items, rows, strict=True)


def read_priors(path: Path | str, program: Program, sigmas: Iterable[str], *, sources: Path | str) -> Priors:
    """Read priors.yaml and check its names and units against the model's constants and the sigmas of metrics.yaml, its
    sources against sources.csv. Raises DataError with every problem, one a line."""
    document, file = load_yaml(path, _File)
    names = _Names(_constants(program), _units(program), tuple(sigmas), _sources(sources))
    found: dict[str, Prior] = {}
    problems: list[Problem] = []
    for key, entry in file.parameters.items():
        for item in _expand(document, key, entry, names):
            if isinstance(item, Problem):
                problems.append(item)
            elif item.name in found:
                problems.append(document.problem(("parameters", key), f"'{item.name}' is given twice; keep one"))
            else:
                found[item.name] = item
    for sigma in names.sigmas:
        if sigma not in found:
            problems.append(document.problem(("parameters",), f"no prior of {sigma}, a sigma of metrics.yaml"))
    check(document, problems)
    return Priors(tuple(found.values()))


@dataclass(frozen=True)
class _Names:
    """What priors may speak of. constants: whole name -> its scalar ids and their elements; units: by scalar id."""

    constants: Mapping[str, tuple[tuple[str, str], ...]]
    units: Mapping[str, str]
    sigmas: tuple[str, ...]
    sources: frozenset[str]


def _constants(program: Program) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for row, _ in program.constants:
        entry = program.rows[row]
        found.setdefault(entry.base or entry.id, []).append((entry.id, ",".join(entry.elements)))
    return {base: tuple(ids) for base, ids in found.items()}


def _units(program: Program) -> dict[str, str]:
    return {program.rows[row].id: program.rows[row].units for row, _ in program.constants}


def _sources(path: Path | str) -> frozenset[str]:
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return frozenset(row["source_id"] for row in csv.DictReader(file))
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a table with source_id: {error}") from None


def _expand(document: Document, key: str, entry: _Entry, names: _Names) -> Iterator[Prior | Problem]:
    """The priors that an entry stands for, or what is wrong with it."""
    at = ("parameters", key)
    distribution = DISTRIBUTIONS[entry.distribution]
    given = {k: v for k in _NUMBERS if (v := getattr(entry, k)) is not None}
    if set(given) != set(distribution.keys):
        expected = " and ".join(distribution.keys)
        yield document.problem(at, f"{entry.distribution} takes {expected}, found {', '.join(given) or 'neither'}")
        return
    if entry.source != JUDGEMENT and entry.source not in names.sources:
        hint = nearest(entry.source, names.sources)
        yield document.problem((*at, "source"), f"'{entry.source}' is no source_id of sources.csv{hint}")
    targets = _targets(key, names)
    if isinstance(targets, str):
        yield document.problem(at, targets)
        return
    centre, spread = (given[k] for k in distribution.keys)
    if isinstance(centre, dict):
        elements = {element for _, element in targets}
        for element in [*(e for e in centre if e not in elements), *(e for e in elements if e not in centre)]:
            hint = f"is no element here{nearest(element, elements)}" if element in centre else "has no number"
            yield document.problem((*at, distribution.keys[0]), f"'{element}' {hint}")
            return
    for name, element in targets:
        numbers = (float(centre[element] if isinstance(centre, dict) else centre), float(spread))
        if wrong := distribution.check(*numbers):
            yield document.problem(at, f"{wrong}, found {numbers[0]:g} and {numbers[1]:g}")
            return
        unit = names.units.get(name, "") or DIMENSIONLESS  # a sigma and a share have no other
        if entry.unit is not None and _plain(entry.unit) != _plain(unit):
            yield document.problem((*at, "unit"), f"found '{entry.unit}', expected '{unit}', the unit of {name}")
            return
        yield Prior(name, entry.distribution, numbers, unit, entry.reason, entry.source, entry.known)


def _plain(unit: str) -> str:
    """A unit as it is compared: without spaces, capitals and parentheses around all of it."""
    text = "".join(unit.split()).lower()
    while text[:1] == "(" and _closes(text) == len(text) - 1:
        text = text[1:-1]
    return "" if text in ("1", DIMENSIONLESS, "dimensionless") else text


def _closes(text: str) -> int:
    """Position of the parenthesis that closes the one at 0; -1 if none does."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position
    return -1


def _targets(key: str, names: _Names) -> tuple[tuple[str, str], ...] | str:
    """(name, element) of every parameter that a key means, or what is wrong with it."""
    if key in names.sigmas or key.startswith(DELIVERY):
        return ((key, ""),)
    base = key.removesuffix(EVERY)
    if key.endswith(EVERY) and base in names.constants:
        return names.constants[base]
    scalars = {id: element for ids in names.constants.values() for id, element in ids}
    if key in scalars:
        return ((key, scalars[key]),)
    if base in names.constants:
        return f"has elements; write '{base}{EVERY}' or one of them, such as '{names.constants[base][0][0]}'"
    known = [*names.constants, *scalars, *names.sigmas]
    return f"is no constant of the model, no sigma of metrics.yaml and no {DELIVERY}...{nearest(base, known)}"


_NUMBERS = tuple(dict.fromkeys(key for d in DISTRIBUTIONS.values() for key in d.keys))
