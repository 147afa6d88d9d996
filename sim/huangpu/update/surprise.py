"""How far a new figure lies from what was expected of it before it was known."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from statistics import NormalDist

import numpy as np

from huangpu.measurement.observations import Observation
from huangpu.update.density import Densities

NORMAL = NormalDist()
LEAST = 0.005  # chance of a bound that is 1 % in print
MOST = 8.0  # standard deviations beyond which the normal distribution is 0 or 1 to double precision


@dataclass(frozen=True)
class Surprise:
    """A new figure, what it is of, and where it stands.

    z       standard deviations above the expected, for a figure that is said exactly: the normal quantile of its place
            in the predictive distribution over all members
    chance  for a bound: the chance it was given
    """

    observation: Observation
    label: str
    z: float | None = None
    chance: float | None = None

    @property
    def text(self) -> str:
        """E.g. `1.3 sd low`."""
        if self.chance is not None:
            share = f"{100 * self.chance:.0f}" if self.chance >= LEAST else "less than 1"
            return f"a bound that had a chance of {share} %"
        if self.z is None or isnan(self.z):
            return "with no member to compare it with"
        if abs(self.z) < 0.1:
            return "as expected"
        more = "more than " if abs(self.z) >= MOST else ""
        return f"{more}{abs(self.z):.1f} sd {'high' if self.z > 0 else 'low'}"


def surprise(now: Densities, before: Densities, observation: Observation, share: np.ndarray) -> Surprise:
    """Of one row of `now`, under the members' weights (member,) and figures `before` it.

    The log likelihood is quadratic in a figure that is said exactly, so its values at the figure and a little to either
    side give each member's mean and spread of it; what a bound takes from it is the bound's chance. The others of its
    step count as known.
    """
    row = next(row for row in now.layer.rows if row.row_id == observation.row_id)
    label = now.layer.metrics.quantities[row.quantity].label or row.quantity
    good = np.isfinite(now.log) & np.isfinite(before.log)
    share = np.where(good, share, 0.0)
    if not share.sum():
        return Surprise(observation, label)
    share = share / share.sum()
    if row.bound != "=":
        with np.errstate(invalid="ignore"):
            held = np.exp(np.where(good, now.log - now.if_silent(row.row_id), -np.inf))
        return Surprise(observation, label, chance=float(np.minimum(held, 1.0) @ share))
    high, low = (now.if_reported(row.row_id, side * row.se) for side in (1.0, -1.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        slope, curve = (high - low) / (2 * row.se), (high + low - 2 * now.log) / row.se**2
        each = -slope / np.sqrt(-curve)
    return Surprise(observation, label, z=_quantile(np.where(good, each, 0.0), share))


def _quantile(z: np.ndarray, share: np.ndarray) -> float:
    """Normal quantile of the mean chance of what lies below, from the tail that is the smaller."""
    if np.isnan(z).any():
        return float("nan")
    side = 1.0 if z @ share > 0 else -1.0
    tail = sum(weight * NORMAL.cdf(-side * value) for value, weight in zip(z.tolist(), share.tolist(), strict=True))
    return side * min(MOST, -NORMAL.inv_cdf(tail)) if tail > 0 else side * MOST
