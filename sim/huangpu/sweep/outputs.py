"""What of each member is kept: variables, reported figures, targets, formulas, one number each.

`reader` says what the kernel has to save, `read_outputs` makes the outputs of what it saved; what a sweep file asks for
is checked in `asked`. Figures and targets are the model's own: read off the run as reported figures are, without what
the model is known to miss of them (no discrepancy), so that a factor's effect is the model's and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from huangpu.measurement import Layer, Predictions, Simulated, predict
from huangpu.measurement.metrics import Metrics
from huangpu.program import Program
from huangpu.results import Reading
from huangpu.results.scorecard import met_by
from huangpu.runtime.ensemble import Saving, annual_means, points
from huangpu.sweep.expressions import Point, Tree, compute
from huangpu.sweep.expressions import points as points_of

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
class Figures:
    """The quantities that are needed together with those they are made of, as a layer without rows; calendar years, one
    after the other; the first of the two savings that they are read from."""

    layer: Layer
    years: tuple[int, ...]
    saving: int


@dataclass(frozen=True)
class Reader:
    """How outputs come out of a run.

    end       to which the run goes, in years: no further than they need
    savings   what the kernel saves: variables at points in time, those that share their times together; then for each
              of `figures` means over its years, and values at the years' ends
    at        (saving, row, slot) of each point in time
    of        of a figure or target, which of `figures` it is read from
    """

    outputs: tuple[Output, ...]
    end: float
    savings: tuple[Saving, ...]
    at: Mapping[Point, tuple[int, int, int]]
    figures: tuple[Figures, ...]
    of: Mapping[Figure | Aim, int]


def read_outputs(reader: Reader, arrays: Sequence[Array], size: int) -> Array:
    """(member, output) of the arrays that the savings gave."""
    values = {point: arrays[saving][row, slot] for point, (saving, row, slot) in reader.at.items()}
    figures = [_predicted(needed, arrays) for needed in reader.figures]
    outputs = np.empty((size, len(reader.outputs)))
    for column, output in zip(outputs.T, reader.outputs, strict=True):
        match output.source:
            case Figure(quantity, year) as source:
                found = figures[reader.of[source]]
                column[:] = found.values[quantity][year - found.years[0]]
            case Aim(reading, operator, met) as source:
                numbers, finite, reached = met_by(figures[reader.of[source]], reading, operator)
                column[:] = np.where(finite, reached if met else numbers, np.nan)
            case tree:
                column[:] = compute(tree, values)
    return outputs


def _predicted(figures: Figures, arrays: Sequence[Array]) -> Predictions:
    years, needs = np.array(figures.years), figures.layer.requirements()
    annual, ends = arrays[figures.saving : figures.saving + 2]
    run = Simulated(
        years,
        dict(zip(needs.annual, annual, strict=True)),
        np.append(years, years[-1] + 1.0),
        dict(zip(needs.points, ends, strict=True)),
    )
    return predict(figures.layer, run, {}, 0, discrepancy=False)


# -- what the kernel saves --------------------------------------------------------------------------------------------


def closure(metrics: Metrics, names: Iterable[str]) -> dict:
    """The quantities with all that they are made of, in file order."""
    needed, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += metrics.quantities[name].parts
    return {name: quantity for name, quantity in metrics.quantities.items() if name in needed}


def reader(outputs: tuple[Output, ...], program: Program, end: float, metrics: Callable[[], Metrics]) -> Reader:
    """How the outputs, which have been checked, come out of a run to `end` at most; metrics are read where needed."""
    trees = [o.source for o in outputs if not isinstance(o.source, Figure | Aim)]
    at = dict.fromkeys(point for tree in trees for point in points_of(tree))
    needed, of = _figures(outputs, program, metrics)
    lasts = [point.time for point in at] + [years[-1] + 1.0 for _, years in needed]
    steps = max([1, *(ceil((last - program.initial_time) / program.time_step - 1e-6) for last in lasts)])
    end = min(end, program.initial_time + program.time_step * steps)
    savings, places = _point_savings(program, at, end)
    figures = []
    for layer, years in needed:
        figures.append(Figures(layer, years, len(savings)))
        needs = layer.requirements()
        savings.append(Saving(needs.annual, *annual_means(program, years, final_time=end)))
        savings.append(Saving(needs.points, *points(program, [*years, years[-1] + 1], final_time=end)))
    return Reader(outputs, end, tuple(savings), places, tuple(figures), of)


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


def _figures(
    outputs: tuple[Output, ...], program: Program, metrics: Callable[[], Metrics]
) -> tuple[list[tuple[Layer, tuple[int, ...]]], dict[Figure | Aim, int]]:
    """Layers with their years, from the first needed to the last, and of each figure or target which one it is in.

    Quantities that keep a share of themselves go back to the model's first year, and stand apart from the others.
    """
    asked = [output.source for output in outputs if isinstance(output.source, Figure | Aim)]
    if not asked:
        return [], {}
    known, start = metrics(), program.initial_time
    groups: dict[bool, list[Figure | Aim]] = {}
    for source in asked:
        keeps = any(q.keeps is not None for q in closure(known, _quantities(source)).values())
        groups.setdefault(keeps, []).append(source)
    needed = []
    for keeps, sources in groups.items():
        quantities = closure(known, [name for source in sources for name in _quantities(source)])
        spans = [_span(source) for source in sources]
        first = ceil(start) if keeps else min(first for first, _ in spans)
        layer = Layer(replace(known, quantities=quantities), start, (), (), ())
        needed.append((layer, tuple(range(first, max(last for _, last in spans) + 1))))
    return needed, {source: number for number, sources in enumerate(groups.values()) for source in sources}


def _quantities(source: Figure | Aim) -> tuple[str, ...]:
    return source.reading.quantities if isinstance(source, Aim) else (source.quantity,)


def _span(source: Figure | Aim) -> tuple[int, int]:
    return (source.reading.first, source.reading.last) if isinstance(source, Aim) else (source.year, source.year)
