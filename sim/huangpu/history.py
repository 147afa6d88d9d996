"""History without calibration tricks: one run at the posterior medians, next to what was reported.

The run has the medians of all parameters and deliveries, neutral drivers, no discrepancy and no offset, under the
scenario that the posterior was fitted on. It is compared with every reported level of a core quantity, fitted to or
not; growth rates, part years, bounds and figures without a source are left aside. A basis is a definition: figures on
another one than the model's differ from it by a constant, which the fit knows as an offset and this comparison does
not. So the error that remains without the mean difference of a basis is given too.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from huangpu import measurement, results, runtime
from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.fitted import fitted_scenario
from huangpu.forecast import METRICS, MODEL, OBSERVATIONS, POSTERIOR, QUESTIONS
from huangpu.measurement import Layer, Simulated
from huangpu.measurement.metrics import ANNUAL, Metrics
from huangpu.measurement.observations import Observation
from huangpu.measurement.simulated import inverse, transformed
from huangpu.program import Program
from huangpu.response import QUARTER, settled
from huangpu.results.writing import write_text
from huangpu.runtime.ensemble import years_and_points
from huangpu.runtime.members import Members, MembersError, read_members
from huangpu.runtime.scenario import Scenario

FIRST, LAST = 2015, 2025
LEVELS = ("level", "count", "share")


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity against its figures on one basis. Errors are the model's less the reported, in percent of these.

    mape    mean absolute error
    error   mean error
    shape   mean absolute error once the mean difference of logs is taken out; None for one figure, or without a log
    fitted, others  row ids of the figures: those of the likelihood, the rest
    """

    quantity: str
    label: str
    basis: str
    rows: int
    mape: float
    error: float
    shape: float | None
    fitted: tuple[str, ...]
    others: tuple[str, ...]


def history() -> tuple[Line, ...]:
    """Of the shipped model, posterior and figures. Raises MembersError, DataError or ModelError for bad files."""
    program = compile_model(shipped(MODEL))
    members = read_members(shipped(POSTERIOR), program)
    scenario = fitted_scenario(members, program)
    if scenario is None:
        raise MembersError(f"{POSTERIOR}: was not fitted; run `huangpu calibrate`")
    layer = measurement.load_layer(shipped(METRICS), shipped(OBSERVATIONS), start=program.initial_time)
    quantities = layer.metrics.quantities
    questions = results.read_questions(shipped(QUESTIONS), {name: q.unit for name, q in quantities.items()})
    observations = measurement.read_observations(shipped(OBSERVATIONS))
    simulated = run_at(program, scenario, medians(members), layer)
    return compare(layer.metrics, simulated, names(layer.metrics, questions), observations, layer.row_ids())


def medians(members: Members) -> Members:
    """One member that has the median of every parameter and column."""
    middle = (
        {name: np.median(v, keepdims=True) for name, v in c.items()} for c in (members.parameters, members.columns)
    )
    return Members(1, *middle)


def run_at(program: Program, scenario: Scenario, members: Members, layer: Layer) -> Simulated:
    """What the quantities are read from, to the end of the last year that is compared."""
    scenario = settled(replace(scenario, end=min(program.final_time, LAST + 1)))
    needs = layer.requirements()
    years, times, savings = years_and_points(program, *needs, scenario.end, QUARTER)
    arrays = runtime.simulate(program, runtime.inputs(program, scenario, members), savings, final_time=scenario.end)
    return measurement.read_run(needs, years, times, arrays)


def names(metrics: Metrics, questions: results.Questions) -> dict[str, set[tuple[str, str]]]:
    """Core quantity -> the (metric, scope) pairs by which its level goes, in figures or in a target that is read so.

    Core are those that metrics.yaml charts or that a core target is read from, and what these are made of.
    """
    core = dict.fromkeys(name for name, quantity in metrics.quantities.items() if quantity.chart)
    found: dict[str, set[tuple[str, str]]] = {}
    for target in questions.targets:
        for reading in questions.readings.get(target.id, ())[:1]:
            if target.modelled_as == "core":
                core |= dict.fromkeys(reading.quantities)
            if reading.statistic == "level":
                found.setdefault(reading.quantity, set()).add((target.metric, target.scope))
    for name in reversed(metrics.quantities):  # parts stand above what is made of them
        if name in core:
            core |= dict.fromkeys(metrics.quantities[name].parts)
    for series in metrics.series:
        if series.form == "level":
            found.setdefault(series.quantity, set()).add((series.metric, series.scope))
    return {name: found[name] for name in metrics.quantities if name in core and name in found}


