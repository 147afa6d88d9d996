"""What each target is taken to mean: results/readings.yaml, checked against the targets.

The wording of a plan leaves room: 5 trillion of whose output, 20 centres in all or new ones. A reading names the
predicted quantity and the statistic that a target is compared with, and why. The first reading of a target is the
default; `alternatives` are others that the wording allows. Thresholds, units, operators and years stand in
targets.csv: a default reading may repeat its years, and then they must agree, and gives those that are missing there;
an alternative may take others, and another threshold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

from huangpu.measurement.datafile import DataError, check
from huangpu.results.probability import OPERATORS, Threshold
from huangpu.results.statistics import STATISTICS
from huangpu.results.targets import Target
from huangpu.yamlfile import Document, Problem, nearest, read_yaml

DEFAULT = "default"  # name of a first reading that has none

_NEEDED = ("quantity", "statistic", "reading", "reason")
_WORDS = (*_NEEDED, "name", "other", "note")
_YEARS = ("year", "years", "base_year")
_KEYS = (*_WORDS, *_YEARS, "tolerance")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ANY = "any"  # a tolerance without end


@dataclass(frozen=True, slots=True)
class Reading:
    """How one target is compared.

    first, last  the years that the statistic needs, both included; a level needs only one
    asked        the threshold, in the target's unit
    """

    target: str
    name: str
    quantity: str
    statistic: str
    first: int
    last: int
    asked: Threshold
    other: str = ""
    text: str = ""
    reason: str = ""
    note: str = ""

    @property
    def quantities(self) -> tuple[str, ...]:
        return tuple(name for name in (self.quantity, self.other) if name)

    @property
    def years(self) -> str:
        """The years that count, as text: 2027, or 2024-2027 where each year of a span matters."""
        match self.statistic:
            case "cumulative" | "every_year":
                return f"{self.first}-{self.last}"
            case "mean_growth" | "mean_reduction" | "growth_difference" | "increase":
                return f"{self.first + 1}-{self.last}"
            case _:
                return str(self.last)


Readings = Mapping[str, tuple[Reading, ...]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One reading as the file has it: its key, the target, the text of the file."""

    document: Document
    target: Target
    key: tuple
    data: dict

    @property
    def first(self) -> bool:
        return len(self.key) == 1

    def problem(self, key: str, message: str) -> Problem:
        return self.document.problem((*self.key, key) if key else self.key, message)


def read_readings(path: Path, targets: tuple[Target, ...], units: Mapping[str, str]) -> Readings:
    """Target id -> its readings, the default first, for every target that is not left out.

    units: predicted quantity -> its unit. Raises DataError with all problems: a target without reading, or left out
    and read all the same, included.
    """
    document = read_yaml(path)
    check(document, document.problems)
    data = document.data or {}
    if not isinstance(data, dict):
        raise DataError(f"{path}: expected a mapping from target id to its reading")
    known = {target.id: target for target in targets}
    problems = [
        document.problem((name,), "no such target in targets.csv" + nearest(name, known))
        for name in data
        if name not in known
    ]
    readings = {}
    for target in targets:
        of_target = list(_target_problems(document, target, target.id in data))
        problems += of_target
        if target.left_out or of_target:
            continue
        entries, found = _entries(document, target, data[target.id])
        found += [problem for entry in entries for problem in _problems(entry, units)]
        found += _name_problems(entries)
        problems += found
        if not found:
            readings[target.id] = tuple(map(_reading, entries))
    check(document, problems)
    return readings


def _target_problems(document: Document, target: Target, read: bool) -> Iterator[Problem]:
    if target.left_out:
        if read:
            yield document.problem((target.id,), "targets.csv leaves this target out; empty its left_out, or drop this")
        return
    if not read:
        yield Problem(0, (), f"target {target.id} has no reading; add one, or give left_out in targets.csv a reason")
    if target.operator not in OPERATORS or target.value is None or ("between" in target.operator) != bool(target.high):
        message = f"a target with operator '{target.operator}' and these values cannot be scored; give left_out in "
        yield document.problem((target.id,), f"{message}targets.csv a reason")


def _entries(document: Document, target: Target, data: object) -> tuple[list[_Entry], list[Problem]]:
    """The readings of one target that are mappings, and what is wrong with the others."""
    key = (target.id,)
    if not isinstance(data, dict):
        return [], [document.problem(key, f"expected a mapping, found {data!r}")]
    others = data.get("alternatives", [])
    if not isinstance(others, list):
        return [], [document.problem((*key, "alternatives"), f"expected a list of readings, found {others!r}")]
    entries = [_Entry(document, target, key, {k: v for k, v in data.items() if k != "alternatives"})]
    problems = []
    for position, other in enumerate(others):
        at = (*key, "alternatives", position)
        if isinstance(other, dict):
            entries.append(_Entry(document, target, at, other))
        else:
            problems.append(document.problem(at, f"expected a mapping, found {other!r}"))
    return entries, problems


def _name_problems(entries: list[_Entry]) -> Iterator[Problem]:
    names: set[object] = set()
    for entry in entries:
        name = entry.data.get("name", DEFAULT)
        if not entry.first and "name" not in entry.data:
            yield entry.problem("", "an alternative needs a name")
        elif not (isinstance(name, str) and _NAME.fullmatch(name)):
            yield entry.problem("name", f"expected small letters, digits and underscores, found {name!r}")
        elif name in names:
            yield entry.problem("name", f"another reading of this target has the name '{name}'")
        else:
            names.add(name)


