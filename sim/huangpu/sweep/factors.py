"""What varies, and what it is drawn from: shares of 1 in, values of the factor out, by its quantile function.

A distribution that goes on without end, or beyond what the model's prior supports, is cut there: it is the distribution
given that the value lies inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, log

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri

Array = np.ndarray
ENDLESS = (-inf, inf)
_EDGE = 2.0**-31  # half of the finest step of a Sobol sequence: so near to 0 or 1 a share may come
# Levels of a factor that has no two ends of its own lie between these quantiles: the least of 4,000 draws says nothing
LEVELS = (0.05, 0.95)


@dataclass(frozen=True)
class Kind:
    """numbers: its keys in a sweep file; check: what is wrong with them, or ""; both maps take them last.

    share  of it that lies below a value; None where its first and last number are its ends
    """

    numbers: tuple[str, ...]
    check: Callable[..., str]
    quantile: Callable[..., Array]
    share: Callable[..., float] | None = None


def _rising(low: float, high: float) -> str:
    return "" if low < high else f"low {low:g} is not below high {high:g}"


def _positive(low: float, high: float) -> str:
    return _rising(low, high) if low > 0 else f"low {low:g} is not above 0, and it has no logarithm"


def _peaked(low: float, mode: float, high: float) -> str:
    return _rising(low, high) or ("" if low <= mode <= high else f"mode {mode:g} is not between low and high")


def _spread(_: float, sd: float) -> str:
    return "" if sd > 0 else f"the spread must be above 0, found {sd:g}"


def _above(median: float, sd: float) -> str:
    return _spread(median, sd) if median > 0 else f"the median must be above 0, found {median:g}"


def _between(median: float, sd: float) -> str:
    return _spread(median, sd) if 0 < median < 1 else f"the median must be between 0 and 1, found {median:g}"


def _triangular(u: Array, low: float, mode: float, high: float) -> Array:
    rising = (mode - low) / (high - low)
    left = low + np.sqrt(u * (high - low) * (mode - low))
    return np.where(u < rising, left, high - np.sqrt((1 - u) * (high - low) * (high - mode)))


def _log(x: float) -> float:
    return log(x) if x > 0 else -inf


KINDS = {
    "uniform": Kind(("low", "high"), _rising, lambda u, a, b: a + (b - a) * u),
    "loguniform": Kind(("low", "high"), _positive, lambda u, a, b: a * np.exp(u * log(b / a))),
    "triangular": Kind(("low", "mode", "high"), _peaked, _triangular),
    "normal": Kind(("mean", "sd"), _spread, lambda u, m, s: m + s * ndtri(u), lambda x, m, s: ndtr((x - m) / s)),
    "lognormal": Kind(
        ("median", "log_sd"),
        _above,
        lambda u, m, s: m * np.exp(s * ndtri(u)),
        lambda x, m, s: ndtr(_log(x / m) / s),
    ),
    "logitnormal": Kind(
        ("median", "logit_sd"),
        _between,
        lambda u, m, s: expit(logit(m) + s * ndtri(u)),
        lambda x, m, s: ndtr((logit(min(max(x, 0.0), 1.0)) - logit(m)) / s),
    ),
}


@dataclass(frozen=True)
class Distribution:
    """kind: of KINDS with its `numbers`, or "posterior" with the draws in rising order; support: where it is cut."""

    kind: str
    numbers: tuple[float, ...] = ()
    support: tuple[float, float] = ENDLESS
    draws: Array = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """Whether it has a lowest and a highest value of its own, which a person gave."""
        return self.kind in KINDS and KINDS[self.kind].share is None


def quantile(distribution: Distribution, u: Array) -> Array:
    """The values below which the shares u, 0 to 1, of a distribution lie; same shape."""
    if distribution.kind == "posterior":
        return _of_draws(distribution.draws, u)
    kind, numbers = KINDS[distribution.kind], distribution.numbers
    with np.errstate(all="ignore"):  # numbers beyond all measure give what is not finite, which is for the caller
        if kind.share is None:
            return kind.quantile(u, *numbers)
        first, last = (kind.share(end, *numbers) for end in distribution.support)
        return kind.quantile(np.clip(first + (last - first) * u, _EDGE, 1 - _EDGE), *numbers)


def _of_draws(draws: Array, u: Array) -> Array:
    """Straight lines between the order statistics, the k-th of n at (k - 1/2) / n (Hazen, 1914), held at the ends."""
    place = np.clip(u * len(draws) - 0.5, 0.0, len(draws) - 1.0)
    below = np.minimum(place.astype(np.int64), max(len(draws) - 2, 0))
    low = draws[below]
    return low + (place - below) * (draws[np.minimum(below + 1, len(draws) - 1)] - low)


@dataclass(frozen=True)
class Factor:
    """What varies.

    kind        "parameter": a constant; "column": the delivery of a plan; "lever": times what the scenario delivers of
                it, or its strength where the scenario has no window of it
    base        what it is where nothing varies
    calibrated  lowest and highest value that the posterior knows, within what the prior supports; -inf, inf: unknown
    ids         of a lever: its elements in the model; plan: the plan whose windows are scaled, "" all
    """

    name: str
    kind: str
    distribution: Distribution
    label: str
    units: str
    base: float
    calibrated: tuple[float, float] = ENDLESS
    ids: tuple[str, ...] = ()
    plan: str = ""

    def values(self, u: Array) -> Array:
        """Of shares 0 to 1."""
        return quantile(self.distribution, u)

    def levels(self, v: Array) -> Array:
        """Of places 0 to 1 between its low and its high: from end to end, or between LEVELS where it has no ends."""
        low, high = (0.0, 1.0) if self.distribution.ended else LEVELS
        return self.values(low + (high - low) * v)
