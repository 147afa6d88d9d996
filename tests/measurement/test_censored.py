"""Bounds as stretches of the normal distribution: against scipy, and far out in both tails."""

import numpy as np
import pytest
from scipy import stats

from huangpu.measurement.censored import draw, log_probability

INF = np.inf


@pytest.mark.parametrize("room", [-3.0, 0.0, 0.5, 2.0, 6.0])
@pytest.mark.parametrize("reach", [0.1, 1.0, 5.0, INF])
def test_probability_of_the_stretch(room, reach):
    expected = stats.norm.cdf(reach - room) - stats.norm.cdf(-room)
    assert np.exp(log_probability(np.array(room), np.array(reach))) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("room", "reach"), [(40.0, 5.0), (-40.0, 5.0), (-40.0, INF), (300.0, 1.0)])
def test_far_from_the_bound_the_logarithm_stays_finite(room, reach):
    near = min(abs(room), abs(room - reach))
    assert log_probability(np.array(room), np.array(reach)) == pytest.approx(-0.5 * near**2 - np.log(near), rel=0.02)


def test_the_further_beyond_its_reach_the_less_likely():
    score = log_probability(np.linspace(2.0, 30.0, 50), np.full(50, 2.0))
    assert (np.diff(score) < 0).all()


@pytest.mark.parametrize(("room", "reach"), [(1.0, 2.0), (5.0, 2.0), (-4.0, 1.0), (0.3, INF), (-6.0, INF)])
def test_draws_have_the_truncated_distribution(room, reach):
    u = (np.arange(2000) + 0.5) / 2000
    drawn = draw(np.full(2000, room), np.full(2000, reach), u)
    expected = stats.truncnorm(-room, reach - room)
    assert stats.kstest(drawn, expected.cdf).statistic < 1e-3
