"""The linear-Gaussian layer between a run and the reported figures.

A figure's transform is the simulated one plus discrepancy processes (random walks in continuous time, 0 at the start,
variance sigma^2 times `clock` of the time passed) plus the offset of its basis. Every reported row is a linear
combination of such figures, so rows and processes are jointly Gaussian given a member's simulation and its sigmas.
Quantities that share no process and no offset are independent: each connected group is a `Block`.

Why random walks: measurement error alone, or independent residuals, gave intervals far too narrow when projected; a
random walk starts the projection where the figures stand today and widens after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huangpu.measurement.metrics import ANNUAL, Metrics, Quantity, read_metrics
from huangpu.measurement.observations import read_observations
from huangpu.measurement.rows import Row
from huangpu.measurement.selection import select

JITTER = 1e-12  # added to variances, far below any reported precision: two equal rows must not be singular


@dataclass(frozen=True)
class Block:
    """Rows that share processes or offsets: n rows, T times, P processes, S sigmas, K offsets.

    sigma_of  (P,) which of the sigmas each process has
    rows      (n,) indices into the layer's rows, exact rows before bounds; exact: how many of them are exact
    y         (n,) reported value, transformed; se (n,); side (n,) +1 a lower bound, -1 an upper one, 0 exact;
              reach (n,) how far to its side a bound reaches
    times     (T,) decimal years at which its processes are met
    contrast  (n, T) coefficients of each row on its figure at those times
    loading   (P, n) of each row's quantity on each process
    offset    (K, n) of each row on each offset, times its standard deviation
    unit      (S, n, n) covariance of the rows for sigma = 1, by sigma
    fixed     (n, n) covariance from offsets and reporting errors
    """

    name: str
    quantities: tuple[str, ...]
    processes: tuple[str, ...]
    sigmas: tuple[str, ...]
    sigma_of: np.ndarray
    offsets: tuple[str, ...]
    rows: np.ndarray
    exact: int
    y: np.ndarray
    se: np.ndarray
    side: np.ndarray
    reach: np.ndarray
    times: np.ndarray
    contrast: np.ndarray
    loading: np.ndarray
    offset: np.ndarray
    unit: np.ndarray
    fixed: np.ndarray


@dataclass(frozen=True)
class Layer:
    """metrics.yaml met with observations.csv. unused: (row_id, reason) of every row that does not enter."""

    metrics: Metrics
    start: float
    rows: tuple[Row, ...]
    unused: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]

    def requirements(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(ids needed as means over calendar years, ids needed at points in time), of the model's variables."""
        plain = [q for q in self.metrics.quantities.values() if not q.derived]
        annual = dict.fromkeys(q.variable for q in plain if q.operator == ANNUAL)
        points = dict.fromkeys(q.variable for q in plain if q.operator != ANNUAL)
        return tuple(annual), tuple(points)

    def last_time(self) -> float:
        """Decimal year up to which a run must go to meet every row."""
        annual = {name: q.operator == ANNUAL for name, q in self.metrics.quantities.items()}
        return max((time + annual[row.quantity] for row in self.rows for _, time in row.terms), default=self.start)

    def row_ids(self) -> tuple[str, ...]:
        return tuple(row.row_id for row in self.rows)

    def rows_behind(self) -> dict[str, tuple[str, ...]]:
        """Row ids behind each quantity: its own and those of quantities that inform it or that it is made of."""
        quantities = self.metrics.quantities
        about = {name: {name, *quantity.informed_by} for name, quantity in quantities.items()}
        for name, quantity in quantities.items():
            about[name].update(*(about[part] for part in quantity.parts))
        return {name: tuple(r.row_id for r in self.rows if r.quantity in about[name]) for name in quantities}


def load_layer(metrics: Path | str, observations: Path | str, *, start: float) -> Layer:
    """Read both files. start: decimal year in which the model begins and discrepancies are 0. Raises DataError."""
    return build_layer(read_metrics(metrics), read_observations(observations), start=start)


def build_layer(metrics: Metrics, observations, *, start: float) -> Layer:
    """The layer for these observations (all that a forecaster may know). Raises DataError."""
    rows, unused = select(metrics, observations, start)
    blocks = tuple(_block(group, metrics, rows, start) for group in _groups(metrics))
    return Layer(metrics, start, rows, unused, blocks)


