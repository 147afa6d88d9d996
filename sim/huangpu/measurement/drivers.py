"""Drivers: what moves the whole economy from year to year, run through the model, apart from discrepancy.

A driver is a constant of the model, neutral at 0, whose path is an AR(1) process with one innovation a year: its value
in the middle of a year is phi times that of the year before plus sigma times a standard normal innovation (larger in
dated shock years, where it says so). Between the middles it goes straight; it begins at 0 where the model begins.

In the fit the innovations are integrated out. A row answers to them linearly, by `Responses` that are taken from the
model itself, so the rows stay jointly Gaussian.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from huangpu.measurement.metrics import Metrics

NEGLIGIBLE = 0.02  # of a driver's strongest answer: rows that answer less to every innovation are said not to answer


@dataclass(frozen=True)
class Responses:
    """What a driver does to the rows, by the year in which it stands out; J years, n rows.

    years  (J,) whole years in a row, the first that of the model's start
    of     driver -> (n, J) change of a row's simulated value, in its transformed unit, by a driver of 1 in the middle
           of the year and 0 in those of all others
    """

    years: np.ndarray
    of: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Paths:
    """corners (K,) decimal years; of  driver -> (K, member) its value there, straight in between, 0 at the start.

    beyond  (row, member) how far each figure lies from its row's bound, drawn with the paths; 0 for exact rows
    """

    corners: np.ndarray
    of: Mapping[str, np.ndarray]
    beyond: np.ndarray


def driver_years(start: float, end: float) -> np.ndarray:
    """Whole years whose middle a path needs from `start` to `end`: up to the first middle at or after `end`."""
    first = int(np.floor(start + 0.5))  # the first middle must lie after the start, where the path is 0
    return np.arange(first, max(first, int(np.ceil(end - 0.5))) + 1)


def middles(years: np.ndarray) -> np.ndarray:
    """Decimal years at which a path has its corners."""
    return years + 0.5


def carried(metrics: Metrics, driver: str, years: np.ndarray) -> np.ndarray:
    """(J, J) from innovations to the path at the middles of the years, for sigma = 1."""
    own = metrics.drivers[driver]
    ages = np.subtract.outer(years, years)
    kept = np.where(ages >= 0, own.phi ** np.maximum(ages, 0.0), 0.0)
    factors = [metrics.shock_years.get(int(year), 1.0) if own.shocks else 1.0 for year in years]
    return kept * np.sqrt(factors)


def answers(metrics: Metrics, responses: Responses) -> dict[str, np.ndarray]:
    """Driver -> (n, J) what an innovation of each year adds to each row, for sigma = 1; negligible rows are 0."""
    found = {}
    for driver, response in responses.of.items():
        by_innovation = np.einsum("nj,ji->ni", response, carried(metrics, driver, responses.years))
        strongest = np.abs(by_innovation).max(axis=1, initial=0.0)
        heard = strongest > NEGLIGIBLE * strongest.max(initial=0.0)
        found[driver] = np.where(heard[:, None], by_innovation, 0.0)
    return found