def compare(
    metrics: Metrics,
    simulated: Simulated,
    known_as: Mapping[str, Collection[tuple[str, str]]],
    observations: Sequence[Observation],
    fitted: Iterable[str],
) -> tuple[Line, ...]:
    """A line for each quantity and basis with a figure. fitted: row ids of the likelihood."""
    used = set(fitted)
    lines = []
    for name, pairs in known_as.items():
        bases: dict[str, list[Observation]] = {}
        for row in observations:
            if (row.metric, row.scope) in pairs and _usable(row, metrics, name):
                bases.setdefault(row.basis, []).append(row)
        for basis, rows in bases.items():
            lines.append(_line(metrics, simulated, name, basis, rows, used))
    return tuple(lines)


def _usable(row: Observation, metrics: Metrics, name: str) -> bool:
    dated = row.date is not None
    return (
        FIRST <= row.year <= LAST
        and row.kind in LEVELS
        and row.unit == metrics.quantities[name].unit
        and row.span is None
        and (row.months == 12 or (dated and row.months is None))
        and not (dated and _annual(metrics, name))
        and row.bound in ("=", "~")
        and row.value > 0
        and row.preferred
        and row.use != "context"
        and row.verification != "recalled"
    )


def _annual(metrics: Metrics, name: str) -> bool:
    """Whether a quantity is of a year; a derived one is what its first part is."""
    quantity = metrics.quantities[name]
    return _annual(metrics, quantity.parts[0]) if quantity.derived else quantity.operator == ANNUAL


def figure(metrics: Metrics, simulated: Simulated, name: str, rows: Sequence[Observation]) -> np.ndarray:
    """The model's figure of a quantity where each row stands, (row,), in the quantity's unit."""
    quantity = metrics.quantities[name]
    if quantity.derived:
        parts = [figure(metrics, simulated, part, rows) for part in quantity.parts]
        return quantity.scale * (parts[0] / parts[1] if quantity.ratio else sum(parts))
    end = quantity.operator != ANNUAL
    times = np.array([float(row.year) if not end else row.date or row.year + 1.0 for row in rows])
    return inverse(quantity, transformed(quantity, simulated, times))[:, 0]


def _line(
    metrics: Metrics, simulated: Simulated, name: str, basis: str, rows: Sequence[Observation], used: set[str]
) -> Line:
    reported = np.array([row.value for row in rows])
    ratio = figure(metrics, simulated, name, rows) / reported
    level = np.exp(np.log(ratio).mean()) if (ratio > 0).all() else np.nan
    return Line(
        quantity=name,
        label=metrics.quantities[name].label or name,
        basis=basis,
        rows=len(rows),
        mape=100 * float(np.abs(ratio - 1).mean()),
        error=100 * float((ratio - 1).mean()),
        shape=100 * float(np.abs(ratio / level - 1).mean()) if len(rows) > 1 and level > 0 else None,
        fitted=tuple(row.row_id for row in rows if row.row_id in used),
        others=tuple(row.row_id for row in rows if row.row_id not in used),
    )


def write_history(lines: Sequence[Line], path: Path) -> None:
    """A header and a row a line; row ids are joined by spaces, numbers at full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Line))
    writer.writerows([" ".join(cell) if isinstance(cell, tuple) else cell for cell in astuple(line)] for line in lines)
    write_text(path, text.getvalue())


def print_history(lines: Sequence[Line], console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("Quantity")
    table.add_column("Basis")
    for name in ("Figures", "Fitted to", "Mean abs. error", "Mean error", "Without level"):
        table.add_column(name, justify="right")
    last = ""
    for line in lines:
        label = line.label if line.quantity != last else ""
        shape = "" if line.shape is None else f"{line.shape:.1f} %"
        errors = f"{line.mape:.1f} %", f"{line.error:+.1f} %".replace("-", "−"), shape
        table.add_row(label, line.basis or "–", str(line.rows), str(len(line.fitted)), *errors)
        last = line.quantity
    words = (
        "Model at the posterior medians, without discrepancy, offsets or drivers, less the figures reported for "
        f"{FIRST} to {LAST}, in percent of these. Without level: mean absolute error once the mean difference of a "
        "basis is taken out."
    )
    console.print(Group(table, Text(), Text(words, style="dim")))
