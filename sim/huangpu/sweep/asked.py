"""What a sweep file asks to keep of each member, checked against the model, the figures and the targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from huangpu.measurement.metrics import Metrics
from huangpu.program import Program
from huangpu.results import Questions
from huangpu.sweep.expressions import ExpressionError, Point, parse
from huangpu.sweep.expressions import points as points_of
from huangpu.sweep.form import ALL, OUTPUTS, OutputsForm
from huangpu.sweep.outputs import Aim, Figure, Output, Reader, closure, reader
from huangpu.yamlfile import Key, nearest

Problems = list[tuple[Key, str]]


@dataclass(frozen=True)
class Known:
    """What outputs may speak of. metrics and questions are read where a file asks for them."""

    program: Program
    end: float
    metrics: Callable[[], Metrics]
    questions: Callable[[], Questions]


def plan_outputs(form: OutputsForm, known: Known) -> tuple[Reader | None, Problems]:
    """The reader of all that is asked for, or None; and what is wrong, at keys of the sweep file."""
    found: list[Output] = []
    problems: Problems = []
    for make in (_variables, _metrics, _targets, _expressions):
        outputs, wrong = make(form, known)
        found += outputs
        problems += wrong
    seen = set()
    for output in found:
        if output.name in seen:
            problems.append((("outputs",), f"'{output.name}' is asked for twice"))
        seen.add(output.name)
    if len(found) > OUTPUTS:
        problems.append((("outputs",), f"are {len(found):,} numbers a member, expected at most {OUTPUTS:,}"))
    return (None, problems) if problems else (reader(tuple(found), known.program, known.end, known.metrics), [])


def _listed(years: float | list[float]) -> list[float]:
    return years if isinstance(years, list) else [years]


def _variables(form: OutputsForm, known: Known) -> tuple[list[Output], Problems]:
    names = _elements(known.program)
    found, problems = [], []
    for name, years in form.variables.items():
        key = ("outputs", "variables", name)
        if name not in names:
            problems.append((key, f"the model has no variable '{name}'{nearest(name, names)}"))
            continue
        for year in dict.fromkeys(_listed(years)):
            if wrong := _wrong_time(year, known):
                problems.append((key, wrong))
                continue
            for id in names[name]:
                entry = next(e for e in known.program.rows if e.id == id)
                label = f"{entry.label} at {year:.10g}"
                found.append(Output(f"{id}@{year:.10g}", label, entry.units, "variable", Point(id, year)))
    return found, problems


def _metrics(form: OutputsForm, known: Known) -> tuple[list[Output], Problems]:
    found, problems = [], []
    quantities = known.metrics().quantities if form.metrics else {}
    for name, years in form.metrics.items():
        key = ("outputs", "metrics", name)
        if name not in quantities:
            problems.append((key, f"metrics.yaml has no quantity '{name}'{nearest(name, quantities)}"))
            continue
        for year in dict.fromkeys(_listed(years)):
            if wrong := _wrong_years(year, year, known) or _lacking([name], known):
                problems.append((key, wrong))
                continue
            quantity = quantities[name]
            label = f"{quantity.label or name} in {year:g}"
            found.append(Output(f"metric.{name}@{year:g}", label, quantity.unit, "metric", Figure(name, int(year))))
    return found, problems


def _targets(form: OutputsForm, known: Known) -> tuple[list[Output], Problems]:
    found, problems = [], []
    questions = known.questions() if form.targets else None
    for position, name in enumerate(dict.fromkeys(form.targets)):
        key = ("outputs", "targets", position)
        chosen = [t for t in questions.targets if name in (t.id, t.plan, ALL)]
        if not chosen:
            near = nearest(name, [*(t.id for t in questions.targets), *questions.plans])
            problems.append((key, f"targets.csv has no target or plan '{name}'{near}"))
        for target in chosen:
            if target.left_out:
                if name == target.id:
                    problems.append((key, f"'{name}' is not modelled: {target.left_out}"))
                continue
            reading = questions.readings[target.id][0]
            wrong = _wrong_years(reading.first, reading.last, known) or _lacking(reading.quantities, known)
            if wrong:
                problems.append((key, f"target '{target.id}': {wrong}"))
                continue
            label = f"{target.label}, {reading.years}"
            found.append(Output(target.id, label, target.unit, "target", Aim(reading, target.operator)))
            met = Aim(reading, target.operator, met=True)
            found.append(Output(f"{target.id}.met", f"{label}: met", "", "target", met))
    return found, problems


def _expressions(form: OutputsForm, known: Known) -> tuple[list[Output], Problems]:
    names = _elements(known.program)
    found, problems = [], []
    for name, text in form.expressions.items():
        key = ("outputs", "expressions", name)
        try:
            tree = parse(text)
        except ExpressionError as error:
            problems.append((key, str(error)))
            continue
        wrong = [message for point in dict.fromkeys(points_of(tree)) for message in _wrong_point(point, names, known)]
        problems += [(key, message) for message in wrong]
        if not wrong:
            found.append(Output(name, f"{name} = {' '.join(text.split())}", "", "expression", tree))
    return found, problems


def _elements(program: Program) -> dict[str, list[str]]:
    """Name of a variable or an element -> ids of its elements."""
    names: dict[str, list[str]] = {}
    for entry in program.rows:
        if not entry.hidden:
            for name in dict.fromkeys((entry.id, entry.base or entry.id)):
                names.setdefault(name, []).append(entry.id)
    return names


def _wrong_point(point: Point, names: Mapping[str, list[str]], known: Known) -> Iterable[str]:
    if point.id not in names:
        yield f"the model has no variable '{point.id}'{nearest(point.id, names)}"
    elif names[point.id] != [point.id]:
        yield f"'{point.id}' has elements; name one of them, such as '{names[point.id][0]}'"
    elif wrong := _wrong_time(point.time, known):
        yield wrong


def _wrong_time(year: float, known: Known) -> str:
    first, dt = known.program.initial_time, known.program.time_step
    if not first <= year <= known.end:
        return f"found {year:.10g}, expected a year of the scenario, {first:g} to {known.end:g}"
    steps = (year - first) / dt
    return "" if abs(steps - round(steps)) < 1e-6 else f"found {year:.10g}, which is no step of {dt:g} from {first:g}"


def _wrong_years(first: float, last: float, known: Known) -> str:
    begin, end = ceil(known.program.initial_time), int(known.end + 1e-9) - 1
    if first != int(first):
        return f"found {first:g}, expected a calendar year"
    if begin <= first and last <= end:
        return ""
    found = f"{first:g}" if first == last else f"{first:g} to {last:g}"
    return f"found {found}, expected whole years of the scenario, {begin} to {end}"


def _lacking(quantities: Iterable[str], known: Known) -> str:
    """What the model lacks to give figures, if it is another model than metrics.yaml speaks of."""
    ids = {entry.id for entry in known.program.rows}
    for quantity in closure(known.metrics(), quantities).values():
        if quantity.variable is not None and quantity.variable not in ids:
            return f"the model has no '{quantity.variable}', which metrics.yaml reads it from"
    return ""
