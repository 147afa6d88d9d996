"""Probabilities and their Monte-Carlo error against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from huangpu.results.probability import OPERATORS, Threshold, batches_of, limit, probability


def flags(n: int, share: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random(n) < share


def test_without_chains_the_error_is_binomial():
    met = flags(1000, 0.3)
    found = probability(met, met.astype(float), [])
    p = met.mean()
    assert found.value == p
    assert found.error == pytest.approx(np.sqrt(p * (1 - p) / 1000), rel=1e-12)
    assert found.effective == 1000


def test_independent_draws_in_chains_stay_near_binomial():
    # Over 200 experiments the batch estimate is unbiased before its floor, so its mean lies a little above 1.
    n, ratios = 4000, []
    chain, draw = np.repeat(np.arange(4), 1000), np.tile(np.arange(1000), 4)
    for seed in range(200):
        met = flags(n, 0.4, seed)
        p = met.mean()
        ratios.append(probability(met, met, batches_of(chain, draw)).error / np.sqrt(p * (1 - p) / n))
    assert min(ratios) == pytest.approx(1)
    assert 1 < np.mean(ratios) < 1.1


@pytest.mark.parametrize("copies", [4, 10])
def test_copied_draws_widen_the_error_by_the_root_of_the_copies(copies):
    n, ratios = 4000, []
    chain, draw = np.repeat(np.arange(4), 1000), np.tile(np.arange(1000), 4)
    for seed in range(50):
        met = np.repeat(flags(n // copies, 0.4, seed), copies)
        p = met.mean()
        ratios.append(probability(met, met, batches_of(chain, draw)).error / np.sqrt(p * (1 - p) / n))
    assert np.mean(ratios) == pytest.approx(np.sqrt(copies), rel=0.05)  # 50 experiments of 40 batches: about 2 %


def test_the_order_of_members_does_not_matter():
    met = np.repeat(flags(400, 0.4), 10)
    chain, draw = np.repeat(np.arange(4), 1000), np.tile(np.arange(1000), 4)
    shuffle = np.random.default_rng(5).permutation(4000)
    a = probability(met, met, batches_of(chain, draw))
    b = probability(met[shuffle], met[shuffle], batches_of(chain[shuffle], draw[shuffle]))
    assert a.error == pytest.approx(b.error, rel=1e-12)


def test_chains_that_disagree_widen_the_error():
    met = np.repeat([True, False, False, False], 1000)
    chain, draw = np.repeat(np.arange(4), 1000), np.tile(np.arange(1000), 4)
    assert probability(met, met, batches_of(chain, draw)).error > 5 * np.sqrt(0.25 * 0.75 / 4000)


@pytest.mark.parametrize("all_met", [True, False])
def test_unanimous_members_leave_an_error(all_met):
    values = np.random.default_rng(2).normal(size=4000)
    found = probability(np.full(4000, all_met), values, [])
    assert found.value == all_met
    assert found.error == pytest.approx(0.5 / 4001)


def test_unanimous_members_are_worth_their_independent_draws():
    values = np.repeat(np.random.default_rng(2).normal(size=400), 10)
    chain, draw = np.repeat(np.arange(4), 1000), np.tile(np.arange(1000), 4)
    found = probability(np.zeros(4000, bool), values, batches_of(chain, draw))
    assert found.effective == pytest.approx(400, rel=0.5)  # 40 batches tell a variance to about a quarter
    assert found.error == pytest.approx(0.5 / (found.effective + 1))


def test_batches_hold_consecutive_draws_of_one_chain_and_every_member_once():
    chain, draw = np.arange(100) % 2, np.arange(100) // 2
    batches = batches_of(chain, draw)
    assert sorted(np.concatenate(batches)) == list(range(100))
    for batch in batches:
        assert len(set(chain[batch])) == 1
        assert list(np.diff(draw[batch])) == [1] * (len(batch) - 1)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_a_handful_of_members_has_an_error_too(n):
    chain, draw = np.zeros(n, int), np.arange(n)
    found = probability(np.ones(n, bool), np.arange(n, dtype=float), batches_of(chain, draw))
    assert (found.value, found.error) == (1, 0.5 / (n + 1))


@pytest.mark.parametrize(
    ("operator", "values", "met"),
    [
        (">=", [49.9, 50, 51], [False, True, True]),
        (">", [49.9, 50, 51], [False, False, True]),
        ("<=", [49.9, 50, 51], [True, True, False]),
        ("rate_per_year<", [49.9, 50, 51], [True, False, False]),
        ("~=", [44.9, 45, 50, 55, 55.1], [False, True, True, True, False]),
        ("between", [49.9, 50, 60, 60.1], [False, True, True, False]),
        ("cumulative>=", [49.9, 50], [False, True]),
        ("cumulative~=", [44.9, 45], [False, True]),
        ("cumulative_between", [50, 61], [True, False]),
        ("per_year>=", [49.9, 50], [False, True]),
        ("rate_per_year>=", [49.9, 50], [False, True]),
        ("diff>", [50, 50.1], [False, True]),
        ("diff>=", [49.9, 50], [False, True]),
        ("multiply>=", [49.9, 50], [False, True]),
        ("reduction>=", [49.9, 50], [False, True]),
        ("increase_by_between", [49.9, 50, 60, 60.1], [False, True, True, False]),
        ("per_year~=", [44.9, 45, 55, 55.1], [False, True, True, False]),
    ],
)
def test_operators(operator, values, met):
    asked = Threshold(50.0, 60.0 if "between" in operator else None, (5.0, 5.0))
    assert list(OPERATORS[operator].met(np.array(values), asked)) == met


def test_about_may_be_wider_on_one_side():
    asked = Threshold(50.0, None, (1.0, np.inf))
    assert list(OPERATORS["~="].met(np.array([48.9, 49, 1e9]), asked)) == [False, True, True]


def test_every_operator_is_tested():
    tested = {row[0] for mark in test_operators.pytestmark for row in mark.args[1]}
    assert tested == set(OPERATORS)


@pytest.mark.parametrize("copies", [1, 10])
def test_fewer_hits_never_give_the_larger_chance(copies):
    """As shown, from no member to all: neighbours that chains made alike widen what is told apart for all alike."""
    chain, draw = np.repeat(np.arange(4), 1000), np.tile(np.arange(1000), 4)
    values = np.repeat(np.random.default_rng(2).normal(size=4000 // copies), copies)
    order, shown = np.argsort(values), []
    for hits in (0, 1, 2, 5, 20, 40, 400, 3990, 3999, 4000):
        met = np.zeros(4000, bool)
        met[order[:hits]] = True
        found = probability(met, values, batches_of(chain, draw))
        shown.append(min(max(found.value, found.finest), 1 - found.finest))
    assert shown == sorted(shown)
    assert shown[0] == shown[1] == shown[2]


@pytest.mark.parametrize(("members", "chance"), [(1e9, 0.001), (4000, 0.001), (1000, 0.003), (100, 0.03), (5, 0.5)])
def test_the_limit(members, chance):
    assert limit(members) == pytest.approx(chance, rel=1e-12)
