"""Intervals over forecasts that share a series or a year."""

import math

import numpy as np
import pytest

from huangpu.backtest import bootstrap

SERIES, YEARS = (grid.ravel() for grid in np.meshgrid([f"s{i}" for i in range(20)], range(2016, 2026), indexing="ij"))


def test_of_a_constant_there_is_no_doubt():
    assert bootstrap.mean(np.full(200, 0.9), SERIES, YEARS) == bootstrap.Interval(
        *[pytest.approx(0.9)] * 3
    )  # sums of equal numbers in another order
    assert bootstrap.skill(np.full(200, 3.0), np.full(200, 4.0), SERIES, YEARS).low == 0.25


def test_the_same_again_whatever_the_order_of_rows():
    values = np.random.default_rng(0).normal(size=200)
    once = bootstrap.mean(values, SERIES, YEARS)
    assert once == bootstrap.mean(values, SERIES, YEARS)
    turned = bootstrap.mean(values[::-1], SERIES[::-1], YEARS[::-1])
    assert (turned.low, turned.high) == pytest.approx((once.low, once.high))


def world(rng, by_series: float, by_year: float) -> np.ndarray:
    """(200,) around 1, with what is common to a series and to a year."""
    return (
        1 + rng.normal(size=(20, 10)) + by_series * rng.normal(size=(20, 1)) + by_year * rng.normal(size=(1, 10))
    ).ravel()


@pytest.mark.parametrize(("by_series", "by_year"), [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_intervals_hold_the_truth_as_often_as_they_say_in_spite_of_clusters(by_series, by_year):
    """Ten years are few: 90 % intervals hold some 85 %; those that take rows as independent would hold half or less."""
    rng = np.random.default_rng(1)
    held, naive = 0, 0
    for _ in range(120):
        values = world(rng, by_series, by_year)
        found = bootstrap.mean(values, SERIES, YEARS)
        held += found.low <= 1 <= found.high
        naive += abs(values.mean() - 1) <= 1.645 * values.std() / math.sqrt(200)
    assert 0.8 <= held / 120 <= 0.98
    assert naive < held


def test_skill_turns_the_ratio_round():
    rng = np.random.default_rng(2)
    model, naive = rng.exponential(size=200), 2 * rng.exponential(size=200)
    found = bootstrap.skill(model, naive, SERIES, YEARS)
    assert found.estimate == pytest.approx(1 - model.mean() / naive.mean())
    assert found.low < found.estimate < found.high


def test_rows_that_one_of_the_two_lacks_are_left_out():
    model, naive = np.ones(200), np.full(200, 2.0)
    model[:50], naive[-50:] = math.nan, math.nan
    model[-1] = 1e9
    assert bootstrap.skill(model, naive, SERIES, YEARS).estimate == 0.5


def test_with_too_little_there_is_an_estimate_and_no_interval():
    few = bootstrap.mean(np.array([1.0, 0.0]), ["a", "b"], [2016, 2017])
    assert few.estimate == 0.5 and math.isnan(few.low) and math.isnan(few.high)
    assert math.isnan(bootstrap.mean(np.array([math.nan]), ["a"], [2016]).estimate)
    assert bootstrap.mean(np.array([1.0, 0.0, 0.0]), ["a"] * 3, [2016, 2017, 2018]).low == 0