def _problems(entry: _Entry, units: Mapping[str, str]) -> Iterator[Problem]:
    data, problem = entry.data, entry.problem
    keys = _KEYS if entry.first else (*_KEYS, "value")
    for key in data:
        if key not in keys:
            known = (*keys, "alternatives") if entry.first else keys
            yield problem(key, "unknown key" + nearest(str(key), known))
    for key in _WORDS:
        if key in data and not (isinstance(data[key], str) and data[key].strip()):
            yield problem(key, f"expected text, found {data[key]!r}")
    missing = [key for key in _NEEDED if key not in data]
    if missing:
        yield problem("", f"needs {', '.join(missing)}")
        return
    for key in ("quantity", "other"):
        if key in data and data[key] not in units:
            yield problem(key, f"no quantity '{data[key]}' in metrics.yaml{nearest(str(data[key]), units)}")
    yield from _statistic_problems(entry, units)
    yield from _threshold_problems(entry)


def _statistic_problems(entry: _Entry, units: Mapping[str, str]) -> Iterator[Problem]:
    data, target, problem = entry.data, entry.target, entry.problem
    name, suited = data["statistic"], OPERATORS[target.operator].statistics
    if name not in STATISTICS:
        yield problem("statistic", f"unknown statistic '{name}'{nearest(str(name), STATISTICS)}")
        return
    if entry.first and name not in suited:
        message = f"'{name}' does not fit operator '{target.operator}'; expected {' or '.join(suited)}"
        yield problem("statistic", f"{message} (an alternative may take another)")
        return
    unit = units.get(data["quantity"])
    if unit is not None and not STATISTICS[name].fits(unit, target.unit):
        yield problem("", f"the target is in {target.unit}, the {name} of '{data['quantity']}' (in {unit}) is not")
    if ("other" in data) != (name == "growth_difference"):
        yield problem("other", "names the quantity to compare with, for growth_difference and for nothing else")
    yield from _year_problems(entry, name)


def _year_problems(entry: _Entry, statistic: str) -> Iterator[Problem]:
    data, target, problem = entry.data, entry.target, entry.problem
    wanted = {"year": ("year",), "base_year": ("base_year", "year"), "years": ("years",)}[STATISTICS[statistic].years]
    for key in _YEARS:
        if key in data and key not in wanted:
            yield problem(key, f"has no meaning for statistic '{statistic}'")
    planned = _planned(target)
    for key in wanted:
        found = data.get(key, planned[key])
        if found is None:
            yield problem("", f"targets.csv gives no {key} for a '{statistic}'; give `{key}` here")
        elif not _is_years(found, 2 if key == "years" else 1):
            yield problem(key, f"expected {'[first year, last year]' if key == 'years' else 'a year'}, found {found!r}")
        elif entry.first and planned[key] not in (None, found):
            yield problem(key, f"{found!r} is not what targets.csv says: {planned[key]!r}")
    span = _span(entry)
    if all(isinstance(year, int) for year in span) and (span[0] > span[1] or (len(wanted) == 2 and span[0] == span[1])):
        yield problem("", f"the first year, {span[0]}, is not before the last, {span[1]}")


def _threshold_problems(entry: _Entry) -> Iterator[Problem]:
    data, target, problem = entry.data, entry.target, entry.problem
    about = target.operator.endswith("~=")
    if about != ("tolerance" in data):
        yield problem("tolerance", "is needed for '~=' targets, and for no other")
    elif about and _tolerance(data["tolerance"]) is None:
        yield problem(
            "tolerance",
            f"expected a number of {target.unit}, or [below, above] with numbers or {_ANY}, "
            f"found {data['tolerance']!r}",
        )
    if "value" in data and not _is_number(data["value"]):
        yield problem("value", f"expected a number of {target.unit}, found {data['value']!r}")
    elif "value" in data and target.high is not None:
        yield problem("value", "a range keeps its ends")


def _reading(entry: _Entry) -> Reading:
    data, target = entry.data, entry.target
    first, last = _span(entry)
    return Reading(
        target=target.id,
        name=data.get("name", DEFAULT),
        quantity=data["quantity"],
        statistic=data["statistic"],
        first=first,
        last=last,
        asked=Threshold(float(data.get("value", target.value)), target.high, _tolerance(data.get("tolerance", 0))),
        other=data.get("other", ""),
        text=data["reading"],
        reason=data["reason"],
        note=data.get("note", ""),
    )


def _planned(target: Target) -> dict[str, object]:
    """The years as targets.csv has them, None where it has none; the horizon column says e.g. cumulative 2024-2027."""
    found = re.search(r"\b(\d{4})-(\d{4})\b", target.horizon)
    years = [int(found[1]), int(found[2])] if found else None
    return {"year": target.year, "base_year": target.base_year, "years": years}


def _span(entry: _Entry) -> tuple[object, object]:
    """First and last year of a reading whose statistic is known; what is not checked yet may be anything."""
    given = _planned(entry.target) | {key: entry.data[key] for key in _YEARS if key in entry.data}
    match STATISTICS[entry.data["statistic"]].years:
        case "year":
            return given["year"], given["year"]
        case "base_year":
            return given["base_year"], given["year"]
        case _:
            years = given["years"]
            return tuple(years) if _is_years(years, 2) else (None, None)


def _is_years(value: object, count: int) -> bool:
    values = value if isinstance(value, list) else [value]
    return isinstance(value, list) == (count > 1) and len(values) == count and all(type(v) is int for v in values)


def _tolerance(value: object) -> tuple[float, float] | None:
    """(below, above); None where it is no tolerance."""
    sides = value if isinstance(value, list) else [value, value]
    if len(sides) != 2 or not all((_is_number(side) and side >= 0) or side == _ANY for side in sides):
        return None
    if sides == [_ANY, _ANY]:
        return None
    below, above = (inf if side == _ANY else float(side) for side in sides)
    return below, above


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
