"""Matheron's rule (Journel & Huijbregts 1978): unknowns drawn from the prior, corrected by what the rows say.

With z the unknowns (walks, offsets, innovations of drivers, reporting errors) and rows(z) what they add to the rows,
z + Cov(z, rows) Cov(rows)^-1 (residual - rows(z)) is a draw given the residuals. A bound is first turned into a row of
its own: the figure that it bounds is drawn on its side, given the exact rows (one of CANDIDATES sequential draws,
chosen by importance weight; Geweke 1991, Hajivassiliou & Ruud 1994). Weighting draws of everything by the chance of the
bounds would leave few that count where a bound is far off.

Random numbers come from streams named by the seed and the process, driver, offset or row, and the year, with the member
as the slowest axis: member k's draw does not depend on how many members are asked for or where the run ends, and
scenarios compared with one seed share their draws. They do not depend on blocks either: drawing drivers first and then
the rest, given them, is drawing all at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huangpu.measurement.blocks import Block
from huangpu.measurement.censored import draw, log_probability
from huangpu.measurement.future import factors, first_of_process, first_to_come
from huangpu.measurement.layer import Layer
from huangpu.measurement.likelihood import LARGE, batches, covariance
from huangpu.measurement.processes import steps
from huangpu.measurement.streams import normals, stream

CANDIDATES = 32


@dataclass(frozen=True)
class Unknowns:
    """What a block's rows are made of besides the simulation, drawn from the prior.

    walks  (P, T, member) in transformed units; shifts (K, member), innovations (D, J, member) standard normal;
    errors (n, member) of reporting and of the season, in transformed units
    """

    walks: np.ndarray
    shifts: np.ndarray
    innovations: np.ndarray
    errors: np.ndarray


def grid(layer: Layer, end: int) -> np.ndarray:
    """Middle and end of every year and every row's time; what falls in a year does not depend on where the run ends."""
    whole = np.arange(int(np.floor(layer.start)), end + 1)
    observed = [t for block in layer.blocks for t in block.times]
    times = np.unique(np.concatenate([whole + 0.5, whole + 1.0, observed]))
    return times[times > layer.start]


def prior(block: Block, layer: Layer, sigma: np.ndarray, times: np.ndarray, years: np.ndarray, seed: int) -> Unknowns:
    """Draws for sigma (S, member), walks at `times`, innovations of `years` (J,)."""
    size = sigma.shape[1]
    firsts = [first_of_process(layer, block, p) for p in range(len(block.processes))]
    drawn = [_walk(layer, p, times, f, seed, size) for p, f in zip(block.processes, firsts, strict=True)]
    walks = [sigma[s] * walk for s, walk in zip(block.sigma_of, drawn, strict=True)]
    seasons = normals([(seed, "season", name) for name in block.seasons], size)
    normal = [innovations(layer, name, years, seed, size) for name in block.drivers]
    errors = normals([(seed, "error", row_id) for row_id in _row_ids(block, layer)], size)
    return Unknowns(
        np.array(walks).reshape(len(walks), len(times), size),
        normals([(seed, "offset", name) for name in block.offsets], size),
        np.array(normal).reshape(len(normal), len(years), size),
        errors * block.se[:, None] + block.season.T @ seasons,
    )


def at_mean(unknowns: Unknowns) -> Unknowns:
    """All at 0: what is drawn from these is the mean given the residuals."""
    return Unknowns(*(np.zeros_like(part) for part in vars(unknowns).values()))


def innovations(layer: Layer, driver: str, years: np.ndarray, seed: int, size: int) -> np.ndarray:
    """Of a driver with sigma 1, shape (J, size)."""
    drawn = normals([(seed, "driver", driver, int(year)) for year in years], size)
    return drawn * driver_factors(layer, driver, years, seed, size)


def driver_factors(layer: Layer, driver: str, years: np.ndarray, seed: int, size: int) -> np.ndarray:
    """(J, size) by which its innovations are larger than standard normal ones."""
    return factors(layer, ("driver", driver), years, first_to_come(layer), seed, size)


