"""Bounds: figures that are only known to lie on one side of a value, and as a rule not far from it.

"Over 2000" says that the figure lies above 2000; nobody says it of 3000. So a bound reaches a few of its steps (the
standard error of the row) to its side and no further; with an infinite reach it is a plain one-sided bound.
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr, ndtri_exp


def log_probability(room: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Log of P(-room < z < reach - room) for z standard normal, elementwise; room and reach in standard deviations.

    room: how far the expected figure lies inside the bound; reach: width of the stretch in which it may lie, up to inf.
    """
    high, low = _ends(room, reach)
    top = log_ndtr(high)
    return top + np.log1p(-np.exp(log_ndtr(low) - top))


def draw(room: np.ndarray, reach: np.ndarray, u: np.ndarray) -> np.ndarray:
    """z standard normal given -room < z < reach - room, from u uniform on [0, 1), elementwise."""
    high, low = _ends(room, reach)
    inner = np.log1p(-u) + log_probability(room, reach)
    flipped = ndtri_exp(np.minimum(np.logaddexp(log_ndtr(low), inner), log_ndtr(high)))
    return np.where(room > reach, flipped, -flipped)


def _ends(room, reach):
    """The stretch mirrored to the lower tail, where the logarithm of the normal distribution keeps its digits."""
    beyond = room > reach
    return np.where(beyond, reach - room, room), np.where(beyond, -room, room - reach)
