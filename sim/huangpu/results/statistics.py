"""What a target is about: one number a member, from a predicted quantity over some years. One table row a statistic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Statistic:
    """How a reading turns yearly values into one number a member.

    years    which years it needs: "year", "years" (a first and a last) or "base_year" (base_year to year)
    compute  (values (year, member), the same of the other quantity or None) -> (member,)
    same_unit  the number is in the unit of the quantity
    """

    years: str
    compute: Callable[[Array, Array | None], Array]
    same_unit: bool = False


def growth(x: Array) -> Array:
    """Yearly growth, percent, shape (year - 1, member)."""
    return 100 * (x[1:] / x[:-1] - 1)


STATISTICS = {
    "level": Statistic("year", lambda x, _: x[-1], same_unit=True),
    "cumulative": Statistic("years", lambda x, _: x.sum(axis=0), same_unit=True),
    "every_year": Statistic("years", lambda x, _: x.min(axis=0), same_unit=True),
    # Geometric, percent a year.
    "mean_growth": Statistic("base_year", lambda x, _: 100 * ((x[-1] / x[0]) ** (1 / (len(x) - 1)) - 1)),
    # Mean of yearly rates, the quantity less the other, percentage points.
    "growth_difference": Statistic("base_year", lambda x, y: (growth(x) - growth(y)).mean(axis=0)),
    "multiple": Statistic("base_year", lambda x, _: x[-1] / x[0]),
}
