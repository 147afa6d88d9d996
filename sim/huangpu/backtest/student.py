"""Student's t as a predictive distribution: what the naive forecasters say, and its scores in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Student:
    """mean + scale x t(df), on the scale of a series; df above 1, or its CRPS is infinite."""

    mean: float
    scale: float
    df: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and 0 < self.scale < math.inf and self.df > 1):
            raise ValueError(f"no predictive distribution: mean {self.mean}, scale {self.scale}, df {self.df}")


def quantile(said: Student, p: Array | float) -> Array | float:
    return said.mean + said.scale * special.stdtrit(said.df, p)


def draws(said: Student, n: int) -> Array:
    """(n,) quantiles at the middles of n equal slices of probability: no seed, no sampling error."""
    return quantile(said, (np.arange(n) + 0.5) / n)


def below(said: Student, x: float) -> float:
    """Probability of a figure below x."""
    return float(special.stdtr(said.df, (x - said.mean) / said.scale))


def meets(said: Student, operator: str, threshold: float) -> float:
    """Probability that the figure is >= (or >) or <= (or <) the threshold, which is on the scale of the series."""
    if operator in (">", ">="):
        return float(special.stdtr(said.df, (said.mean - threshold) / said.scale))
    if operator in ("<", "<="):
        return below(said, threshold)
    raise ValueError(f"no probability of {operator!r} {threshold}")


def log_density(said: Student, x: float) -> float:
    z, df = (x - said.mean) / said.scale, said.df
    at_mean = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - math.log(df * math.pi) / 2
    return at_mean - (df + 1) / 2 * math.log1p(z * z / df) - math.log(said.scale)


def crps(said: Student, x: float) -> float:
    """Continuous ranked probability score in the unit of the series; Jordan, Krüger & Lerch (2019), appendix A."""
    z, df = (x - said.mean) / said.scale, said.df
    ends = 2 * math.sqrt(df) / (df - 1) * math.exp(special.betaln(0.5, df - 0.5) - 2 * special.betaln(0.5, df / 2))
    density = said.scale * math.exp(log_density(said, x))  # of z
    return float(said.scale * (z * (2 * special.stdtr(df, z) - 1) + 2 * density * (df + z * z) / (df - 1) - ends))
