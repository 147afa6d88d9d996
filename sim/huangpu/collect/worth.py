"""How much an uncertain answer would be known better if one figure were: preposterior analysis by regression.

With T the answer and Z a figure as it would be reported (a draw of it plus a draw of its reporting error), the variance
that is expected to be left is E[Var(T | Z)], and what goes is Var(E[T | Z]). The conditional mean is a regression of
the members' T on their Z (Strong, Oakley & Brennan 2014, "Estimating multiparameter partial expected value of perfect
information from a probabilistic sensitivity analysis sample: a nonparametric regression approach"; with the error of a
sample in Z: Strong, Oakley, Brennan & Breeze 2015). Z is one number, so a few smooth functions of its rank do.

What chance alone would explain is taken out by the adjusted R-squared. What still may be chance is told by the same
regression on answers that have been moved on along the draws, so that they belong to other members while neighbours
stay as alike as draws of one walker are.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

POWERS = 7  # of the rank; with its normal score, so that a straight line of a normal figure is met exactly
SHIFTS = 200  # answers moved on along the draws
LEVEL = 0.99  # the best of all figures on moved answers stays below the floor so often


@dataclass(frozen=True)
class Worth:
    """(figure, answer): drop, the share of the answer's variance that is expected to go; change, the expected absolute
    change of the answer's mean. floor (answer,): a drop below it is not told from chance."""

    drop: np.ndarray
    change: np.ndarray
    floor: np.ndarray


def worth(figures: np.ndarray, answers: np.ndarray, seed: int) -> Worth:
    """figures (F, member) and answers (A, member), members in the order of their draws. Nothing tells of an answer that
    is the same for all members."""
    size, terms = figures.shape[1], 1 + POWERS
    centred = answers - answers.mean(axis=1, keepdims=True)
    total = np.maximum((centred**2).sum(axis=1), np.finfo(float).tiny)
    basis = np.array([_basis(figure) for figure in figures])  # (F, member, terms)
    fitted = np.einsum("fnk,an->fka", basis, centred)
    raw = (fitted**2).sum(axis=1) / total
    drop = adjusted(raw, size, terms)
    change = np.empty_like(drop)
    for k, (own, coefficient) in enumerate(zip(basis, fitted, strict=True)):
        change[k] = np.abs(own @ coefficient).mean(axis=0)
    shrunk = np.sqrt(np.divide(np.maximum(drop, 0.0), raw, out=np.zeros_like(raw), where=raw > 0))
    moves = np.random.default_rng([seed, size]).integers(size // 10, size - size // 10, SHIFTS)
    by_chance = []
    flat = np.ascontiguousarray(basis.transpose(0, 2, 1)).reshape(-1, size)
    for move in moves:
        moved = (flat @ np.roll(centred, move, axis=1).T).reshape(len(figures), terms, len(answers))
        by_chance.append(adjusted((moved**2).sum(axis=1) / total, size, terms).max(axis=0))
    floor = np.maximum(np.quantile(by_chance, LEVEL, axis=0), 0.0)
    return Worth(np.maximum(drop, 0.0), change * shrunk, floor)


def adjusted(explained: np.ndarray, size: int, terms: int) -> np.ndarray:
    """The share of variance explained, less what so many terms explain of noise on average."""
    return 1 - (1 - explained) * (size - 1) / (size - 1 - terms)


def normal_scores(values: np.ndarray) -> np.ndarray:
    """Normal quantiles of the ranks along the last axis: a scale on which no wild member decides."""
    size = values.shape[-1]
    quantiles = np.array([NormalDist().inv_cdf((k + 0.5) / size) for k in range(size)])
    ranks = np.argsort(np.argsort(values, axis=-1, kind="stable"), axis=-1, kind="stable")
    return quantiles[ranks]


def _basis(figure: np.ndarray) -> np.ndarray:
    """(member, terms), orthonormal and without a mean: the normal score of the rank, and powers of the rank."""
    size = len(figure)
    rank = np.empty(size)
    rank[np.argsort(figure, kind="stable")] = (np.arange(size) + 0.5) * (2 / size) - 1
    columns = np.column_stack([normal_scores(figure), np.polynomial.legendre.legvander(rank, POWERS)[:, 1:]])
    return np.linalg.qr(columns - columns.mean(axis=0))[0]
