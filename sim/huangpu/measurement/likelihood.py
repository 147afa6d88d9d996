"""Log likelihood of the reported rows for every member at once.

Given a member's simulation and sigmas the rows of a block are Gaussian with covariance
sum_p sigma_p^2 C_p + offsets + reporting errors, where p are processes and drivers. A bound counts as the probability
that the figure, given the exact rows of its block, lies on its side and within its reach (a censored observation);
bounds of one block count separately.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from threadpoolctl import ThreadpoolController

from huangpu.measurement.blocks import Block
from huangpu.measurement.censored import log_probability
from huangpu.measurement.layer import Layer
from huangpu.measurement.simulated import Simulated, residuals

CACHE = 2**18  # numbers; the matrices of as many members as fit are worked on together
LARGE = 1e100  # variance that takes a row out of a Cholesky factor while its column is still solved for


def one_thread():
    """Context in which BLAS and LAPACK use one thread: with more, the last bits depend on how many. Process-wide."""
    return ThreadpoolController().limit(limits=1, user_api="blas")


def log_likelihood(layer: Layer, simulated: Simulated, members: Mapping[str, np.ndarray]) -> np.ndarray:
    """Log likelihood of each member, shape (member,); -inf where the simulation of a row is not finite.

    members: sigma -> (member,). Same bits for any batch of members; call it within `one_thread()`.
    """
    residual = residuals(layer, simulated)
    good = np.isfinite(residual).all(axis=0)
    total = np.zeros(residual.shape[1])
    for block in layer.blocks:
        if len(block.rows):
            told = np.where(good, residual[block.rows], 0.0)
            total += block_log_likelihood(block, told, sigmas(block, members, told.shape[1]))
    return np.where(good, total, -np.inf)


def sigmas(block: Block, members: Mapping[str, np.ndarray], size: int) -> np.ndarray:
    """Yearly standard deviations of the block's processes and drivers, shape (S, size)."""
    return np.array([members[name] for name in block.sigmas], dtype=float).reshape(-1, size)


def block_log_likelihood(block: Block, residual: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """residual (n, member), sigma (S, member) -> (member,)."""
    n, parts = len(block.rows), batches(block, residual.shape[1])
    # one room for all: fresh memory would cost as much as what is computed in it
    room = np.empty((parts[0].stop if parts else 0, n + 1, n + 1))
    found = [_log_likelihood(block, residual[:, p], sigma[:, p], room[: p.stop - p.start]) for p in parts]
    return np.concatenate(found)


def batches(block: Block, members: int) -> list[slice]:
    """Members whose matrices stay in the cache together."""
    step = max(1, CACHE // len(block.rows) ** 2)
    return [slice(i, min(i + step, members)) for i in range(0, members, step)]


def covariance(block: Block, sigma: np.ndarray, members: int) -> np.ndarray:
    """Covariance of the block's rows for each member, shape (member, n, n); no BLAS, so the same bits in any batch."""
    total = np.empty((members, *block.fixed.shape))
    _fill(total, block, sigma)
    above, below = np.triu_indices(len(block.fixed), 1)
    total[:, above, below] = total[:, below, above]
    return total


def _fill(matrix: np.ndarray, block: Block, sigma: np.ndarray) -> None:
    """The covariance on and below the diagonal of (member, n, n), which is all that a Cholesky factor reads."""
    matrix[:] = block.fixed
    for s, rows, others, numbers in block.pieces:
        matrix[:, rows, others] += (sigma[s] ** 2)[:, None, None] * numbers


def _log_likelihood(block: Block, residual: np.ndarray, sigma: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """One Cholesky factor does it all: with the residuals as a last row of very large variance, that row of the factor
    is the residuals solved for. `matrix` (member, n + 1, n + 1) is room to work in."""
    n = len(block.rows)
    exact = slice(0, block.exact)
    _fill(matrix[:, :n, :n], block, sigma)
    total = np.diagonal(matrix, axis1=1, axis2=2)[:, block.exact : n].copy()
    matrix[:, n, :n] = residual.T
    later = np.arange(block.exact, n + 1)
    matrix[:, later, later] = LARGE
    factor = np.linalg.cholesky(matrix)  # LAPACK's own would save a copy, but holds up all other threads
    solved = factor[:, n, exact]
    scale = np.diagonal(factor, axis1=1, axis2=2)[:, exact]
    result = -0.5 * (solved**2).sum(axis=1) - np.log(scale).sum(axis=1) - 0.5 * block.exact * np.log(2 * np.pi)
    for i, b in enumerate(range(block.exact, n)):
        to_rows = factor[:, b, exact]
        mean = (to_rows * solved).sum(axis=1)
        spread = np.sqrt(total[:, i] - (to_rows**2).sum(axis=1))
        result += log_probability(block.side[b] * (mean - residual[b]) / spread, block.reach[b] / spread)
    return result
