"""A normal distribution near the density, found from the density alone: where a sampler's far steps may lead.

First the curvature at a maximum (Laplace), then the moments of what walkers have seen. A poor reference costs time and
never changes what is drawn, since `moves.ReferenceMove` corrects for it.

Why both: in some 200 dimensions a covariance from walkers alone needs thousands of independent draws, while curvature
costs n²/2 evaluations; but the mean of a skewed density lies well off its maximum, and with it steps accept three times
as often.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize

Array = np.ndarray
LogDensity = Callable[[Array], Array]

BATCH = 256
IMPOSSIBLE = -1e12  # what the climb sees where the density is zero
NUDGE = 1e-5  # of a coordinate, for slopes
CLIMBS, ENOUGH = 200, 1e-6  # steps uphill at most; relative gain below which to stop
TRIAL = 0.1  # of a coordinate's conditional sd, for curvature
FLATTEST = 0.25  # curvature below which a direction counts as flat: twice the prior's spread


@dataclass(frozen=True)
class Reference:
    """mean (parameter,); root (parameter, parameter), whose product with its transpose is the covariance."""

    mean: Array
    root: Array

    @cached_property
    def _inverse(self) -> Array:
        return np.linalg.inv(self.root)

    def standard(self, u: Array) -> Array:
        """(…, parameter) -> coordinates in which the reference is standard normal."""
        return (u - self.mean) @ self._inverse.T

    def point(self, z: Array) -> Array:
        """The inverse of `standard`."""
        return self.mean + z @ self.root.T


def laplace(density: LogDensity, start: Array) -> Reference:
    """The normal distribution with the density's curvature at the maximum that is uphill from `start` (parameter,)."""
    with np.errstate(invalid="ignore"):  # where the density is zero all around
        mode = _climb(density, start)
        weights, axes = np.linalg.eigh(_curvature(density, mode))
    return Reference(mode, axes / np.sqrt(np.maximum(weights, FLATTEST)))


def learned(reference: Reference, draws: Array) -> Reference:
    """The reference moved to the mean and the covariance of draws (step, walker, parameter), less what chance explains.

    In the given reference's coordinates the shift, the differences of spread and the correlations are each shrunk by
    their share of noise (James & Stein 1961, Schäfer & Strimmer 2005), given how many independent draws these are
    worth: as many as explain how much the walkers' means differ.
    """
    z = reference.standard(draws)
    flat = z.reshape(-1, z.shape[-1])
    n, spread = flat.shape[1], flat.std(axis=0)
    if not np.all(spread > 0):
        return reference
    worth = z.shape[1] * (spread**2).mean() / z.mean(axis=0).var(axis=0).mean()
    shift = _shrunk(flat.mean(axis=0), (spread**2).sum() / worth)
    scale = np.log(spread).mean()
    spread = np.exp(scale + _shrunk(np.log(spread) - scale, n / (2 * worth)))
    correlation = np.eye(n) + _shrunk(np.corrcoef(flat.T) - np.eye(n), n * (n - 1) / worth)
    root = reference.root @ (spread[:, None] * np.linalg.cholesky(correlation))
    return Reference(reference.point(shift), root)


def _shrunk(found: Array, noise: float) -> Array:
    """What was found, less the share of its sum of squares that noise makes up."""
    squares = (found**2).sum()
    return found * (1 - noise / squares) if squares > noise else np.zeros_like(found)


def in_batches(density: LogDensity, points: Array) -> Array:
    """(point, parameter) -> (point,), so many at a time as are quick."""
    return np.concatenate([density(points[i : i + BATCH]) for i in range(0, len(points), BATCH)])


def _climb(density: LogDensity, start: Array) -> Array:
    """The maximum uphill from `start`, by L-BFGS on one-sided differences."""
    nudges = NUDGE * np.eye(len(start))

    def downhill(u: Array) -> tuple[float, Array]:
        found = np.maximum(in_batches(density, np.concatenate([u[None], u + nudges])), IMPOSSIBLE)
        slope = np.where(found[1:] > IMPOSSIBLE, (found[1:] - found[0]) / NUDGE, 0.0)
        return -found[0], -slope

    options = {"maxiter": CLIMBS, "maxcor": 50, "ftol": ENOUGH}
    return minimize(downhill, start, jac=True, method="L-BFGS-B", options=options).x


def _curvature(density: LogDensity, at: Array) -> Array:
    """Minus the second derivatives (parameter, parameter), by steps of a like loss in every coordinate."""
    n = len(at)
    top = density(at[None])[0]
    steps = np.full(n, 1e-3)
    for _ in range(2):  # the second time with steps that fit
        moved = np.diag(steps)
        ups, downs = np.split(in_batches(density, np.concatenate([at + moved, at - moved])), 2)
        own = _finite((2 * top - ups - downs) / steps**2, 1.0)
        steps = TRIAL / np.sqrt(np.maximum(own, FLATTEST))
    moved = np.diag(steps)
    ups = in_batches(density, at + moved)
    i, j = np.triu_indices(n, 1)
    both = in_batches(density, at + moved[i] + moved[j])
    curvature = np.diag(own)
    curvature[i, j] = curvature[j, i] = _finite((ups[i] + ups[j] - top - both) / (steps[i] * steps[j]), 0.0)
    return curvature


def _finite(values: Array, otherwise: float) -> Array:
    return np.where(np.isfinite(values), values, otherwise)
