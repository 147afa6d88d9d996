"""The figures that a run foretells: the simulation plus discrepancy and offsets drawn given what has been reported.

Matheron's rule (Journel & Huijbregts 1978): draw the processes, offsets and reporting errors from the prior, and
correct them by what the reported rows say of the difference: z + Cov(z, rows) Cov(rows)^-1 (residual - rows(z)). A
bound is first turned into a row of its own: the figure that it bounds is drawn on its side, given the exact rows (one
of CANDIDATES sequential draws, chosen by importance weight; Geweke 1991, Hajivassiliou & Ruud 1994). Weighting draws
of everything by the chance of the bounds would leave few that count where a bound is far off.

Random numbers come from streams named by the seed and the block, process and year, with the member as the slowest axis:
member k's draw does not depend on how many members are asked for or where the run ends, and scenarios compared with one
seed share their draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from huangpu.measurement.censored import draw, log_probability
from huangpu.measurement.layer import Block, Layer, figure_time, process_clock
from huangpu.measurement.likelihood import batches, covariance, one_thread, sigmas
from huangpu.measurement.metrics import ANNUAL, Quantity
from huangpu.measurement.simulated import Predictions, Simulated, inverse, residuals, transformed

CANDIDATES = 32


@dataclass(frozen=True)
class Discrepancy:
    """Drawn paths: processes name -> (T, member) at `times`, offsets name -> (member,), both 0 mean before the data."""

    times: np.ndarray
    processes: Mapping[str, np.ndarray]
    offsets: Mapping[str, np.ndarray]

    def of(self, quantity: Quantity, name: str, layer: Layer, times: np.ndarray) -> np.ndarray:
        """What is added to the transformed figure of a quantity at the times of its figures, (time, member) or 0."""
        at = np.searchsorted(self.times, times)
        total: np.ndarray | float = 0.0
        for process, loading in quantity.discrepancy.items():
            total = total + loading * self.processes[process][at]
        for offset in layer.metrics.offsets_of(name, quantity.basis):
            total = total + self.offsets[offset.id]
        return total


def predict(
    layer: Layer,
    simulated: Simulated,
    members: Mapping[str, np.ndarray],
    seed: int,
    *,
    history: Simulated | None = None,
) -> Predictions:
    """Every quantity of metrics.yaml as it would be reported, for the calendar years of the run.

    members   sigma -> (member,)
    history   the same members' run of the scenario that the posterior was fitted on, for a scenario that changes the
              past: what was reported says nothing about the difference between the two
    """
    past = simulated if history is None else history
    draws = draw_discrepancy(layer, residuals(layer, past), members, seed, int(simulated.years[-1]) + 1)
    figures: dict[str, np.ndarray] = {}
    for name, quantity in layer.metrics.quantities.items():
        figures[name] = _derived(quantity, figures) if quantity.derived else _figures(name, layer, simulated, draws)
    attrs = {name: _attrs(name, layer) for name in figures}
    return Predictions(np.asarray(simulated.years, dtype=int), figures, attrs)


def _figures(name: str, layer: Layer, simulated: Simulated, draws: Discrepancy) -> np.ndarray:
    quantity = layer.metrics.quantities[name]
    times = simulated.years + (0 if quantity.operator == ANNUAL else 1.0)
    at = np.array([figure_time(quantity, float(t)) for t in times])
    figures = inverse(quantity, transformed(quantity, simulated, times) + draws.of(quantity, name, layer, at))
    if quantity.keeps is not None:
        for before, after in pairwise(figures):
            np.maximum(after, quantity.keeps * before, out=after)
    return figures


def _derived(quantity: Quantity, figures: Mapping[str, np.ndarray]) -> np.ndarray:
    if quantity.ratio:
        over, under = (figures[part] for part in quantity.ratio)
        with np.errstate(divide="ignore", invalid="ignore"):
            return quantity.scale * over / under
    return quantity.scale * sum(figures[part] for part in quantity.sum)


def _attrs(name: str, layer: Layer) -> dict[str, str]:
    quantity = layer.metrics.quantities[name]
    first = quantity
    while first.derived:
        first = layer.metrics.quantities[first.parts[0]]
    at = "mean or total of the year" if first.operator == ANNUAL else "end of the year"
    attrs = {"long_name": quantity.label or name, "units": quantity.unit, "at": at, "basis": quantity.basis}
    if quantity.label_zh:
        attrs["label_zh"] = quantity.label_zh
    return attrs


def draw_discrepancy(
    layer: Layer, residual: np.ndarray, members: Mapping[str, np.ndarray], seed: int, end: int
) -> Discrepancy:
    """Processes and offsets of every member given its residuals (row, member), up to the end of year `end`.

    A member whose residuals are not finite gets NaN in the blocks that they belong to.
    """
    size = residual.shape[1]
    times = _grid(layer, end)
    processes: dict[str, np.ndarray] = {}
    offsets: dict[str, np.ndarray] = {}
    with one_thread():
        for block in layer.blocks:
            prior = {p: _walk(layer, p, times, seed, size) for p in block.processes}
            part = _condition(block, residual[block.rows], sigmas(block, members, size), prior, times, layer, seed)
            processes |= dict(zip(block.processes, part[0], strict=True))
            offsets |= dict(zip(block.offsets, part[1], strict=True))
    return Discrepancy(times, processes, offsets)


def _grid(layer: Layer, end: int) -> np.ndarray:
    """Middle and end of every year and every row's time; what falls in a year does not depend on where the run ends."""
    whole = np.arange(int(np.floor(layer.start)), end + 1)
    observed = [t for block in layer.blocks for t in block.times]
    times = np.unique(np.concatenate([whole + 0.5, whole + 1.0, observed]))
    return times[times > layer.start]


