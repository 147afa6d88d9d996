"""Tests of uniformity: right as often as they say, and not blind."""

import numpy as np
import pytest
from scipy.stats import binom

from huangpu.checks.ranks import POINTS, holm, of_many, of_one, one_band, positions


def test_p_is_uniform_where_ranks_are():
    random = np.random.default_rng(1)
    p = np.array([of_one(positions(random.integers(0, 161, 80), 160)).p for _ in range(1000)])
    for level in (0.05, 0.2, 0.5):
        assert np.mean(p <= level) == pytest.approx(level, abs=0.03)


@pytest.mark.parametrize("ranks", [(2, 2), (0.5, 0.5), (1.6, 1)])
def test_too_wide_too_narrow_and_skewed_are_seen(ranks):
    places = np.random.default_rng(2).beta(*ranks, 300)
    found = of_one(places)
    assert found.p < 0.01
    assert ((found.difference < found.low) | (found.difference > found.high)).any()


def test_the_band_holds_everywhere_at_once():
    random, (low, high) = np.random.default_rng(3), one_band(60)
    inside = 0
    for places in random.random((1000, 60)):
        difference = (places[:, None] <= POINTS).mean(axis=0) - POINTS
        inside += np.all((difference >= low) & (difference <= high))
    assert inside / 1000 == pytest.approx(0.95, abs=0.025)
    pointwise = binom.ppf(0.975, 60, POINTS) / 60 - POINTS
    assert (high >= pointwise).all() and (high > pointwise).any()


def test_quantities_of_one_world_are_one_witness():
    """Twenty quantities that all say the same are no more than one."""
    random = np.random.default_rng(4)
    p = [of_many(np.repeat(random.random((60, 1)), 20, axis=1)).p for _ in range(200)]
    assert np.mean(np.array(p) < 0.05) < 0.1
    uneven = random.beta(2, 2, (60, 100))
    uneven[:5, :50] = np.nan
    assert of_many(uneven).p < 0.001


def test_holm_by_hand():
    assert holm(np.array([0.04, 0.01, 0.03])) == pytest.approx([0.06, 0.03, 0.06])
