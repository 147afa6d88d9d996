"""Draws of the figures that were held out, as they would be reported, from the run and the discrepancy of a forecast.

A row is met as rows of the fit are (measurement/rows.py): the run's figure, plus processes, plus the offset of its
basis, plus the season of a part year, plus an error of reporting. Processes stand at the middles and ends of years;
between these they are drawn given both ends, so that a draw depends on its own row only. Every random number comes from
a stream named by the seed and the row, every size from what was known: nothing here depends on the figure itself.

The season of a part year is drawn anew, also where parts of earlier years have told something of it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from huangpu.backtest.held import Meeting, typical_error
from huangpu.backtest.types import transform_of
from huangpu.measurement import Layer, Predictions, Simulated
from huangpu.measurement.blocks import figure_time
from huangpu.measurement.layer import Requirements
from huangpu.measurement.metrics import ANNUAL, Quantity
from huangpu.measurement.prediction import Discrepancy
from huangpu.measurement.processes import steps
from huangpu.measurement.rows import Row
from huangpu.measurement.season import widening
from huangpu.measurement.simulated import inverse, transformed

Array = np.ndarray


def needs(layer: Layer, held: Sequence[Meeting]) -> Requirements:
    """What a run must save to be met with the held-out rows."""
    return replace(layer, rows=tuple(meeting.row for meeting in held)).requirements()


def draw_held(
    layer: Layer,
    held: Sequence[Meeting],
    simulated: Simulated,
    discrepancy: Discrepancy,
    predictions: Predictions,
    sigmas: Mapping[str, Array],
    seed: int,
) -> Array:
    """(row, member) on the scale of scores; not finite where a member's run is not.

    simulated  has what `needs` asks for; predictions  the same members' figures of whole years
    """
    found = np.empty((len(held), simulated.size))
    for position, meeting in enumerate(held):
        random = _stream(seed, meeting.observation.row_id)
        y = _expected(layer, meeting.row, simulated, discrepancy, sigmas, random)
        y = np.maximum(y, _least(layer, meeting.row, predictions, discrepancy))
        y = y + _season(layer, meeting, y) * random.standard_normal(len(y))
        y = y + _error(layer, meeting) * random.standard_normal(len(y))
        found[position] = _on_scale(layer.metrics.quantities[meeting.row.quantity], meeting, y)
    return found


def _stream(seed: int, row_id: str) -> np.random.Generator:
    key = hashlib.sha256(f"{seed}|held|{row_id}".encode()).digest()[:16]
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))


def _expected(layer, row: Row, simulated, discrepancy, sigmas, random: np.random.Generator) -> Array:
    """The transformed figure (member,) without what belongs to the part of the year and to reporting."""
    quantity = layer.metrics.quantities[row.quantity]
    total = np.zeros(simulated.size)
    for coefficient, time in row.terms:
        figure = transformed(quantity, simulated, np.array([time]), row.months)[0]
        at = figure_time(quantity, time, row.months)
        for process, loading in quantity.discrepancy.items():
            sigma = sigmas[layer.metrics.sigma_of(process)]
            figure = figure + loading * _between(layer, process, discrepancy, at, sigma, random)
        total += coefficient * figure
    if row.form == "level":
        total = total + _offset(layer, row.quantity, row.basis, discrepancy)
    return total


def _offset(layer: Layer, quantity: str, basis: str, discrepancy: Discrepancy) -> Array | float:
    return sum((discrepancy.offsets[o.id] for o in layer.metrics.offsets_of(quantity, basis)), 0.0)


def _between(layer, process: str, discrepancy: Discrepancy, time: float, sigma: Array, random) -> Array:
    """A process at any time: as drawn, or drawn between its two neighbours given both."""
    times, path = discrepancy.times, discrepancy.processes[process]
    right = int(np.searchsorted(times, time))
    if right < len(times) and times[right] == time:
        return path[right]
    normal = random.standard_normal(len(sigma))
    if right == len(times):
        kept, spread = steps(layer.metrics, process, np.array([times[-1], time]), layer.start)
        return kept[1] * path[-1] + spread[1] * sigma * normal
    if right == 0:
        raise ValueError(f"{process} is asked for at {time:g}, before {times[0]:g}")
    kept, spread = steps(layer.metrics, process, np.array([times[right - 1], time, times[right]]), layer.start)
    before, after = kept[1] * path[right - 1], path[right]
    if spread[1] == 0:
        return before
    gain = kept[2] * spread[1] ** 2 / (kept[2] ** 2 * spread[1] ** 2 + spread[2] ** 2)
    left = spread[1] * math.sqrt(max(0.0, 1 - gain * kept[2]))
    return before + gain * (after - kept[2] * before) + left * sigma * normal


def _least(layer: Layer, row: Row, predictions: Predictions, discrepancy: Discrepancy) -> Array | float:
    """What a stock keeps of its last year's end (`keeps` of metrics.yaml), transformed; nothing for all else."""
    quantity = layer.metrics.quantities[row.quantity]
    if quantity.keeps is None or row.form != "level" or quantity.transform != "log":
        return -np.inf
    year = math.ceil(row.terms[0][1]) - 2
    at = np.flatnonzero(predictions.years == year)
    if not len(at):
        return -np.inf
    moved = _offset(layer, row.quantity, row.basis, discrepancy) - _offset(
        layer, row.quantity, quantity.basis, discrepancy
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(quantity.keeps * predictions.values[row.quantity][at[0]]) + moved


def _season(layer: Layer, meeting: Meeting, y: Array) -> Array | float:
    """Standard error of the season in the transformed unit, about the figure that is expected."""
    row, quantity = meeting.row, layer.metrics.quantities[meeting.row.quantity]
    if quantity.operator != ANNUAL or row.months == 12:
        return 0.0
    errors = layer.metrics.season_of(row.quantity)
    if row.form == "growth":
        size = errors.growth_points / 100 * np.exp(-y)
    elif meeting.observation.kind == "share":
        share = inverse(quantity, y)
        slopes = {"logit": lambda: 100 / (share * (100 - share)), "log": lambda: 1 / share}
        size = errors.share_points * slopes.get(quantity.transform, lambda: 1.0)()
    elif quantity.transform == "log":
        size = errors.level_relative
    else:
        size = errors.level_relative * np.abs(y)
    return size * widening(row.months)


def _error(layer: Layer, meeting: Meeting) -> float:
    """Of reporting, in the transformed unit; that of an average rate counts in each of its years."""
    span = meeting.observation.span
    return typical_error(layer, meeting.row) * (span[2] - span[1] + 1 if span and span[0] == "avg" else 1)


def _on_scale(quantity: Quantity, meeting: Meeting, y: Array) -> Array:
    """From the transformed unit of the row to the scale of scores."""
    row, o = meeting.row, meeting.observation
    if row.form == "growth":
        years = o.span[2] - o.span[1] + 1 if o.span else 1
        return 100 * np.expm1(y / years)
    part = row.months / 12 if quantity.operator == ANNUAL and o.kind != "share" else 1.0
    figure = part * inverse(quantity, y)
    if transform_of(o.kind) == "points":
        return figure
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(figure)