def _walk(layer: Layer, process: str, times: np.ndarray, seed: int, size: int) -> np.ndarray:
    """A random walk with sigma 1, shape (T, member), drawn year by year."""
    spread = np.sqrt(np.diff(process_clock(layer.metrics, process, np.append(layer.start, times), layer.start)))
    years = np.ceil(times).astype(int) - 1
    steps = np.empty((len(times), size))
    for year in np.unique(years):
        inside = years == year
        steps[inside] = _stream(seed, "process", process, year).standard_normal((size, inside.sum())).T
    return np.cumsum(steps * spread[:, None], axis=0)


def _stream(seed: int, *name: object) -> np.random.Generator:
    key = hashlib.sha256("|".join(map(str, (seed, *name))).encode()).digest()[:16]
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))


def _condition(
    block: Block,
    residual: np.ndarray,
    sigma: np.ndarray,
    prior: Mapping[str, np.ndarray],
    times: np.ndarray,
    layer: Layer,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """(processes (P, T, member), offsets (K, member)) given the residuals (n, member) of the block's rows."""
    n, size = residual.shape
    walks = np.array([sigma[s] * prior[p] for s, p in zip(block.sigma_of, block.processes, strict=True)])
    walks = walks.reshape(-1, len(times), size)
    shifts = _stream(seed, "offset", block.name).standard_normal((size, len(block.offsets))).T
    errors = _stream(seed, "error", block.name).standard_normal((size, n)).T * block.se[:, None]
    uniform = _stream(seed, "bound", block.name).random((size, CANDIDATES * (n - block.exact) + 1))
    scale = _offset_scale(block, layer)
    if n == 0:
        return walks, shifts * scale[:, None]
    at = np.searchsorted(times, block.times)
    seen = errors + block.offset.T @ shifts
    for loading, walk in zip(block.loading, walks, strict=True):
        seen += loading[:, None] * (block.contrast @ walk[at])
    good = np.isfinite(residual).all(axis=0)
    weights = np.empty((n, size))
    for part in batches(block, size):
        told = np.where(good[part], residual[:, part], 0.0)
        weights[:, part] = _solve(block, told, seen[:, part], sigma[:, part], uniform[part])
    weights[:, ~good] = np.nan
    for walk, process, s, loading in zip(walks, block.processes, block.sigma_of, block.loading, strict=True):
        passed = [process_clock(layer.metrics, process, t, layer.start) for t in (times, block.times)]
        shared = np.minimum.outer(*passed) @ block.contrast.T  # (T, n): covariance of the walk with each row's contrast
        walk += sigma[s] ** 2 * ((shared * loading) @ weights)
    shifts = (shifts + block.offset @ weights) * scale[:, None]
    return walks, shifts


def _offset_scale(block: Block, layer: Layer) -> np.ndarray:
    sd = {o.id: o.sd for o in layer.metrics.offsets}
    return np.array([sd[name] for name in block.offsets])


def _solve(block: Block, residual: np.ndarray, seen: np.ndarray, sigma: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Cov(rows)^-1 (told - seen), shape (n, member); told are the residuals with bounded ones drawn."""
    matrix = covariance(block, sigma, residual.shape[1])
    told = residual if block.exact == len(block.rows) else _draw_bounded(block, residual, matrix, uniform)
    return np.linalg.solve(matrix, (told - seen).T[..., None])[..., 0].T


def _draw_bounded(block: Block, residual: np.ndarray, matrix: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """The residuals with those of bounds replaced by draws on their side, given the exact rows; shape (n, member).

    uniform (member, CANDIDATES * bounds + 1), from which the candidates and the choice among them come.
    """
    n, members = residual.shape
    exact, bounds = block.exact, n - block.exact
    factor = np.linalg.cholesky(matrix)
    solved = np.linalg.solve(factor[:, :exact, :exact], residual[:exact].T[..., None])[..., 0]
    mean = np.einsum("mbe,me->mb", factor[:, exact:, :exact], solved)
    u = uniform[:, :-1].reshape(members, CANDIDATES, bounds)
    score = np.zeros((members, CANDIDATES))
    normal = np.zeros((members, CANDIDATES, bounds))
    values = np.empty((members, CANDIDATES, bounds))
    for b in range(bounds):
        row = exact + b
        centre = mean[:, None, b] + np.einsum("mcb,mb->mc", normal[..., :b], factor[:, row, exact:row])
        spread = factor[:, row, row][:, None]
        side = block.side[row]
        room = side * (centre - residual[row][:, None]) / spread
        reach = block.reach[row] / spread
        score += log_probability(room, reach)
        normal[..., b] = side * draw(room, reach, u[..., b])
        values[..., b] = centre + spread * normal[..., b]
    weight = np.cumsum(np.exp(score - score.max(axis=1, keepdims=True)), axis=1)
    chosen = (weight <= uniform[:, -1:] * weight[:, -1:]).sum(axis=1)
    drawn = np.take_along_axis(values, np.minimum(chosen, CANDIDATES - 1)[:, None, None], axis=1)[:, 0]
    return np.concatenate([residual[:exact], drawn.T])
