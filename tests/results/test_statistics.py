"""Each statistic on values that are easy to work out."""

from __future__ import annotations

import numpy as np
import pytest

from huangpu.results.statistics import STATISTICS

DOUBLING = np.array([[1.0, 10.0], [2.0, 10.0], [4.0, 10.0]])  # (year, member)
STEADY = np.array([[1.0, 1.0], [1.1, 1.2], [1.21, 1.44]])


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("level", [4, 10]),
        ("cumulative", [7, 30]),
        ("every_year", [1, 10]),
        ("mean_growth", [100, 0]),
        ("multiple", [4, 1]),
        ("growth_difference", [90, -20]),
        ("increase", [3, 0]),
        ("reduction", [-300, 0]),
        ("mean_reduction", [-100, 0]),
    ],
)
def test_statistics(statistic, expected):
    assert STATISTICS[statistic].compute(DOUBLING, STEADY).min(axis=0) == pytest.approx(np.array(expected, float))


def test_only_each_year_gives_a_number_a_year():
    shapes = {name: len(statistic.compute(DOUBLING, STEADY)) for name, statistic in STATISTICS.items()}
    assert shapes == dict.fromkeys(STATISTICS, 1) | {"every_year": 3}


@pytest.mark.parametrize(
    ("statistic", "quantity", "target", "fits"),
    [
        ("level", "percent", "percent", True),
        ("level", "yuan_1e8", "percent", False),
        ("every_year", "mu", "mu_per_year", True),
        ("cumulative", "robot_per_year", "robot", True),
        ("increase", "percent", "percentage_point", True),
        ("level", "percent", "percentage_point", False),
        ("mean_growth", "yuan_1e8", "percent_per_year", True),
        ("mean_growth", "yuan_1e8", "yuan_1e8", False),
        ("multiple", "enterprise", "multiple", True),
        ("reduction", "ratio", "percent", True),
    ],
)
def test_units(statistic, quantity, target, fits):
    assert STATISTICS[statistic].fits(quantity, target) == fits


def test_mean_growth_is_geometric_and_the_difference_arithmetic():
    x = np.array([[100.0], [150.0], [144.0]])
    assert STATISTICS["mean_growth"].compute(x, None) == pytest.approx(20)
    assert STATISTICS["growth_difference"].compute(x, np.ones((3, 1))) == pytest.approx((50 - 4) / 2)


def test_a_bad_year_makes_a_bad_number():
    x = DOUBLING.copy()
    x[1, 0] = np.nan
    assert np.isnan(STATISTICS["cumulative"].compute(x, None)[0, 0])
    assert np.isnan(STATISTICS["every_year"].compute(x, None).min(axis=0)[0])
