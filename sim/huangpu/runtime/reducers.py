"""What is made of a leaf of members: moments, hits of thresholds, scores. Which values, a small function says.

Values are (name, ..., member). A member with a value of some name that is not finite is left out of that name, at all
its slots, and counted there as broken: every slot then speaks of the same members, and none is missed in silence. Sums
over members are taken in halves, element by element, so that their bits are no matter of the machine's vectors.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from huangpu.runtime.reduce import Reducer

Arrays = Sequence[np.ndarray]  # of each saving (names, slots, member)
Values = Callable[[Arrays], np.ndarray]  # -> (name, ..., member)

RELATIONS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


# -- which values -----------------------------------------------------------------------------------------------------


def saved(number: int = 0) -> Values:
    """All that saving `number` keeps."""
    return lambda arrays: arrays[number]


def cumulative(of: Values) -> Values:
    """Sums from the first slot to each, in the order of the slots."""
    return lambda arrays: np.cumsum(of(arrays), axis=1)


def growth(of: Values) -> Values:
    """Relative change from each slot to the next: (name, slots - 1, member); per year where slots are years."""

    def relative(arrays: Arrays) -> np.ndarray:
        values = of(arrays)
        with np.errstate(all="ignore"):  # from 0 it is not finite, which makes the member broken
            return values[:, 1:] / values[:, :-1] - 1.0

    return relative


def sound(values: np.ndarray) -> np.ndarray:
    """(name, member): True where a member's values of a name are all finite."""
    return np.isfinite(values).reshape(len(values), -1, values.shape[-1]).all(axis=1)


def _over_slots(of_names: np.ndarray, like: np.ndarray) -> np.ndarray:
    """(name, ...) with axes of length 1 in between, to be used with values of `like`'s dimensions."""
    between = (1,) * (like.ndim - of_names.ndim)
    return of_names.reshape(of_names.shape[:1] + between + of_names.shape[1:])


# -- moments ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moments:
    """count, broken (name,): members taken and left out; the others (name, ...).

    squares is the sum of squared deviations from the mean; lowest and highest are inf and -inf where count is 0.
    """

    count: np.ndarray
    broken: np.ndarray
    mean: np.ndarray
    squares: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """With divisor count - 1; nan of fewer than two members."""
        with np.errstate(all="ignore"):
            return self.squares / _over_slots(np.maximum(self.count - 1.0, 0.0), self.squares)


def moments(of: Values) -> Reducer:
    """-> Moments."""

    def leaf(arrays: Arrays, first: int) -> Moments:
        values = of(arrays)
        fine = sound(values)
        count = fine.sum(axis=-1)
        every = _over_slots(fine, values)
        divisor = _over_slots(np.maximum(count, 1), values[..., 0])
        mean = _sum(np.where(every, values, 0.0)) / divisor
        away = np.where(every, values, mean[..., None]) - mean[..., None]
        lowest = np.where(every, values, np.inf).min(axis=-1)
        highest = np.where(every, values, -np.inf).max(axis=-1)
        return Moments(count, fine.shape[-1] - count, mean, _sum(away * away), lowest, highest)

    return Reducer(leaf, _join_moments, lambda whole: whole)


def _join_moments(a: Moments, b: Moments) -> Moments:
    """Chan, Golub and LeVeque (1979), eq. 2.1."""
    count = a.count + b.count
    share = _over_slots(b.count / np.maximum(count, 1), b.mean)
    apart = np.where(_over_slots(np.minimum(a.count, b.count), b.mean) > 0, b.mean - a.mean, 0.0)
    mean = np.where(_over_slots(a.count, a.mean) > 0, a.mean + apart * share, b.mean)
    return Moments(
        count,
        a.broken + b.broken,
        mean,
        a.squares + b.squares + apart * apart * (_over_slots(a.count, a.mean) * share),
        np.minimum(a.lowest, b.lowest),
        np.maximum(a.highest, b.highest),
    )


def _sum(values: np.ndarray) -> np.ndarray:
    """Sum over the last axis: the first half and the second half element by element, until one is left."""
    size = 1 << max(values.shape[-1] - 1, 0).bit_length()
    if size != values.shape[-1]:
        values = np.concatenate([values, np.zeros((*values.shape[:-1], size - values.shape[-1]))], axis=-1)
    while size > 1:
        size //= 2
        values = values[..., :size] + values[..., size:]
    return values[..., 0]


# -- thresholds -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hits:
    """count, broken (name,): members taken and left out; hits (name, ...): members that meet the threshold."""

    count: np.ndarray
    broken: np.ndarray
    hits: np.ndarray


def hits(of: Values, relation: str, threshold: float | np.ndarray) -> Reducer:
    """-> Hits of `value relation threshold`; relation is >=, >, <= or <, threshold a number or (name, ...)."""
    meets = RELATIONS[relation]
    limit = np.asarray(threshold, dtype=float)

    def leaf(arrays: Arrays, first: int) -> Hits:
        values = of(arrays)
        if limit.shape not in ((), values.shape[:-1]):
            raise ValueError(f"thresholds have shape {limit.shape}, not () or {values.shape[:-1]}")
        fine = sound(values)
        count = fine.sum(axis=-1)
        met = meets(values, limit[..., None]) & _over_slots(fine, values)
        return Hits(count, fine.shape[-1] - count, met.sum(axis=-1))

    def join(a: Hits, b: Hits) -> Hits:
        return Hits(a.count + b.count, a.broken + b.broken, a.hits + b.hits)

    return Reducer(leaf, join, lambda whole: whole)


# -- scores -----------------------------------------------------------------------------------------------------------


def scores(function: Callable[[Arrays, int], np.ndarray]) -> Reducer:
    """-> one number a member, (size,), such as a log likelihood; nan stays nan.

    `function` takes the leaf's arrays and its first member and returns (count,).
    """

    def leaf(arrays: Arrays, first: int) -> list[np.ndarray]:
        members = arrays[0].shape[-1]
        found = np.array(function(arrays, first), dtype=float)
        if found.shape != (members,):
            raise ValueError(f"scores of {members} members have shape {found.shape}, not ({members},)")
        return [found]

    return Reducer(leaf, operator.add, np.concatenate)