def added(block: Block, unknowns: Unknowns, sigma: np.ndarray, times: np.ndarray) -> np.ndarray:
    """What the unknowns add to the rows, (n, member)."""
    at = np.searchsorted(times, block.times)
    total = unknowns.errors + block.offset.T @ unknowns.shifts
    for loading, walk in zip(block.loading, unknowns.walks, strict=True):
        total += loading[:, None] * (block.contrast @ walk[at])
    for answer, s, normal in zip(block.answer, block.driver_sigma, unknowns.innovations, strict=True):
        total += sigma[s] * (answer @ normal)
    return total


@dataclass(frozen=True)
class Wider:
    """Variance of the rows beyond their covariance: vectors (W, n), each times its weight (W, member)."""

    vectors: np.ndarray
    weights: np.ndarray


def solve(
    block: Block,
    residual: np.ndarray,
    seen: np.ndarray,
    sigma: np.ndarray,
    uniform: np.ndarray | None,
    wider: Wider | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(Cov(rows)^-1 (told - seen), told), both (n, member); told are the residuals with those of bounds drawn.

    uniform: from `uniforms`; None where the residuals of bounds have been drawn already. Members whose residuals are
    not finite get weights of 0.
    """
    if not len(block.rows):
        return residual, residual
    good = np.isfinite(residual).all(axis=0)
    told = np.where(good, residual, 0.0)
    weights = np.empty_like(told)
    for part in batches(block, residual.shape[1]):
        matrix = covariance(block, sigma[:, part], told[:, part].shape[1])
        if wider is not None:
            matrix += np.einsum("wm,wi,wj->mij", wider.weights[:, part], wider.vectors, wider.vectors)
        if uniform is not None and block.exact < len(block.rows):
            told[:, part] = _draw_bounded(block, told[:, part], matrix, uniform[part])
        weights[:, part] = np.linalg.solve(matrix, (told[:, part] - seen[:, part]).T[..., None])[..., 0].T
    weights[:, ~good] = 0.0
    return weights, np.where(good, told, residual)


def _row_ids(block: Block, layer: Layer) -> list[str]:
    return [layer.rows[i].row_id for i in block.rows]


def _walk(layer: Layer, process: str, times: np.ndarray, first: int, seed: int, size: int) -> np.ndarray:
    """A process with sigma 1, shape (T, member), drawn year by year; first: its first year to come."""
    kept, spread = steps(layer.metrics, process, times, layer.start)
    years = np.ceil(times).astype(int) - 1
    path = np.empty((len(times), size))
    each = np.unique(years)
    for year, factor in zip(each, factors(layer, ("process", process), each, first, seed, size), strict=True):
        inside = years == year
        path[inside] = factor * stream(seed, "process", process, year).standard_normal((size, inside.sum())).T
    path *= spread[:, None]
    for before, after, part in zip(path, path[1:], kept[1:], strict=False):
        after += part * before
    return path


def uniforms(block: Block, layer: Layer, seed: int, size: int) -> np.ndarray:
    """(member, CANDIDATES * bounds + 1): candidates of each bound, and a last number for the choice among them."""
    ids = _row_ids(block, layer)[block.exact :]
    if not ids:
        return np.zeros((size, 0))
    each = np.stack([stream(seed, "bound", row_id).random((size, CANDIDATES)) for row_id in ids], axis=2)
    chosen = stream(seed, "choice", ids[0]).random((size, 1))
    return np.concatenate([each.reshape(size, -1), chosen], axis=1)


def half(block: Block, layer: Layer, seed: int, size: int) -> np.ndarray:
    """In place of `uniforms`: every bounded figure in the middle of where it may lie."""
    return np.full((size, CANDIDATES * (len(block.rows) - block.exact) + 1), 0.5)


def _draw_bounded(block: Block, residual: np.ndarray, matrix: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """The residuals with those of bounds replaced by draws on their side, given the exact rows; shape (n, member).

    uniform (member, CANDIDATES * bounds + 1), from which the candidates and the choice among them come.
    """
    n, members = residual.shape
    exact, bounds = block.exact, n - block.exact
    more = np.zeros((members, n + 1, n + 1))
    more[:, :n, :n] = matrix
    more[:, n, :exact] = residual[:exact].T
    more[:, n, n] = LARGE
    factor = np.linalg.cholesky(more)
    solved = factor[:, n, :exact]  # the last row of the factor is the residuals solved for, as in the likelihood
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
