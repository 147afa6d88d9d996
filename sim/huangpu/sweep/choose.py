"""Which parameters, deliveries and levers vary and over what, and what the others have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from huangpu.program import Entry, Program
from huangpu.runtime.members import Members
from huangpu.runtime.scenario import LeverWindow, Scenario
from huangpu.sweep.designs import KINDS as DESIGNS
from huangpu.sweep.factors import ENDLESS, KINDS, Distribution, Factor, quantile
from huangpu.sweep.form import ALL, FACTORS, POSTERIOR, Lever, Spread, SweepFile
from huangpu.yamlfile import Key, nearest

FILE = "file"
# prior of a column, as a posterior says it, by its first word -> what it supports
SUPPORT = {"lognormal": (0.0, inf), "logitnormal": (0.0, 1.0)}
Problems = list[tuple[Key, str]]


@dataclass(frozen=True)
class Basis:
    """What a sweep stands on. about: column of the posterior -> what its file says of it (prior, units)."""

    program: Program
    scenario: Scenario
    members: Members
    about: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def deliveries(self) -> tuple[str, ...]:
        """Columns that the scenario's windows name as the share that is carried out."""
        return tuple(dict.fromkeys(w.delivery for w in self.scenario.windows if isinstance(w.delivery, str)))

    @property
    def draws(self) -> dict[str, np.ndarray]:
        """Parameter or delivery that a run of the scenario reads from the posterior -> its draws."""
        given = {n: d for n, d in self.members.parameters.items() if n not in self.scenario.parameters}
        return given | {name: self.members.columns[name] for name in self.deliveries if name in self.members.columns}

    def support(self, name: str) -> tuple[float, float]:
        word, *numbers = str(self.about.get(name, {}).get("prior", "")).split() or [""]
        if word == "uniform" and len(numbers) == 2:
            return float(numbers[0]), float(numbers[1])
        return SUPPORT.get(word, ENDLESS)

    def calibrated(self, name: str) -> tuple[float, float]:
        """Lowest and highest value that the posterior knows, within what the prior supports."""
        draws = self.members.parameters.get(name, self.members.columns.get(name))
        low, high = self.support(name)
        return (low, high) if draws is None else (max(low, float(draws.min())), min(high, float(draws.max())))


@dataclass(frozen=True)
class Choices:
    """medians, draws: of what does not vary, draws where `others` says so, else empty; notes: for people."""

    factors: tuple[Factor, ...]
    medians: Mapping[str, float]
    draws: Mapping[str, np.ndarray]
    notes: tuple[str, ...]


def choose(form: SweepFile, basis: Basis, columns: Iterable[str]) -> tuple[Choices, Problems]:
    """The factors in the order of the file, parameters before levers; and what is wrong, at keys of the sweep file.

    columns: of the file of the design `file`, which are its factors; else none.
    """
    problems: Problems = []
    factors = [*_parameters(form, basis, problems), *_levers(form, basis, problems)]
    if form.design.kind == FILE:
        factors = list(_columns(columns, basis, problems))
        for key in ("vary", "levers"):
            if getattr(form, key):
                problems.append(
                    ((key,), "the file's columns are what varies; leave this out, or choose another design")
                )
    elif not factors and not problems:
        problems.append(((), "nothing varies; expected `vary` or `levers`"))
    problems += [*_listed_twice(form), *_repeated(factors)]
    problems += _others(form, basis)
    varied = {factor.name for factor in factors}
    for name in basis.deliveries:
        if name not in varied and name not in basis.members.columns:
            known = [*basis.members.columns]
            message = f"'{name}' is what is delivered of a plan there, but no column of the posterior"
            problems.append((("base",), f"{message}{nearest(name, known)}; give it under `vary`"))
    rest = {name: draws for name, draws in basis.draws.items() if name not in varied}
    medians = {name: float(np.median(draws)) for name, draws in rest.items()}
    notes = tuple(_notes(form, basis, factors, len(rest)))
    return Choices(tuple(factors), medians, rest if form.others == POSTERIOR else {}, notes), problems


