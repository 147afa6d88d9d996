"""exp, ln, power, sin, cos and tan for the readable form of a model: the kernel's own, to the bit, on numpy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from huangpu.compiler.maths import FORMULAS
from huangpu.compiler.normal import NORMAL


class Numpy:
    """The machine that computes a formula of `maths.py` at once, on arrays."""

    where, abs = staticmethod(np.where), staticmethod(np.abs)
    trunc, sqrt = staticmethod(np.trunc), staticmethod(np.sqrt)

    @staticmethod
    def bits(number):
        return np.asarray(number).view(np.uint64)

    @staticmethod
    def double(bits):
        return np.asarray(bits).view(np.float64)

    @staticmethod
    def library(name, truth, x, usual):
        if not np.any(truth):
            return usual
        one = getattr(math, name)
        result = np.array(usual)
        result[truth] = [one(v) if math.isfinite(v) else math.nan for v in x[truth]]
        return result


def _plain(formula: Callable) -> Callable:
    """The formula as a function of floats and arrays; quiet about infinity and nan, which mean what they say."""

    def function(*args):
        with np.errstate(all="ignore"):
            return formula(*(np.asarray(arg, dtype=float) for arg in args), Numpy)[()]

    return function


exp, ln, power, sin, cos, tan = (_plain(FORMULAS[name]) for name in ("exp", "ln", "pow", "sin", "cos", "tan"))
normal, probit = (_plain(NORMAL[name]) for name in ("normal", "probit"))
