"""The array functions of `arrays.py` for the readable form of a model: the kernel's own, to the bit, on numpy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from huangpu.compiler.arrays import ARRAYS, Array
from huangpu.compiler.normal import NORMAL
from huangpu.compiler.plain import Numpy, exp, power


@dataclass
class Cell:
    now: object


class Lists(Numpy):
    """The machine that runs a formula at once, on lists of numbers or arrays of members."""

    each, cell = range, Cell
    exp, pow = staticmethod(exp), staticmethod(power)
    normal = staticmethod(lambda x: NORMAL["normal"](np.asarray(x, dtype=float), Numpy))

    @staticmethod
    def when(truth) -> range:
        return range(int(np.any(truth)))

    @staticmethod
    def number(k: int) -> float:
        return float(k)


def _plain(array: Array) -> Callable[[tuple], list]:
    def function(inputs: tuple) -> list:
        n = array.elements(len(inputs))
        out = [np.float64(0.0)] * array.room(n)
        with np.errstate(all="ignore"):
            array.formula([np.asarray(value, dtype=float)[()] for value in inputs], out, n, Lists)
        return [np.asarray(value, dtype=float)[()] for value in out]

    return function


select, sort, inverse, by_priority, available = (
    _plain(ARRAYS[name]) for name in ("select", "sort", "inverse", "by_priority", "available")
)


def element(index, values):
    """The value at `index`, counted from 0 and cut to a whole number (1e-6 below counts as one); nan outside."""
    found = np.asarray(index, dtype=float) + 1e-6
    inside = (found >= 0.0) & (found < len(values))
    at = np.where(inside, found, 0.0).astype(int)
    stacked = np.stack(np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in values), found)[:-1])
    picked = np.take_along_axis(stacked, at[None], axis=0)[0] if at.ndim else stacked[at]
    return np.where(inside, picked, math.nan)[()]