# -- parameters and deliveries ----------------------------------------------------------------------------------------


def _parameters(form: SweepFile, basis: Basis, problems: Problems) -> Iterator[Factor]:
    named = not isinstance(form.vary, list)
    given = dict(form.vary.items()) if named else dict.fromkeys(form.vary, POSTERIOR)
    if form.design.kind == POSTERIOR and not given:
        given = {ALL: POSTERIOR}
    places = {name: ("vary", name) if named else ("vary", form.vary.index(name)) for name in given if form.vary}
    for name, spread in given.items():
        key = places.get(name, ("vary",))
        ids = _rest(given, basis) if name == ALL else _ids(name, basis)
        if isinstance(ids, str):
            problems.append((key, ids))
            continue
        for id in ids:
            made = _distribution(id, spread, basis)
            if isinstance(made, str):
                problems.append((key, made))
                break
            yield _parameter(id, made, basis)


def _rest(given: Iterable[str], basis: Basis) -> list[str] | str:
    """What `all` means: everything that the posterior knows and the run reads, less what is named beside it."""
    if not basis.draws:
        return f"the scenario has no posterior (its `posterior` is none), so `{ALL}` is nothing"
    named = [_ids(name, basis) for name in given if name != ALL]
    taken = {id for ids in named if isinstance(ids, list) for id in ids}
    return [id for id in basis.draws if id not in taken]


def _ids(name: str, basis: Basis) -> list[str] | str:
    """Constants or the delivery that a name means, or what is wrong with it."""
    if name in basis.deliveries:
        return [name]
    program = basis.program
    rows = [entry for entry in program.rows if not entry.hidden and name in (entry.id, entry.base)]
    constants = _constants(program)
    if not rows:
        known = [*constants, *{program.rows[row].base for row, _ in program.constants}, *basis.deliveries, ALL]
        return f"the model has no parameter '{name}', nor does the scenario name such a delivery{nearest(name, known)}"
    driven = {program.rows[row].id for row in program.driven}
    if any(entry.id in driven for entry in rows):
        return f"'{name}' is driven through time; a lever goes under `levers`, a driver into the scenario"
    if any(entry.id not in constants for entry in rows):
        return f"'{name}' is of kind {rows[0].kind} in the model, expected a constant"
    return [entry.id for entry in rows]


def _constants(program: Program) -> dict[str, float]:
    return {program.rows[row].id: value for row, value in program.constants}


def _distribution(id: str, spread: str | Spread, basis: Basis) -> Distribution | str:
    support = basis.support(id)
    if spread == POSTERIOR:
        draws = basis.members.parameters.get(id, basis.members.columns.get(id))
        if draws is None:
            return f"the posterior knows nothing of '{id}'; give {{low, high}} or another distribution"
        return Distribution(POSTERIOR, (), support, np.sort(draws))
    kind = KINDS[spread.distribution]
    given = {k: v for k in Spread.model_fields if k != "distribution" and (v := getattr(spread, k)) is not None}
    if set(given) != set(kind.numbers):
        found = ", ".join(given) or "nothing"
        return f"{spread.distribution} takes {', '.join(kind.numbers[:-1])} and {kind.numbers[-1]}, found {found}"
    numbers = tuple(given[name] for name in kind.numbers)
    if wrong := kind.check(*numbers):
        return wrong
    low, high = support
    if kind.share is None and not low <= numbers[0] < numbers[-1] <= high:
        found = f"goes from {numbers[0]:g} to {numbers[-1]:g}"
        return f"{found}, expected values that the prior of '{id}' supports, {low:g} to {high:g}"
    made = Distribution(spread.distribution, numbers, support)
    ends = quantile(made, np.array([0.0, 0.5, 1.0]))
    if not (np.isfinite(ends).all() and low <= ends[0] < ends[2] <= high):
        shown = f"{ends[0]:g} to {ends[2]:g}"
        return f"gives values from {shown}, expected different, finite ones that the prior of '{id}' supports"
    return made