def clock(times: np.ndarray, start: float, shock_years: Mapping[int, float]) -> np.ndarray:
    """Variance of a process with sigma 1 at decimal years: time since the start, shock years counting several times."""
    passed = np.asarray(times, float) - start
    for year, factor in shock_years.items():
        passed = passed + (factor - 1) * (np.clip(times, year, year + 1) - np.clip(start, year, year + 1))
    return passed


def process_clock(metrics: Metrics, process: str, times: np.ndarray, start: float) -> np.ndarray:
    """`clock` of one process: from its own start, 0 before it, shock years counting only where they count for it."""
    own = metrics.processes[process]
    begin = max(start, own.start or start)
    return clock(np.maximum(times, begin), begin, metrics.shock_years if own.shocks else {})


def figure_time(quantity: Quantity, time: float) -> float:
    """Decimal year at which the discrepancy of a row's term is read: the middle of an annual mean's year."""
    return time + 0.5 if quantity.operator == ANNUAL else time


def _groups(metrics: Metrics) -> list[tuple[str, ...]]:
    """Quantities joined by a shared process or offset, in file order."""
    links: dict[str, set] = {}
    for name, quantity in metrics.quantities.items():
        if not quantity.derived:
            offsets = {("offset", o.id) for o in metrics.offsets if name in o.quantities}
            links[name] = offsets | {("process", p) for p in quantity.discrepancy}
    groups: list[tuple[list[str], set]] = []
    for name, own in links.items():
        joined = [g for g in groups if g[1] & own]
        groups = [g for g in groups if not g[1] & own]
        names = [n for g in joined for n in g[0]]
        groups.append(([*names, name], own.union(*(g[1] for g in joined))))
    order = list(links)
    found = [tuple(sorted(names, key=order.index)) for names, _ in groups]
    return sorted(found, key=lambda names: order.index(names[0]))


def _block(names: tuple[str, ...], metrics: Metrics, all_rows: tuple[Row, ...], start: float) -> Block:
    quantities = {name: metrics.quantities[name] for name in names}
    processes = tuple(p for p in metrics.processes if any(p in q.discrepancy for q in quantities.values()))
    offsets = [o for o in metrics.offsets if set(o.quantities) & set(names)]
    members = [i for i, row in enumerate(all_rows) if row.quantity in quantities]
    members.sort(key=lambda i: all_rows[i].bound != "=")
    rows = [all_rows[i] for i in members]
    terms = [[(c, figure_time(quantities[r.quantity], t)) for c, t in r.terms] for r in rows]
    times = np.array(sorted({t for row in terms for _, t in row}))
    contrast = np.zeros((len(rows), len(times)))
    for i, row in enumerate(terms):
        for coefficient, time in row:
            contrast[i, np.searchsorted(times, time)] += coefficient
    loading = np.array([[quantities[r.quantity].discrepancy.get(p, 0.0) for r in rows] for p in processes])
    loading = loading.reshape(len(processes), len(rows))
    level = contrast.sum(axis=1)
    offset = np.array([[o.sd * (r.quantity in o.quantities and r.basis == o.basis) for r in rows] for o in offsets])
    offset = offset.reshape(len(offsets), len(rows)) * np.where(np.abs(level) < 1e-12, 0.0, level)
    se = np.array([r.se for r in rows])
    sigmas = tuple(dict.fromkeys(map(metrics.sigma_of, processes)))
    sigma_of = np.array([sigmas.index(metrics.sigma_of(p)) for p in processes], dtype=np.intp)
    unit = np.zeros((len(sigmas), len(rows), len(rows)))
    for s, process, load in zip(sigma_of, processes, loading, strict=True):
        passed = process_clock(metrics, process, times, start)
        unit[s] += load[:, None] * _product(_product(contrast, np.minimum.outer(passed, passed)), contrast.T) * load
    return Block(
        name=names[0],
        quantities=names,
        processes=processes,
        sigmas=sigmas,
        sigma_of=sigma_of,
        offsets=tuple(o.id for o in offsets),
        rows=np.array(members, dtype=np.intp),
        exact=sum(r.bound == "=" for r in rows),
        y=np.array([r.y for r in rows]),
        se=se,
        side=np.array([{"=": 0.0, ">": 1.0, "<": -1.0}[r.bound] for r in rows]),
        reach=np.array([r.reach for r in rows]),
        times=times,
        contrast=contrast,
        loading=loading,
        offset=offset,
        unit=unit,
        fixed=_product(offset.T, offset) + np.diag(se**2 + JITTER),
    )


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Matrix product without BLAS, whose last bits may depend on the number of threads."""
    return np.einsum("ij,jk->ik", a, b)
