"""Rows that hang together, as matrices: what walks, offsets, seasons and drivers add to each.

How a process passes time is in `processes.py`; a quantity's figure is read at its `figure_time`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from huangpu.measurement.metrics import ANNUAL, Metrics, Quantity
from huangpu.measurement.processes import covariance
from huangpu.measurement.rows import Row
from huangpu.measurement.season import season_loadings

JITTER = 1e-12  # added to variances, far below any reported precision: two equal rows must not be singular


@dataclass(frozen=True)
class Block:
    """Rows that share processes, offsets or drivers: n rows, T times, P processes, S sigmas, K offsets, D drivers, of
    J innovations each.

    sigma_of  (P,) which of the sigmas each process has; driver_sigma  (D,) which each driver has
    rows      (n,) indices into the layer's rows, exact rows before bounds; exact: how many of them are exact
    y         (n,) reported value, transformed; se (n,); side (n,) +1 a lower bound, -1 an upper one, 0 exact;
              reach (n,) how far to its side a bound reaches
    times     (T,) decimal years at which its processes are met
    contrast  (n, T) coefficients of each row on its figure at those times
    loading   (P, n) of each row's quantity on each process
    offset    (K, n) of each row on each offset, times its standard deviation
    season    (G, n) of each row on each error of season, likewise; seasons  (G,) their names
    answer    (D, n, J) of each row to each innovation of each driver, for sigma = 1
    unit      (S, n, n) covariance of the rows for sigma = 1, by sigma; pieces  (sigma, rows, rows, numbers) of its
              parts that are not 0, on and below the diagonal
    fixed     (n, n) covariance from offsets, seasons and reporting errors
    """

    name: str
    quantities: tuple[str, ...]
    processes: tuple[str, ...]
    sigmas: tuple[str, ...]
    sigma_of: np.ndarray
    drivers: tuple[str, ...]
    driver_sigma: np.ndarray
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
    seasons: tuple[str, ...]
    season: np.ndarray
    answer: np.ndarray
    unit: np.ndarray
    pieces: tuple[tuple[int, slice, slice, np.ndarray], ...]
    fixed: np.ndarray


def figure_time(quantity: Quantity, time: float, months: int = 12) -> float:
    """Decimal year at which the discrepancy of a row's term is read: the middle of a mean's year or part of it."""
    return time + months / 24 if quantity.operator == ANNUAL else time


def groups(metrics: Metrics, rows: tuple[Row, ...], heard: Mapping[str, np.ndarray]) -> list[tuple[str, ...]]:
    """Quantities joined by a shared process, offset or driver, in file order. heard: driver -> (row, J)."""
    moved = {(rows[i].quantity, driver) for driver, of in heard.items() for i in np.flatnonzero(of.any(axis=1))}
    links: dict[str, set] = {}
    for name, quantity in metrics.quantities.items():
        if not quantity.derived:
            offsets = {("offset", o.id) for o in metrics.offsets if name in o.quantities}
            drivers = {("driver", driver) for driver in heard if (name, driver) in moved}
            links[name] = offsets | drivers | {("process", p) for p in quantity.discrepancy}
    groups: list[tuple[list[str], set]] = []
    for name, own in links.items():
        joined = [g for g in groups if g[1] & own]
        groups = [g for g in groups if not g[1] & own]
        names = [n for g in joined for n in g[0]]
        groups.append(([*names, name], own.union(*(g[1] for g in joined))))
    order = list(links)
    found = [tuple(sorted(names, key=order.index)) for names, _ in groups]
    return sorted(found, key=lambda names: order.index(names[0]))


def block_of(
    names: tuple[str, ...],
    metrics: Metrics,
    all_rows: tuple[Row, ...],
    start: float,
    heard: Mapping[str, np.ndarray],
) -> Block:
    quantities = {name: metrics.quantities[name] for name in names}
    processes = tuple(p for p in metrics.processes if any(p in q.discrepancy for q in quantities.values()))
    offsets = [o for o in metrics.offsets if set(o.quantities) & set(names)]
    heard = {driver: of for driver, of in heard.items() if any(of[i].any() for i in _of(names, all_rows))}
    members = _together(_of(names, all_rows), metrics, all_rows, heard)
    rows = [all_rows[i] for i in members]
    terms = [[(c, figure_time(quantities[r.quantity], t, r.months)) for c, t in r.terms] for r in rows]
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
    seasons, season = season_loadings(rows)
    innovations = max((of.shape[1] for of in heard.values()), default=0)
    answer = {driver: of[members] for driver, of in heard.items()}
    sigmas = tuple(dict.fromkeys([*map(metrics.sigma_of, processes), *map(metrics.driver_sigma, answer)]))
    sigma_of = np.array([sigmas.index(metrics.sigma_of(p)) for p in processes], dtype=np.intp)
    unit = np.zeros((len(sigmas), len(rows), len(rows)))
    for s, process, load in zip(sigma_of, processes, loading, strict=True):
        walk = covariance(metrics, process, times, times, start)
        unit[s] += load[:, None] * _product(_product(contrast, walk), contrast.T) * load
    for driver, of in answer.items():
        unit[sigmas.index(metrics.driver_sigma(driver))] += _product(of, of.T)
    return Block(
        name=names[0],
        quantities=names,
        processes=processes,
        sigmas=sigmas,
        sigma_of=sigma_of,
        drivers=tuple(answer),
        driver_sigma=np.array([sigmas.index(metrics.driver_sigma(d)) for d in answer], dtype=np.intp),
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
        seasons=seasons,
        season=season,
        answer=np.array(list(answer.values())).reshape(len(answer), len(rows), innovations),
        unit=unit,
        pieces=_pieces(unit),
        fixed=_product(offset.T, offset) + _product(season.T, season) + np.diag(se**2 + JITTER),
    )


def _of(names: tuple[str, ...], rows: tuple[Row, ...]) -> list[int]:
    """Indices of the rows of these quantities: exact ones first, quantities in their order."""
    found = [i for i, row in enumerate(rows) if row.quantity in names]
    return sorted(found, key=lambda i: (rows[i].bound != "=", names.index(rows[i].quantity)))


def _together(
    members: list[int], metrics: Metrics, rows: tuple[Row, ...], heard: Mapping[str, np.ndarray]
) -> list[int]:
    """Exact rows that the same sigmas move stand side by side, the sigma that moves most rows first: so the covariance
    has few pieces, which is what the likelihood's time goes to."""
    moved: dict[str, set[int]] = {}
    for i in members:
        for process in metrics.quantities[rows[i].quantity].discrepancy:
            moved.setdefault(metrics.sigma_of(process), set()).add(i)
        for driver, of in heard.items():
            if of[i].any():
                moved.setdefault(metrics.driver_sigma(driver), set()).add(i)
    wide = sorted(moved.values(), key=len, reverse=True)
    return sorted(members, key=lambda i: (rows[i].bound != "=", *(i not in of for of in wide)))


def _pieces(unit: np.ndarray) -> tuple[tuple[int, slice, slice, np.ndarray], ...]:
    """The rectangles of (S, n, n) that are not 0, of those that mirror one another the lower: most sigmas move few of a
    block's rows."""
    found = []
    for s, matrix in enumerate(unit):
        moved = np.concatenate([[False], matrix.any(axis=1), [False]])
        edges = np.flatnonzero(moved[1:] != moved[:-1]).reshape(-1, 2)
        runs = [slice(int(first), int(last)) for first, last in edges]
        places = [(a, b) for i, a in enumerate(runs) for b in runs[: i + 1]]
        found += [(s, a, b, matrix[a, b].copy()) for a, b in places if matrix[a, b].any()]
    return tuple(found)


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Matrix product without BLAS, whose last bits may depend on the number of threads."""
    return np.einsum("ij,jk->ik", a, b)