def _parameter(id: str, distribution: Distribution, basis: Basis) -> Factor:
    calibrated, draws = basis.calibrated(id), basis.members.parameters.get(id, basis.members.columns.get(id))
    own = _constants(basis.program).get(id, 1.0)
    base = basis.scenario.parameters.get(id, own if draws is None else float(np.median(draws)))
    if id in basis.deliveries:
        return Factor(id, "column", distribution, f"Share delivered: {id}", "", base, calibrated)
    entry = next(entry for entry in basis.program.rows if entry.id == id)
    return Factor(id, "parameter", distribution, entry.label, entry.units, base, calibrated)


# -- levers -----------------------------------------------------------------------------------------------------------


def _levers(form: SweepFile, basis: Basis, problems: Problems) -> Iterator[Factor]:
    named = not isinstance(form.levers, list)
    given = dict(form.levers.items()) if named else dict.fromkeys(form.levers, Lever())
    for name, lever in given.items():
        key = ("levers", name) if named else ("levers", form.levers.index(name))
        entries = _driven(name, basis)
        names = [n for n in _moved(lever.plan, basis) if n not in given] if name == ALL else [name]
        if isinstance(entries, str) and name != ALL:
            problems.append((key, entries))
        elif lever.plan and not any(plan_of(w) == lever.plan for w in basis.scenario.levers):
            plans = dict.fromkeys(filter(None, map(plan_of, basis.scenario.levers)))
            message = f"the scenario has no window of plan '{lever.plan}'{nearest(lever.plan, plans)}"
            problems.append(((*key, "plan"), f"{message}; its plans are {', '.join(plans) or 'none'}"))
        elif not names:
            problems.append((key, f"the scenario moves no other lever, so `{ALL}` is nothing"))
        else:
            for each in names:
                yield from _lever(each, lever, basis, (*key, "plan"), problems)


def plan_of(window: LeverWindow) -> str:
    """The plan that a window of a scenario comes from, "" of none."""
    return window.stream.partition("|")[2].rpartition("|")[0]


def _moved(plan: str, basis: Basis) -> list[str]:
    bases = {entry.id: entry.base or entry.id for entry in basis.program.rows}
    return list(dict.fromkeys(bases[w.lever] for w in basis.scenario.levers if plan in ("", plan_of(w))))


def _driven(name: str, basis: Basis) -> list[Entry] | str:
    """The elements of a lever, or what is wrong with its name."""
    driven = [basis.program.rows[row] for row in basis.program.driven]
    drivers = {entry.id for entry in driven if entry.base in basis.program.views.get("Drivers", ())}
    found = [entry for entry in driven if name in (entry.id, entry.base)]
    known = [entry.base or entry.id for entry in driven if entry.id not in drivers]
    if not found:
        return f"the model has no lever '{name}'{nearest(name, [*known, ALL])}"
    return f"'{name}' is a driver and no lever; move it in the scenario" if found[0].id in drivers else found


def _lever(name: str, lever: Lever, basis: Basis, key: Key, problems: Problems) -> Iterator[Factor]:
    entries = _driven(name, basis)
    ids = tuple(entry.id for entry in entries)
    windows = [w for w in basis.scenario.levers if w.lever in ids and lever.plan in ("", plan_of(w))]
    if lever.plan and not windows:
        problems.append((key, f"plan '{lever.plan}' has no window of '{name}' in the scenario"))
        return
    label = basis.program.labels.get(entries[0].base, entries[0].label)
    units = f"times what {lever.plan or 'the scenario'} delivers" if windows else entries[0].units
    distribution = Distribution("uniform", (lever.low, lever.high))
    rest = _constants(basis.program).get(ids[0], 0.0)
    yield Factor(
        name,
        "lever",
        distribution,
        f"{'Lever' if windows else 'Strength of lever'}: {label}",
        units,
        1.0 if windows else rest,
        ids=ids,
        plan=lever.plan,
    )


