"""A scenario against the compiled model: names, units, years."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from huangpu.program import Entry, Program
from huangpu.runtime.scenario.data import LeverWindow, Scenario
from huangpu.runtime.scenario.form import Quantity, Window
from huangpu.runtime.scenario.places import MOST
from huangpu.yamlfile import Key, nearest

_TINY = 1e-9  # years; two times this close are the same
STRONGEST = 10.0  # times what a plan states; beyond, the model says nothing
DRIVERS = "Drivers"  # the view of what is driven but is no lever: it may be of any size and sign
ONE = {"levers": "lever", "drivers": "driver"}  # what stands under a key of the scenario


def check(scenario: Scenario, program: Program) -> Scenario:
    """The scenario with the model's horizon filled in and names of arrays spelt out element by element.

    Raises ScenarioError with every name that the model does not have, unit that is not its unit, and year outside it.
    """
    names = _Names(program)
    problems = list(islice(_mismatches(scenario, names), MOST + 1))
    if problems:
        raise scenario.error(problems)

    def elements(windows: tuple[LeverWindow, ...]) -> tuple[LeverWindow, ...]:
        return tuple(replace(w, lever=e.id) for w in windows for e in names.elements[w.lever])

    return replace(
        scenario,
        start=program.initial_time,
        end=program.final_time if scenario.end is None else scenario.end,
        parameters={e.id: value for name, value in scenario.parameters.items() for e in names.elements[name]},
        levers=elements(scenario.levers),
        drivers=elements(scenario.drivers),
    )


class _Names:
    """A program's rows by the names that a scenario may use: ids of single elements and of whole variables."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.elements: dict[str, list[Entry]] = {}
        for entry in (e for e in program.rows if not e.hidden):
            for name in dict.fromkeys((entry.id, entry.base or entry.id)):
                self.elements.setdefault(name, []).append(entry)
        self.default = {program.rows[row].id: value for row, value in program.constants}
        driven = [program.rows[row] for row in program.driven]
        drivers = set(program.views.get(DRIVERS, ()))
        self.of = {
            "levers": {entry.id for entry in driven if entry.base not in drivers},
            "drivers": {entry.id for entry in driven if entry.base in drivers},
        }

    def where(self, kept: Callable[[Entry], bool]) -> list[str]:
        return [name for name, entries in self.elements.items() if all(kept(e) for e in entries)]


def _mismatches(scenario: Scenario, names: _Names) -> Iterator[tuple[Key, str]]:
    yield from _horizon_mismatches(scenario, names.program)
    yield from _save_mismatches(scenario, names)
    yield from _parameter_mismatches(scenario, names)
    for section, courses in (("levers", scenario.form.levers), ("drivers", scenario.form.drivers)):
        for name, given in courses.items():
            yield from _course_mismatches(section, name, given, names)


def _horizon_mismatches(scenario: Scenario, program: Program) -> Iterator[tuple[Key, str]]:
    first, last, dt = program.initial_time, program.final_time, program.time_step
    if scenario.start is not None and abs(scenario.start - first) > _TINY:
        yield ("horizon", "start"), f"found {scenario.start:g}, expected {first:g}, the model's first year"
    if scenario.end is not None and not first < scenario.end <= last + _TINY:
        yield ("horizon", "end"), f"found {scenario.end:g}, expected a year after {first:g} up to {last:g}"
    elif scenario.end is not None and not _whole((scenario.end - first) / dt):
        yield ("horizon", "end"), f"found {scenario.end:g}, expected a whole number of steps of {dt:g} year"
    if not _whole(scenario.save_every / dt):
        yield ("save", "every"), f"found {scenario.save_every:g}, expected a multiple of the model's step {dt:g} year"


def _save_mismatches(scenario: Scenario, names: _Names) -> Iterator[tuple[Key, str]]:
    for position, name in enumerate(scenario.form.save.variables):
        if name not in names.elements:
            key = ("save", "variables", position)
            yield key, f"the model has no variable '{name}'{nearest(name, names.elements)}"


