"""Averaging with a naive forecaster: the exact weight, in worlds where one is right, and never from what is scored."""

import numpy as np
import pytest
from scipy import optimize

from huangpu.backtest import scores, student, weights
from huangpu.backtest.student import Student
from huangpu.backtest.types import Forecast, Held

RNG = np.random.default_rng


def pair(observed, draws, naive, *, kind="level", origin=2015, bound="=", published="2017-03-01") -> weights.Pair:
    held = Held("o", origin, "s", "m", kind, origin + 1, origin + 1.0, observed, bound, 2.0, published)
    return weights.Pair(Forecast(held, np.asarray(draws, dtype=float)), naive)


def world(seed, model_sd, model_bias, naive_sd, naive_bias, rows=60, **held) -> list[weights.Pair]:
    """Truth is a standard Gaussian about a centre that both know up to their bias."""
    rng = RNG(seed)
    found = []
    for _ in range(rows):
        centre = rng.normal(0, 5)
        draws = rng.normal(centre + model_bias, model_sd, size=200)
        naive = {"mean": Student(centre + naive_bias, naive_sd, 1e6), "trend": Student(centre + 9, 1.0, 1e6)}
        found.append(pair(rng.normal(centre, 1), draws, naive, **held))
    return found


def test_draws_of_the_pool():
    draws = weights.mixture(np.linspace(10, 11, 400), Student(0.0, 1.0, 5.0), 0.25)
    assert len(draws) == 400 and (np.diff(draws) >= 0).all()
    assert (draws > 9).mean() == pytest.approx(0.25, abs=1 / 400)
    said = Student(0.0, 1.0, 5.0)
    assert weights.mixture(np.zeros(50), said, 0.0) == pytest.approx(student.draws(said, 50))
    assert weights.mixture(np.arange(50.0)[::-1], said, 1.0).tolist() == np.arange(50.0).tolist()


def test_the_share_is_where_the_score_of_the_pool_is_least():
    pairs = world(0, 0.5, 0.8, 1.5, -0.8)

    def mean_crps(share):
        made = [weights.mixture(p.forecast.draws, p.naive["mean"], share) for p in pairs]
        return np.mean([scores.crps(d, p.forecast.held.observed) for d, p in zip(made, pairs, strict=True)])

    searched = optimize.minimize_scalar(mean_crps, bounds=(0, 1), method="bounded").x
    learned = weights.learn(pairs)["level"]
    assert (learned.naive, learned.rows) == ("mean", 60)
    assert 0.1 < learned.share < 0.9
    assert learned.share == pytest.approx(searched, abs=0.03)  # the pool's draws are as many as the model's


def test_who_is_right_gets_all_or_nearly():
    assert weights.learn(world(1, 1.0, 0.0, 3.0, 4.0))["level"].share > 0.9
    assert weights.learn(world(1, 3.0, 4.0, 1.0, 0.0))["level"].share < 0.1


def test_the_pool_does_better_on_rows_that_it_has_not_seen():
    """The model leans one way, the naive forecaster the other."""
    weight = weights.of(weights.learn(world(2, 1.0, 1.0, 1.0, -1.0)), "level")
    later = world(3, 1.0, 1.0, 1.0, -1.0, rows=300)
    made = [weights.pooled(p.forecast, p.naive, weight) for p in later]
    pooled = np.mean([scores.score(f).crps for f in made])
    assert pooled < np.mean([scores.score(p.forecast).crps for p in later])
    assert pooled < np.mean([scores.score_student(p.forecast.held, p.naive["mean"]).crps for p in later])


def test_kinds_with_few_rows_take_the_weight_of_all():
    pairs = world(4, 1.0, 0.0, 3.0, 4.0) + world(5, 3.0, 4.0, 1.0, 0.0, kind="share", rows=weights.ROWS - 1)
    learned = weights.learn(pairs)
    assert learned.keys() == {weights.ALL, "level"}
    assert weights.of(learned, "share") == learned[weights.ALL]


def test_with_little_or_nothing_known_the_model_stands_alone():
    few = world(6, 3.0, 4.0, 1.0, 0.0, rows=weights.ROWS - 1)
    bounds = world(6, 3.0, 4.0, 1.0, 0.0, bound=">=")
    for pairs in ([], few, bounds):
        weight = weights.of(weights.learn(pairs), "level")
        assert weight == weights.ALONE
        assert weights.pooled(few[0].forecast, few[0].naive, weight) is few[0].forecast


def test_a_naive_forecaster_that_cannot_forecast_has_no_say():
    one = world(7, 1.0, 0.0, 1.0, 0.0, rows=1)[0]
    assert weights.pooled(one.forecast, {}, weights.Weight("mean", 0.3, 20)) is one.forecast


def test_the_best_naive_forecaster_is_found_on_rows_that_all_could_forecast():
    """One that only forecasts what is easy is not the best for it."""
    hard = world(8, 1.0, 0.0, 1.0, 1.0)
    easy = [pair(0.0, p.forecast.draws, {"mean": Student(0.0, 1e-3, 9.0), **p.naive}) for p in world(9, 1, 0, 1, 0)]
    hard = [weights.Pair(p.forecast, {"mean": p.naive["mean"]}) for p in hard]
    learned = weights.learn([*hard, *easy])["level"]
    assert learned.naive == "mean"
    assert learned.rows == 120


def test_only_what_was_known_teaches_an_origin():
    pairs = [
        pair(0.0, [0, 1], {}, origin=2015, published="2017-12-31"),
        pair(1.0, [0, 1], {}, origin=2015, published="2018-01-01"),
        pair(2.0, [0, 1], {}, origin=2017, published="2017-12-31"),
        pair(3.0, [0, 1], {}, origin=2015, published=""),
    ]
    assert [p.forecast.held.observed for p in weights.known(pairs, 2017)] == [0.0]
    assert weights.known(pairs, 2015) == ()
