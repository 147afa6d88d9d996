"""Probabilities of yes-or-no outcomes against what came: the Brier score and what it is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # few targets come due: five classes, the highest with its upper edge


@dataclass(frozen=True, slots=True)
class Murphy:
    """Brier score = reliability - resolution + uncertainty + within.

    Murphy (1973), eq. 6, with the mean probability of each class for the probability of all in it; what differs inside
    classes is in `within` (Stephenson, Coelho & Jolliffe 2008, the two terms together), so that the sum holds exactly.

    score        Brier score, smaller is better
    reliability  how far the shares met are from the probabilities said, smaller is better
    resolution   how far the shares met of the classes are from the share of all, larger is better
    uncertainty  share met times share not met: the score of who always says the share
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    count: int


@dataclass(frozen=True, slots=True)
class Class:
    """One row of a calibration table: probabilities from low to high, their mean, and the share met."""

    low: float
    high: float
    count: int
    said: float
    met: float


@dataclass(frozen=True, slots=True)
class Missing:
    """The Brier score if the outcomes that are not known were none met, all met, or as the probabilities say.

    best, worst  if each were on the likelier, on the less likely side: no assumption leads outside
    """

    known: float
    none_met: float
    all_met: float
    as_said: float
    best: float
    worst: float
    unknown: int


def brier(said: Array, met: Array) -> float:
    """Mean squared difference of probabilities (target,) and outcomes 0 or 1 (Brier 1950); unknown ones, nan, left out.

    nan if no outcome is known.
    """
    known = ~np.isnan(met)
    return float(((said[known] - met[known]) ** 2).mean()) if known.any() else math.nan


def base_rate(met: Array) -> float:
    """Share met of the outcomes known at an origin, drawn to one half by one of each (Laplace): with none, one half."""
    known = met[~np.isnan(met)]
    return float((known.sum() + 1) / (len(known) + 2))


def _class_of(said: Array) -> Array:
    return np.clip(np.searchsorted(EDGES, said, "right") - 1, 0, len(EDGES) - 2)


def calibration(said: Array, met: Array) -> tuple[Class, ...]:
    """The classes that have targets with a known outcome."""
    known = ~np.isnan(met)
    said, met = said[known], met[known]
    which = _class_of(said)
    return tuple(
        Class(
            EDGES[c],
            EDGES[c + 1],
            int((which == c).sum()),
            float(said[which == c].mean()),
            float(met[which == c].mean()),
        )
        for c in np.unique(which)
    )


def murphy(said: Array, met: Array) -> Murphy:
    score, rows = brier(said, met), calibration(said, met)
    if not rows:
        return Murphy(math.nan, math.nan, math.nan, math.nan, math.nan, 0)
    share = np.array([row.count for row in rows]) / sum(row.count for row in rows)
    said_by, met_by = np.array([row.said for row in rows]), np.array([row.met for row in rows])
    overall = float(share @ met_by)
    reliability = float(share @ (said_by - met_by) ** 2)
    resolution = float(share @ (met_by - overall) ** 2)
    uncertainty = overall * (1 - overall)
    within = _within(said[~np.isnan(met)], met[~np.isnan(met)])
    return Murphy(score, reliability, resolution, uncertainty, within, sum(row.count for row in rows))


def _within(said: Array, met: Array) -> float:
    """Variance of probabilities inside classes, less twice their covariance with outcomes, as parts of all targets."""
    which = _class_of(said)
    counts = np.maximum(np.bincount(which), 1)
    off = said - (np.bincount(which, said) / counts)[which]
    return float((off**2 - 2 * off * (met - (np.bincount(which, met) / counts)[which])).mean())


def missing(said: Array, met: Array) -> Missing:
    """What the targets without a known outcome could do to the score of all; they are not missing at random."""
    known = ~np.isnan(met)
    if_no, if_yes = said**2, (1 - said) ** 2

    def filled(unknown: Array) -> float:
        return float(np.where(known, (said - met) ** 2, unknown).mean())

    return Missing(
        known=brier(said, met),
        none_met=filled(if_no),
        all_met=filled(if_yes),
        as_said=filled(said * if_yes + (1 - said) * if_no),
        best=filled(np.minimum(if_no, if_yes)),
        worst=filled(np.maximum(if_no, if_yes)),
        unknown=int((~known).sum()),
    )
