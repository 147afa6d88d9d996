"""Levers through time and over members."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from huangpu.runtime.scenario.data import LeverWindow, ScenarioError
from huangpu.yamlfile import nearest

_TINY = 1e-9  # years; two times this close are the same step


def lever_profile(window: LeverWindow, times: np.ndarray) -> np.ndarray:
    """Strength of a window at each of the times (years), before delivery; same shape as `times`.

    A window that ends before its ramp is over fades from what it has reached.
    """
    times = np.asarray(times, dtype=np.float64)
    if window.points:
        years, values = np.array(window.points, dtype=np.float64).T
        return np.interp(times, years, values)
    risen = _risen(window.ramp, np.minimum(times, window.end) - window.start)
    faded = _risen(window.fade, times - window.end)
    return window.hold * risen * (1.0 - faded)


def _risen(ramp: tuple[str, float], elapsed: np.ndarray) -> np.ndarray:
    """From 0 to 1 with the time since the ramp began."""
    shape, years = ramp
    if shape == "step":
        return np.where(elapsed >= -_TINY, 1.0, 0.0)
    u = np.clip(elapsed / years, 0.0, 1.0)
    return u if shape == "linear" else u * u * (3.0 - 2.0 * u)


def delivery(window: LeverWindow, seed: int, size: int, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Share of a window that each member carries out, shape (member,).

    A range is drawn from a stream of its own, made from the seed and the window's `stream`: member k gets the same
    draw whatever the size of the ensemble and whatever else the scenario holds, so scenarios compare member by member.
    `columns` are the posterior's, for a delivery that names one; ScenarioError if it has none of that name.
    """
    match window.delivery:
        case str(name):
            if name not in columns:
                message = f"levers.{window.lever}: delivery: the posterior has no column '{name}'"
                raise ScenarioError(message + nearest(name, columns))
            return np.asarray(columns[name], dtype=np.float64)
        case (low, high):
            digest = hashlib.sha256(f"{seed}|{window.stream}".encode()).digest()
            draws = np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little"))).random(size)
            return low + (high - low) * draws
        case share:
            return np.full(size, float(share))