# -- columns of a file ------------------------------------------------------------------------------------------------


def _columns(columns: Iterable[str], basis: Basis, problems: Problems) -> Iterator[Factor]:
    """The factors of a design `file`; their distribution is what stands in the file, so it is never asked for."""
    for name in columns:
        key = ("design", "path")
        if not isinstance(_driven(name, basis), str):
            for factor in _lever(name, Lever(), basis, key, problems):
                yield replace(factor, distribution=Distribution(FILE))
            continue
        ids = _ids(name, basis)
        if isinstance(ids, str) or ids != [name]:
            what = ids if isinstance(ids, str) else f"has elements; name one of them, such as '{ids[0]}'"
            problems.append((key, f"column '{name}': {what}"))
            continue
        yield _parameter(name, Distribution(FILE), basis)


# -- rules and notes --------------------------------------------------------------------------------------------------


def _listed_twice(form: SweepFile) -> Iterator[tuple[Key, str]]:
    for section in ("vary", "levers"):
        names = getattr(form, section)
        for place, name in enumerate(names if isinstance(names, list) else ()):
            if name in names[:place]:
                yield (section, place), f"'{name}' stands there twice; name it once"


def _repeated(factors: list[Factor]) -> Iterator[tuple[Key, str]]:
    seen: dict[str, str] = {}
    for factor in factors:
        section = "levers" if factor.kind == "lever" else "vary"
        for id in factor.ids or (factor.name,):
            if id in seen:
                what = f"'{id}' varies twice" + (f", as '{seen[id]}' and as '{factor.name}'" if factor.ids else "")
                yield (section,), f"{what}; name it once"
            seen[id] = factor.name
    if len(factors) > FACTORS:
        yield ("vary",), f"{len(factors):,} factors, expected at most {FACTORS:,}"


def _others(form: SweepFile, basis: Basis) -> Iterator[tuple[Key, str]]:
    if form.others != POSTERIOR:
        return
    if not basis.draws:
        yield ("others",), "the scenario has no posterior (its `posterior` is none), expected median"
    if not DESIGNS[form.design.kind].others:
        kinds = ", ".join(name for name, kind in DESIGNS.items() if kind.others)
        message = f"{form.design.kind} takes members apart by the factors alone, so the others must stand still"
        yield ("others",), f"{message}; expected median, or one of the designs {kinds}"


def _notes(form: SweepFile, basis: Basis, factors: list[Factor], rest: int) -> Iterator[str]:
    yield "the model's own response: drivers as the scenario has them, none drawn, and no discrepancy is added"
    for units in dict.fromkeys(factor.units for factor in factors if factor.units.startswith("times ")):
        yield f"a lever is {units}: 0 is none of it, 1 is as the scenario has it"
    if rest and form.others != POSTERIOR:
        yield f"{rest} parameters and deliveries that do not vary stand at their posterior medians"
    mine = [factor.name for factor in factors if factor.distribution.kind == POSTERIOR]
    if DESIGNS[form.design.kind].independent and len(mine) > 1:
        draws = np.array([basis.draws[n] if n in basis.draws else basis.members.parameters[n] for n in mine])
        with np.errstate(all="ignore"):
            related = np.nan_to_num(np.corrcoef(draws)) - np.eye(len(mine))
        i, j = np.unravel_index(np.argmax(np.abs(related)), related.shape)
        yield (
            f"{form.design.kind} needs independent inputs: {len(mine)} factors vary by their posterior marginals, and "
            f"how they go together is left out (most: {mine[i]} and {mine[j]}, correlation {related[i, j]:.2f})"
        )
    for factor in factors:
        if factor.kind == "parameter" and factor.name in basis.scenario.parameters:
            yield f"{factor.name} is {factor.base:g} in the scenario and varies here"
