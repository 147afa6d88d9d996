"""What each target is taken to mean: results/readings.yaml, checked against the targets.

The wording of a plan leaves room: 5 trillion of whose output, 20 centres in all or new ones. A reading names the
predicted quantity and the statistic that a target is compared with, and why. Thresholds, units, operators and years
stay in targets.csv; a reading may repeat the years, and then they must agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from huangpu.measurement.datafile import DataError, check
from huangpu.results.probability import OPERATORS
from huangpu.results.statistics import STATISTICS
from huangpu.results.targets import Target
from huangpu.yamlfile import Document, Problem, nearest, read_yaml

_NEEDED = ("quantity", "statistic", "reading", "reason")
_KEYS = (*_NEEDED, "year", "years", "base_year", "other", "tolerance", "note", "not_modelled")
_WORDS = ("quantity", "statistic", "reading", "reason", "other", "note", "not_modelled")


@dataclass(frozen=True, slots=True)
class Reading:
    """How one target is compared. `not_modelled` is the reason why it is not, and then nothing else is set.

    first, last  the years that the statistic needs, both included; a level needs only one
    tolerance    how far from the threshold still meets "about", in the target's unit
    """

    target: str
    quantity: str = ""
    statistic: str = ""
    first: int = 0
    last: int = 0
    other: str = ""
    tolerance: float = 0.0
    text: str = ""
    reason: str = ""
    note: str = ""
    not_modelled: str = ""

    @property
    def quantities(self) -> tuple[str, ...]:
        return tuple(name for name in (self.quantity, self.other) if name)

    @property
    def years(self) -> str:
        """The years that count, as text: 2027, or 2024-2027 where each year of a span matters."""
        match self.statistic:
            case "cumulative" | "every_year":
                return f"{self.first}-{self.last}"
            case "mean_growth" | "growth_difference":
                return f"{self.first + 1}-{self.last}"
            case _:
                return str(self.last)


def read_readings(path: Path, targets: tuple[Target, ...]) -> dict[str, Reading]:
    """The reading of every target. Raises DataError with all problems, a target without reading included."""
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
        if target.id not in data:
            problems.append(
                Problem(0, (), f"target {target.id} has no reading; add one, or not_modelled with a reason")
            )
            continue
        found = list(_problems(document, target, data[target.id]))
        problems += found
        if not found:
            readings[target.id] = _reading(target, data[target.id])
    check(document, problems)
    return readings


def _problems(document: Document, target: Target, entry: object) -> Iterator[Problem]:
    at = (target.id,)

    def problem(key: str, message: str) -> Problem:
        return document.problem((*at, key) if key else at, message)

    if not isinstance(entry, dict):
        yield problem("", f"expected a mapping, found {entry!r}")
        return
    for key in entry:
        if key not in _KEYS:
            yield problem(key, "unknown key" + nearest(key, _KEYS))
    for key in _WORDS:
        if key in entry and not (isinstance(entry[key], str) and entry[key].strip()):
            yield problem(key, f"expected text, found {entry[key]!r}")
    if "not_modelled" in entry:
        for key in entry.keys() - {"not_modelled"}:
            yield problem(key, "a target that is not modelled has no other key")
        return
    missing = [key for key in _NEEDED if key not in entry]
    if missing:
        yield problem("", f"needs {', '.join(missing)}, or not_modelled with a reason")
        return
    yield from _statistic_problems(target, entry, problem)


def _statistic_problems(target: Target, entry: dict, problem) -> Iterator[Problem]:
    statistic, operator = entry["statistic"], target.operator
    if operator not in OPERATORS or target.value is None or ("between" in operator and target.high is None):
        yield problem("", f"a target with operator '{operator}' cannot be scored; say not_modelled with a reason")
        return
    if statistic not in STATISTICS:
        yield problem("statistic", f"unknown statistic '{statistic}'{nearest(str(statistic), STATISTICS)}")
        return
    if statistic != OPERATORS[operator].statistic:
        yield problem(
            "statistic", f"'{statistic}' does not fit operator '{operator}'; expected {OPERATORS[operator].statistic}"
        )
        return
    if ("other" in entry) != (statistic == "growth_difference"):
        yield problem("other", "names the quantity to compare with, for growth_difference and for nothing else")
    about = operator.endswith("~=")
    if about != ("tolerance" in entry):
        yield problem("tolerance", "is needed for '~=' targets, and for no other")
    elif about and not (_is_number(entry["tolerance"]) and entry["tolerance"] >= 0):
        yield problem("tolerance", f"expected a number of {target.unit}, found {entry['tolerance']!r}")
    span = _span(target, statistic)
    if span is None:
        yield problem("", f"targets.csv gives no years for a '{statistic}': base year or horizon is missing")
        return
    for key, years in _years(statistic, span).items():
        if key in entry and entry[key] != years:
            yield problem(key, f"{entry[key]!r} is not what targets.csv says: {years!r}")
    for key in {"year", "years", "base_year"} - _years(statistic, span).keys():
        if key in entry:
            yield problem(key, f"has no meaning for statistic '{statistic}'")


def _reading(target: Target, entry: Mapping) -> Reading:
    if "not_modelled" in entry:
        return Reading(target.id, not_modelled=entry["not_modelled"])
    first, last = _span(target, entry["statistic"])
    return Reading(
        target=target.id,
        quantity=entry["quantity"],
        statistic=entry["statistic"],
        first=first,
        last=last,
        other=entry.get("other", ""),
        tolerance=float(entry.get("tolerance", 0.0)),
        text=entry["reading"],
        reason=entry["reason"],
        note=entry.get("note", ""),
    )


def _span(target: Target, statistic: str) -> tuple[int, int] | None:
    """First and last year of a statistic as targets.csv has them; the horizon column says e.g. cumulative 2024-2027."""
    match STATISTICS[statistic].years:
        case "year":
            return target.year, target.year
        case "base_year":
            return None if target.base_year is None else (target.base_year, target.year)
        case "years":
            found = re.search(r"\b(\d{4})-(\d{4})\b", target.horizon)
            return (int(found[1]), int(found[2])) if found else None


def _years(statistic: str, span: tuple[int, int]) -> dict[str, object]:
    """The keys under which a reading may repeat its years."""
    first, last = span
    match STATISTICS[statistic].years:
        case "year":
            return {"year": last}
        case "base_year":
            return {"base_year": first, "year": last}
        case "years":
            return {"years": [first, last]}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
