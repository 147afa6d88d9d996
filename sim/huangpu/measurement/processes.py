"""How a discrepancy process passes time: as a random walk, or with `phi` as an AR(1) process around 0.

In continuous time, X(t) = integral of phi^(t - u) dW(clock(u)) from its beginning, where W is a Wiener process of
variance sigma^2 a year and the clock runs faster in shock years; phi is what is left of a deviation a year on
(Ornstein-Uhlenbeck, its rate is -log phi), 1 for a walk. Everything here is for sigma = 1. Fit, paths and predictions
take their covariances and steps from here, so that they mean the same process.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from huangpu.measurement.metrics import Metrics


def clock(times: np.ndarray, start: float, shock_years: Mapping[int, float]) -> np.ndarray:
    """Variance of a walk at decimal years: time since the start, shock years counting several times."""
    passed = np.asarray(times, float) - start
    for year, factor in shock_years.items():
        passed = passed + (factor - 1) * (np.clip(times, year, year + 1) - np.clip(start, year, year + 1))
    return passed


def covariance(metrics: Metrics, process: str, times: np.ndarray, others: np.ndarray, start: float) -> np.ndarray:
    """(T, O) between the process at `times` and at `others`; 0 before it begins."""
    begin, shocks = _life(metrics, process, start)
    ages = [np.maximum(t, begin) for t in (times, others)]
    phi = metrics.phi_of(process)
    if phi == 1:
        return np.minimum.outer(*(clock(age, begin, shocks) for age in ages))
    first = _variance(np.minimum.outer(*ages), begin, phi, shocks)
    return first * phi ** np.abs(np.subtract.outer(*ages))


def steps(metrics: Metrics, process: str, times: np.ndarray, start: float) -> tuple[np.ndarray, np.ndarray]:
    """To each time from the one before (first: the start): (T,) what is kept, (T,) standard deviation of what comes."""
    begin, shocks = _life(metrics, process, start)
    ages = np.maximum(np.append(start, times), begin)
    phi = metrics.phi_of(process)
    if phi == 1:
        return np.ones(len(times)), np.sqrt(np.diff(clock(ages, begin, shocks)))
    return phi ** np.diff(ages), np.sqrt(_variance(ages[1:], ages[:-1], phi, shocks))


def _life(metrics: Metrics, process: str, start: float) -> tuple[float, Mapping[int, float]]:
    """When it begins, and the shock years that count for it."""
    own = metrics.processes[process]
    return max(start, own.start or start), metrics.shock_years if own.shocks else {}


def _variance(times, begin, phi: float, shock_years: Mapping[int, float]) -> np.ndarray:
    """What innovations since `begin` amount to at `times`, with phi below 1."""
    total = _arrived(times, begin, times, phi)
    for year, factor in shock_years.items():
        first, last = (np.clip(t, year, year + 1) for t in (begin, times))
        total = total + (factor - 1) * _arrived(times, first, np.maximum(first, last), phi)
    return total


def _arrived(times, first, last, phi: float) -> np.ndarray:
    """Integral of phi^(2 (times - u)) du from `first` to `last`."""
    rate = 2 * np.log(phi)
    return np.exp(rate * (times - last)) * np.expm1(rate * (last - first)) / rate
