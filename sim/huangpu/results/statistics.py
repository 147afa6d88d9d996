"""What a target is about: one number a member, from a predicted quantity over some years. One table row a statistic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Statistic:
    """How a reading turns yearly values into the numbers that are compared with a threshold.

    years    which years it needs: "year", "years" (a first and a last) or "base_year" (base_year to year)
    compute  (values (year, member), the same of the other quantity or None) -> (number, member): one number a member,
             or one a year where each of them must meet the target
    units    the units that the number may have; none where it is in the unit of the quantity
    """

    years: str
    compute: Callable[[Array, Array | None], Array]
    units: tuple[str, ...] = ()

    def fits(self, quantity: str, target: str) -> bool:
        """Whether a number from a quantity in one unit can be compared with a target in another."""
        if self.units:
            return target in self.units
        # A yearly amount may be written as a rate or as an amount, a rise of a share in points or in percent.
        amounts = {unit.removesuffix("_per_year") for unit in (quantity, target)}
        return len(amounts) == 1 or (self is STATISTICS["increase"] and (quantity, target) == POINTS)


def growth(x: Array) -> Array:
    """Yearly growth, percent, shape (year - 1, member)."""
    return 100 * (x[1:] / x[:-1] - 1)


def mean_growth(x: Array) -> Array:
    """Geometric mean of yearly growth, percent a year, shape (1, member)."""
    return 100 * ((x[-1:] / x[:1]) ** (1 / (len(x) - 1)) - 1)


POINTS = ("percent", "percentage_point")
RATES = ("percent", "percent_per_year")

STATISTICS = {
    "level": Statistic("year", lambda x, _: x[-1:]),
    "cumulative": Statistic("years", lambda x, _: x.sum(axis=0, keepdims=True)),
    "every_year": Statistic("years", lambda x, _: x),
    "increase": Statistic("base_year", lambda x, _: x[-1:] - x[:1]),
    "multiple": Statistic("base_year", lambda x, _: x[-1:] / x[:1], ("multiple",)),
    "reduction": Statistic("base_year", lambda x, _: 100 * (1 - x[-1:] / x[:1]), ("percent", "percent_reduction")),
    "mean_growth": Statistic("base_year", lambda x, _: mean_growth(x), RATES),
    "mean_reduction": Statistic("base_year", lambda x, _: -mean_growth(x), RATES),
    # Mean of yearly rates, the quantity less the other.
    "growth_difference": Statistic(
        "base_year",
        lambda x, y: (growth(x) - growth(y)).mean(axis=0, keepdims=True),
        ("percentage_point", "percentage_point_per_year"),
    ),
}
