"""What of each member is kept: variables, reported figures, targets, formulas, one number each.

`plan_outputs` checks what a sweep file asks for and says what the kernel has to save; `read_outputs` makes the outputs
of what it saved. Figures and targets are the model's own: read off the run as reported figures are, without what the
model is known to miss of them (no discrepancy), so that a factor's effect is the model's and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from huangpu.measurement import Layer, Simulated, predict
from huangpu.measurement.layer import Requirements
from huangpu.measurement.metrics import Metrics
from huangpu.program import Program
from huangpu.results import Questions, Reading
from huangpu.results.scorecard import met_by
from huangpu.runtime.ensemble import Saving, annual_means, points
from huangpu.sweep.expressions import ExpressionError, Point, Tree, compute, parse
from huangpu.sweep.expressions import points as points_of
from huangpu.sweep.form import ALL, OUTPUTS, OutputsForm
from huangpu.yamlfile import Key, nearest

Array = np.ndarray


@dataclass(frozen=True)
class Figure:
    """A quantity of metrics.yaml in a calendar year."""

    quantity: str
    year: int


@dataclass(frozen=True)
class Aim:
    """A target under its default reading: the number that decides, or with `met` whether it is met, 0 or 1."""

    reading: Reading
    operator: str
    met: bool = False


Source = Tree | Figure | Aim


@dataclass(frozen=True)
class Output:
    """kind: "variable", "metric", "target" or "expression"; source: what it is made of."""

    name: str
    label: str
    units: str
    kind: str
    source: Source | None = None


@dataclass(frozen=True)
class Reader:
    """How outputs come out of a run.

    end       to which the run goes, in years: no further than they need
    savings   what the kernel saves: variables at points in time, those that share their times together; then means of
              figures over the years, then their values at the years' ends
    at        (saving, row, slot) of each point in time
    layer     the figures that are needed and those they are made of; years: of the figures, one after the other
    """

    outputs: tuple[Output, ...]
    end: float
    savings: tuple[Saving, ...]
    at: Mapping[Point, tuple[int, int, int]]
    layer: Layer | None
    years: tuple[int, ...]


def read_outputs(reader: Reader, arrays: Sequence[Array], size: int) -> Array:
    """(member, output) of the arrays that the savings gave."""
    values = {point: arrays[saving][row, slot] for point, (saving, row, slot) in reader.at.items()}
    figures = None
    if reader.layer is not None:
        years, needs = np.array(reader.years), reader.layer.requirements()
        annual, ends = arrays[-2], arrays[-1]
        run = Simulated(
            years,
            dict(zip(needs.annual, annual, strict=True)),
            np.append(years, years[-1] + 1.0),
            dict(zip(needs.points, ends, strict=True)),
        )
        figures = predict(reader.layer, run, {}, 0, discrepancy=False)
    outputs = np.empty((size, len(reader.outputs)))
    for column, output in zip(outputs.T, reader.outputs, strict=True):
        match output.source:
            case Figure(quantity, year):
                column[:] = figures.values[quantity][year - reader.years[0]]
            case Aim(reading, operator, met):
                numbers, finite, reached = met_by(figures, reading, operator)
                column[:] = np.where(finite, reached if met else numbers, np.nan)
            case tree:
                column[:] = compute(tree, values)
    return outputs


# -- what a file asks for ---------------------------------------------------------------------------------------------

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
    return (None, problems) if problems else (_reader(tuple(found), known), [])


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
                label = f"{entry.label} at {year:g}"
                found.append(Output(f"{id}@{year:g}", label, entry.units, "variable", Point(id, year)))
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
            found.append(Output(name, " ".join(text.split()), "", "expression", tree))
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
        return f"found {year:g}, expected a year of the scenario, {first:g} to {known.end:g}"
    steps = (year - first) / dt
    return "" if abs(steps - round(steps)) < 1e-6 else f"found {year:g}, which is no step of {dt:g} from {first:g}"


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
    for quantity in _closure(known.metrics(), quantities).values():
        if quantity.variable is not None and quantity.variable not in ids:
            return f"the model has no '{quantity.variable}', which metrics.yaml reads it from"
    return ""


# -- what the kernel saves --------------------------------------------------------------------------------------------


def _closure(metrics: Metrics, names: Iterable[str]) -> dict:
    """The quantities with all that they are made of, in file order."""
    needed, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += metrics.quantities[name].parts
    return {name: quantity for name, quantity in metrics.quantities.items() if name in needed}


def _reader(outputs: tuple[Output, ...], known: Known) -> Reader:
    program = known.program
    trees = [o.source for o in outputs if not isinstance(o.source, Figure | Aim)]
    at = dict.fromkeys(point for tree in trees for point in points_of(tree))
    layer, years = _figures(outputs, known)
    last = max([point.time for point in at] + [year + 1.0 for year in years[-1:]], default=program.initial_time)
    steps = max(1, ceil((last - program.initial_time) / program.time_step - 1e-6))
    end = min(known.end, program.initial_time + program.time_step * steps)
    savings, places = _point_savings(program, at, end)
    if layer is not None:
        needs: Requirements = layer.requirements()
        savings.append(Saving(needs.annual, *annual_means(program, years, final_time=end)))
        savings.append(Saving(needs.points, *points(program, [*years, years[-1] + 1], final_time=end)))
    return Reader(outputs, end, tuple(savings), places, layer, years)


def _point_savings(
    program: Program, at: Iterable[Point], end: float
) -> tuple[list[Saving], dict[Point, tuple[int, int, int]]]:
    begin, dt = program.initial_time, program.time_step
    step = {point: round((point.time - begin) / dt) for point in at}
    steps: dict[str, set[int]] = {}
    for point, when in step.items():
        steps.setdefault(point.id, set()).add(when)
    together: dict[tuple[int, ...], list[str]] = {}
    for id, of_id in steps.items():
        together.setdefault(tuple(sorted(of_id)), []).append(id)
    savings = [
        Saving(tuple(ids), *points(program, [begin + dt * k for k in when], final_time=end))
        for when, ids in together.items()
    ]
    rows = {
        (id, k): (saving, row, slot)
        for saving, (when, ids) in enumerate(together.items())
        for row, id in enumerate(ids)
        for slot, k in enumerate(when)
    }
    return savings, {point: rows[point.id, k] for point, k in step.items()}


def _figures(outputs: tuple[Output, ...], known: Known) -> tuple[Layer | None, tuple[int, ...]]:
    """The layer of the figures that outputs need, and the years from the first needed to the last."""
    wanted: dict[str, list[int]] = {}
    for output in outputs:
        match output.source:
            case Figure(quantity, year):
                wanted.setdefault(quantity, []).append(year)
            case Aim(reading):
                for quantity in reading.quantities:
                    wanted.setdefault(quantity, []).extend((reading.first, reading.last))
    if not wanted:
        return None, ()
    metrics, start = known.metrics(), known.program.initial_time
    quantities = _closure(metrics, wanted)
    first, last = (pick(year for years in wanted.values() for year in years) for pick in (min, max))
    if any(quantity.keeps is not None for quantity in quantities.values()):
        first = ceil(start)  # what it keeps of a year goes back to the first one
    layer = Layer(replace(metrics, quantities=quantities), start, (), (), ())
    return layer, tuple(range(first, last + 1))
