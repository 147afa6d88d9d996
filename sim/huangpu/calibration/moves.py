"""A step of emcee's kind that knows a distribution near the density.

In coordinates where the reference is standard, z' = sqrt(1 - b²) z + b s ξ with ξ normal keeps the reference unchanged
(preconditioned Crank-Nicolson: Cotter et al. 2013, Rudolf & Sprungk 2018), so only what the reference misses is left to
acceptance. s is drawn given z such that the reference is Student's t (Kamatani 2017): as walkers far out scale their
steps with their distance, they come home instead of waiting there.
"""

from __future__ import annotations

import emcee
import numpy as np

from huangpu.calibration.reference import Reference

Array = np.ndarray

SIZES = np.array([0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0])  # b; 1 forgets where it was
FREEDOM = 10.0  # degrees of freedom of the t
OTHERS = 0.2  # share of steps that are not of the best size


class ReferenceMove(emcee.moves.Move):
    """weights: probability of each of SIZES. `tried` and `taken` count proposals and expected acceptances by size."""

    def __init__(self, reference: Reference, weights: Array):
        self.reference, self.weights = reference, weights
        self.tried, self.taken = np.zeros(len(SIZES)), np.zeros(len(SIZES))

    def propose(self, model, state):
        z = self.reference.standard(state.coords)
        walkers, n = z.shape
        size = model.random.choice(len(SIZES), walkers, p=self.weights)
        precision = model.random.gamma((FREEDOM + n) / 2, size=walkers) * 2 / (FREEDOM + (z**2).sum(axis=1))
        b = SIZES[size][:, None]
        new = np.sqrt(1 - b**2) * z + b / np.sqrt(precision)[:, None] * model.random.standard_normal(z.shape)
        points = self.reference.point(new)
        log_prob, blobs = model.compute_log_prob_fn(points)
        gain = log_prob - state.log_prob - _log_t(new) + _log_t(z)
        gain[np.isnan(gain)] = -np.inf  # from nowhere to nowhere
        accepted = np.log(model.random.random_sample(walkers)) < gain
        np.add.at(self.tried, size, 1)
        np.add.at(self.taken, size, np.exp(np.minimum(gain, 0)))
        return self.update(state, emcee.State(points, log_prob=log_prob, blobs=blobs), accepted), accepted


def _log_t(z: Array) -> Array:
    return -(FREEDOM + z.shape[1]) / 2 * np.log1p((z**2).sum(axis=1) / FREEDOM)


def even_weights() -> Array:
    return np.full(len(SIZES), 1 / len(SIZES))


def best_weights(tried: Array, taken: Array) -> Array:
    """Weights that favour the size which forgets most: what a step that is taken forgets, times acceptance squared.

    Squared, for where few steps are taken on average there are places that hardly any leaves: on the shipped model the
    mean alone chose b = 1 with 7 % taken, and walkers stood there for hundreds of steps.
    """
    forgets = (taken / np.maximum(tried, 1)) ** 2 * (1 - np.sqrt(1 - SIZES**2))
    weights = np.full(len(SIZES), OTHERS / (len(SIZES) - 1))
    weights[np.argmax(forgets)] = 1 - OTHERS
    return weights