def _parameter_mismatches(scenario: Scenario, names: _Names) -> Iterator[tuple[Key, str]]:
    for name, given in scenario.form.parameters.items():
        key = ("parameters", name)
        if name not in names.elements:
            known = names.where(lambda e: e.id in names.default)
            yield key, f"the model has no parameter '{name}'{nearest(name, known)}"
        elif any(e.id not in names.default for e in names.elements[name]):
            yield key, f"is {_a(names.elements[name][0].kind)} of the model, expected a constant"
        elif isinstance(given, Quantity):
            yield from _unit_mismatch((*key, "unit"), given.unit, names.elements[name][0])


def _course_mismatches(
    section: str, name: str, given: float | list[Window], names: _Names
) -> Iterator[tuple[Key, str]]:
    key, one = (section, name), ONE[section]
    if name not in names.elements:
        known = names.where(lambda e: e.id in names.of[section])
        yield key, f"the model has no {one} '{name}'{nearest(name, known)}"
        return
    entry = names.elements[name][0]
    if any(e.id not in names.of[section] for e in names.elements[name]):
        kind, place = _what(entry, names)
        yield key, f"is {_a(kind)} of the model, expected a {one}{place and f'; give it under `{place}`'}"
        return
    if section == "levers":
        yield from _strength_mismatches(key, given)
    windows = given if isinstance(given, list) else []
    rest = names.default.get(entry.id, 0.0)
    if rest != 0 and windows and (len(windows) > 1 or windows[0].series is None):
        yield key, f"rests at {rest:g} in the model, so windows that begin at 0 do not fit it; give one series"
    for position, window in enumerate(windows):
        at = (*key, position)
        if window.unit is not None:
            yield from _unit_mismatch((*at, "unit"), window.unit, entry)
        years = {"start": window.start, "end": window.end}
        for name, year in years.items():
            yield from _year_mismatch((*at, name), year, names.program)
        for text in window.series or {}:
            yield from _year_mismatch((*at, "series", text), float(text), names.program)


def _what(entry: Entry, names: _Names) -> tuple[str, str]:
    """What a model's row is called, and the key under which a scenario sets it, if it can."""
    for section, one in ONE.items():
        if entry.id in names.of[section]:
            return one, section
    return entry.kind, "parameters" if entry.id in names.default else ""


def _strength_mismatches(key: Key, given: float | list[Window]) -> Iterator[tuple[Key, str]]:
    if not isinstance(given, list):
        strengths = {key: given}
    else:
        strengths = {(*key, position, "hold"): window.hold for position, window in enumerate(given)}
        for position, window in enumerate(given):
            strengths |= {(*key, position, "series", year): value for year, value in (window.series or {}).items()}
    for at, strength in strengths.items():
        if not 0 <= strength <= STRONGEST:
            yield at, f"found {strength:g}, expected a strength from 0 to {STRONGEST:g} (1 = as the plan states it)"


def _year_mismatch(key: Key, year: float | None, program: Program) -> Iterator[tuple[Key, str]]:
    if year is not None and not program.initial_time <= year <= program.final_time:
        span = f"{program.initial_time:g} to {program.final_time:g}"
        yield key, f"found {year:g}, expected a year of the model, {span}"


def _unit_mismatch(key: Key, unit: str, entry: Entry) -> Iterator[tuple[Key, str]]:
    if _plain_unit(unit) != _plain_unit(entry.units):
        yield key, f"found '{unit}', expected '{entry.units or 'dmnl'}', the unit of {entry.label} in the model"


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _plain_unit(unit: str) -> str:
    text = "".join(unit.split()).lower()
    return "" if text in ("1", "dmnl", "dimensionless") else text


def _whole(value: float) -> bool:
    return value > 0.5 and abs(value - round(value)) < 1e-6
