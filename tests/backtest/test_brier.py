"""The Brier score, its parts, and what unknown outcomes could do to it."""

import math

import numpy as np
import pytest

from huangpu.backtest import brier

NAN = math.nan


def test_score():
    assert brier.brier(np.array([1.0, 0.5, 0.0]), np.array([1.0, 1.0, NAN])) == 0.125
    assert math.isnan(brier.brier(np.array([0.3]), np.array([NAN])))


@pytest.mark.parametrize("count", [3, 47, 1000])
def test_the_parts_add_up(count):
    rng = np.random.default_rng(count)
    said = rng.uniform(size=count)
    met = (rng.uniform(size=count) < said**2).astype(float)
    met[1] = NAN
    parts = brier.murphy(said, met)
    assert parts.count == count - 1
    assert parts.score == pytest.approx(brier.brier(said, met))
    assert parts.reliability - parts.resolution + parts.uncertainty + parts.within == pytest.approx(parts.score)


def test_probabilities_that_are_right_are_reliable():
    rng = np.random.default_rng(0)
    said = rng.uniform(size=20_000)
    parts = brier.murphy(said, (rng.uniform(size=20_000) < said).astype(float))
    assert parts.reliability < 0.001 < 0.05 < parts.resolution
    over = brier.murphy(said, (rng.uniform(size=20_000) < 0.5).astype(float))
    assert over.reliability > 0.05 and over.resolution < 0.001


def test_who_always_says_the_share_is_reliable_and_resolves_nothing():
    parts = brier.murphy(np.full(4, 0.75), np.array([1.0, 1.0, 0.0, 1.0]))
    assert (parts.reliability, parts.resolution, parts.within) == (0, 0, 0)
    assert parts.score == parts.uncertainty == 0.1875


def test_certainty_that_comes_true_is_all_resolution():
    parts = brier.murphy(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    assert (parts.score, parts.reliability, parts.resolution) == (0, 0, 0.25)


def test_calibration_table():
    rows = brier.calibration(np.array([0.0, 0.1, 0.2, 0.95, 1.0]), np.array([0.0, 1.0, 1.0, 1.0, NAN]))
    assert [(row.low, row.high, row.count) for row in rows] == [(0, 0.2, 2), (0.2, 0.4, 1), (0.8, 1, 1)]
    assert (rows[0].said, rows[0].met) == (0.05, 0.5)


def test_nothing_known():
    assert brier.calibration(np.array([0.5]), np.array([NAN])) == ()
    assert math.isnan(brier.murphy(np.array([0.5]), np.array([NAN])).score)


def test_base_rate():
    assert brier.base_rate(np.array([1.0, 1.0, NAN])) == 0.75
    assert brier.base_rate(np.array([])) == 0.5


def test_unknown_outcomes_between_the_best_and_the_worst():
    said, met = np.array([0.9, 0.8, 0.3]), np.array([1.0, NAN, NAN])
    found = brier.missing(said, met)
    assert (found.known, found.unknown) == (pytest.approx(0.01), 2)
    assert found.none_met == pytest.approx((0.01 + 0.64 + 0.09) / 3)
    assert found.all_met == pytest.approx((0.01 + 0.04 + 0.49) / 3)
    assert found.best == pytest.approx((0.01 + 0.04 + 0.09) / 3)
    assert found.worst == pytest.approx((0.01 + 0.64 + 0.49) / 3)
    assert found.as_said == pytest.approx((0.01 + 0.16 + 0.21) / 3)
