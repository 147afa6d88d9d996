"""The linear-Gaussian layer between a run and the reported figures.

A figure's transform is the simulated one plus discrepancy processes (random walks in continuous time, 0 at the start,
or AR(1): `processes.py`) plus the offset of its basis. Every reported row is a linear combination of such figures, so
rows and processes are jointly Gaussian given a member's simulation and its sigmas.
Quantities that share no process, no offset and no driver are independent: each connected group is a `Block`.

`build_layer` knows no drivers: its rows are met by a run in which the members' own drivers already are. `with_drivers`
adds what the drivers of a neutral run would have done to the rows (`drivers.py`).

Why random walks: measurement error alone, or independent residuals, gave intervals far too narrow when projected; a
random walk starts the projection where the figures stand today and widens after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from huangpu.measurement.blocks import Block, block_of, groups
from huangpu.measurement.drivers import Responses, answers
from huangpu.measurement.metrics import ANNUAL, Metrics, read_metrics
from huangpu.measurement.observations import read_observations
from huangpu.measurement.rows import Row
from huangpu.measurement.selection import select


class Requirements(NamedTuple):
    """What a run must save to be met with the rows: ids of the model's variables.

    annual  as means over all calendar years; points  at points in time
    parts   months from January -> (years, ids) as means over them
    """

    annual: tuple[str, ...]
    points: tuple[str, ...]
    parts: Mapping[int, tuple[tuple[int, ...], tuple[str, ...]]]


@dataclass(frozen=True)
class Layer:
    """metrics.yaml met with observations.csv. unused: (row_id, reason) of every row that does not enter."""

    metrics: Metrics
    start: float
    rows: tuple[Row, ...]
    unused: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]

    def requirements(self) -> Requirements:
        """All annual means and points of the quantities; of parts of years only what rows are compared with."""
        plain = [q for q in self.metrics.quantities.values() if not q.derived]
        annual = dict.fromkeys(q.variable for q in plain if q.operator == ANNUAL)
        points = dict.fromkeys(q.variable for q in plain if q.operator != ANNUAL)
        parts: dict[int, tuple[set[int], dict[str, None]]] = {}
        for row in self.rows:
            quantity = self.metrics.quantities[row.quantity]
            if row.months < 12 and quantity.operator == ANNUAL:
                years, names = parts.setdefault(row.months, (set(), {}))
                years.update(int(year) for _, year in row.terms)
                names[quantity.variable] = None
        wanted = {months: (tuple(sorted(years)), tuple(names)) for months, (years, names) in sorted(parts.items())}
        return Requirements(tuple(annual), tuple(points), wanted)

    def last_time(self) -> float:
        """Decimal year up to which a run must go to meet every row."""
        annual = {name: q.operator == ANNUAL for name, q in self.metrics.quantities.items()}
        ends = (time + annual[row.quantity] * row.months / 12 for row in self.rows for _, time in row.terms)
        return max(ends, default=self.start)

    def row_ids(self) -> tuple[str, ...]:
        return tuple(row.row_id for row in self.rows)

    def rows_behind(self) -> dict[str, tuple[str, ...]]:
        """Row ids behind each quantity: its own and those of quantities that inform it or that it is made of."""
        quantities = self.metrics.quantities
        about = {name: {name, *quantity.informed_by} for name, quantity in quantities.items()}
        for name, quantity in quantities.items():
            about[name].update(*(about[part] for part in quantity.parts))
        return {name: tuple(r.row_id for r in self.rows if r.quantity in about[name]) for name in quantities}


def load_layer(metrics: Path | str, observations: Path | str, *, start: float, recalled: bool = False) -> Layer:
    """Read both files. start: decimal year in which the model begins and discrepancies are 0; recalled: figures without
    a source may enter. Raises DataError."""
    return build_layer(read_metrics(metrics), read_observations(observations), start=start, recalled=recalled)


def build_layer(metrics: Metrics, observations, *, start: float, recalled: bool = False) -> Layer:
    """The layer for these observations (all that a forecaster may know). Raises DataError."""
    rows, unused = select(metrics, observations, start, recalled=recalled)
    blocks = tuple(block_of(group, metrics, rows, start, {}) for group in groups(metrics, rows, {}))
    return Layer(metrics, start, rows, unused, blocks)


def with_drivers(layer: Layer, responses: Responses) -> Layer:
    """The layer of runs with neutral drivers, whose innovations are unknown like walks and offsets."""
    heard = answers(layer.metrics, responses)
    joined = groups(layer.metrics, layer.rows, heard)
    blocks = tuple(block_of(group, layer.metrics, layer.rows, layer.start, heard) for group in joined)
    return replace(layer, blocks=blocks)
