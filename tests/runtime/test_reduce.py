"""Answers of a reduced run are those of all paths kept; the same bits for any threads; nothing dropped in silence."""

import numpy as np
import pytest

from handmade import economy, program
from huangpu.runtime import reduce as reducing
from huangpu.runtime.drivers import Schedule
from huangpu.runtime.ensemble import Inputs, Saving, annual_means, simulate
from huangpu.runtime.reduce import LEAF, reduce, slices
from huangpu.runtime.reducers import Moments, cumulative, growth, hits, moments, saved, scores
from huangpu.runtime.sketch import ERROR, quantiles, sketch

SIZE = 5 * LEAF + 77
NAMES = ("capital", "output", "lever")  # what is wrong with capital does not touch the lever
YEARS = range(2000, 2010)


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def built():
    return program(economy())


def drawn(broken=()):
    rng = np.random.default_rng(8)
    share = rng.uniform(0.1, 0.4, SIZE)
    share[list(broken)] = np.nan
    lever = Schedule(rng.random((2, 41)), rng.random((2, SIZE)))
    return Inputs(SIZE, {"share": share, "lifetime": rng.uniform(5, 20, SIZE), "lever": 0.5}, {"lever": lever})


def annual(built):
    return [Saving(NAMES, *annual_means(built, YEARS))]


LOW = np.outer([120.0, 60.0, 0.4], np.linspace(0.8, 1.3, 10))
REDUCERS = {
    "moments": moments(saved()),
    "sums": moments(cumulative(saved())),
    "growth": sketch(growth(saved())),
    "sketch": sketch(saved()),
    "hits": hits(saved(), ">=", LOW),
    "scores": scores(lambda arrays, first: -(arrays[0][0, -1] ** 2)),
}


def answers(built, inputs, **more):
    found = reduce(built, SIZE, slices(inputs), annual(built), list(REDUCERS.values()), **more)
    return dict(zip(REDUCERS, found, strict=True))


@pytest.fixture(scope="module")
def paths(built):
    return simulate(built, drawn(), annual(built))[0]


@pytest.fixture(scope="module")
def found(built):
    return answers(built, drawn(), threads=1)


def test_moments_are_those_of_the_paths(paths, found):
    got = found["moments"]
    np.testing.assert_allclose(got.mean, paths.mean(axis=-1), rtol=1e-14)
    np.testing.assert_allclose(got.variance, paths.var(axis=-1, ddof=1), rtol=1e-12, atol=1e-12)
    assert np.array_equal(got.lowest, paths.min(axis=-1)) and np.array_equal(got.highest, paths.max(axis=-1))
    assert np.all(got.count == SIZE) and np.all(got.broken == 0)
    np.testing.assert_allclose(found["sums"].highest, paths.cumsum(axis=1).max(axis=-1), rtol=0)


def test_quantiles_are_within_the_error_that_is_stated(paths, found):
    asked = [0.0, 0.05, 0.5, 0.9, 1.0]
    for values, got in ((paths, found["sketch"]), (paths[:, 1:] / paths[:, :-1] - 1.0, found["growth"])):
        want = np.quantile(values, asked, axis=-1, method="inverted_cdf")
        assert np.all(np.abs(quantiles(got, asked) - want) <= ERROR * np.abs(want))
        assert got.buckets.sum() == values.size


def test_hits_and_scores_are_exact(paths, found):
    assert np.array_equal(found["hits"].hits, (paths >= LOW[..., None]).sum(axis=-1))
    assert np.array_equal(found["scores"], -(paths[0, -1] ** 2))


def test_a_hit_asks_for_the_relation_that_is_named(built):
    limit = float(simulate(built, drawn(), annual(built))[0][1, 3, 5])
    kinds = [hits(lambda arrays: arrays[0][1:2, 3:4], relation, limit) for relation in (">=", ">", "<=", "<")]
    ge, gt, le, lt = (int(h.hits[0, 0]) for h in reduce(built, SIZE, slices(drawn()), annual(built), kinds))
    assert ge == gt + 1 and le == lt + 1 and ge + lt == SIZE


def fields(answer):
    match answer:
        case np.ndarray():
            return [answer]
        case _:
            return [np.asarray(value) for value in vars(answer).values()]


def same(one, other):
    return all(
        np.array_equal(a, b, equal_nan=True)
        for name in one
        for a, b in zip(fields(one[name]), fields(other[name]), strict=True)
    )


@pytest.mark.parametrize("threads", [2, 5])
@pytest.mark.parametrize("layout", [{}, {"lanes": 2, "block": 8}])
def test_same_bits_for_any_threads_and_blocks(found, threads, layout):
    assert same(found, answers(program(economy(), **layout), drawn(), threads=threads))


def test_same_bits_where_a_leaf_draws_its_own_members(built, found):
    whole = drawn()
    parameters, lever = whole.parameters, whole.driven["lever"]

    def leaf(first, count):
        here = slice(first, first + count)
        varied = {"lifetime": parameters["lifetime"][here], "share": parameters["share"][here]}  # in another order
        return Inputs(count, varied, {"lever": Schedule(lever.profiles, lever.weights[:, here])})

    got = reduce(built, SIZE, leaf, annual(built), list(REDUCERS.values()), threads=2)
    assert same(found, dict(zip(REDUCERS, got, strict=True)))


def test_members_that_fail_are_counted_and_left_out(built, paths):
    bad = [3, LEAF, LEAF + 1, SIZE - 1]
    got = answers(built, drawn(bad))
    fine = np.setdiff1d(np.arange(SIZE), bad)
    for answer in (got["moments"], got["sketch"], got["hits"]):
        assert answer.broken.tolist() == [4, 4, 0] and answer.count.tolist() == [SIZE - 4, SIZE - 4, SIZE]
    np.testing.assert_allclose(got["moments"].mean[:2], paths[:2, :, fine].mean(axis=-1), rtol=1e-14)
    assert np.array_equal(got["hits"].hits[:2], (paths[:2, :, fine] >= LOW[:2, :, None]).sum(axis=-1))
    want = np.quantile(paths[:2, :, fine], 0.5, axis=-1, method="inverted_cdf")
    assert np.all(np.abs(quantiles(got["sketch"], [0.5])[0, :2] - want) <= ERROR * np.abs(want))
    assert np.flatnonzero(np.isnan(got["scores"])).tolist() == bad


def test_a_leaf_in_which_all_fail_changes_nothing(built):
    bad = range(LEAF, 2 * LEAF)
    got = answers(built, drawn(bad))["moments"]
    fine = np.setdiff1d(np.arange(SIZE), bad)
    want = simulate(built, drawn(bad), annual(built))[0][:2, :, fine]
    np.testing.assert_allclose(got.mean[:2], want.mean(axis=-1), rtol=1e-14)
    np.testing.assert_allclose(got.variance[:2], want.var(axis=-1, ddof=1), rtol=1e-12, atol=1e-12)
    assert np.all(np.isfinite(got.mean)) and np.all(got.count[:2] == SIZE - LEAF)


def by_hand(values, size):
    """The sketch of (1, 1, members) values, leaf by leaf, joined in another order than `reduce` does."""
    made = sketch(saved())
    parts = [made.leaf([values[..., k : k + size]], k) for k in range(0, values.shape[-1], size)]
    whole = parts.pop(1)
    for part in reversed(parts):
        whole = made.join(part, whole)
    return whole


def test_quantiles_of_every_sign_and_size_in_any_order():
    rng = np.random.default_rng(2)
    some = rng.standard_normal(4000) * 10.0 ** rng.integers(-300, 300, 4000)
    values = np.concatenate([some, [0.0, -0.0, 2.0**-1022, -(2.0**-1022), 1.7e308]])[None, None, :]
    asked = np.linspace(0, 1, 41)
    want = np.quantile(values[0, 0], asked, method="inverted_cdf")
    got = quantiles(by_hand(values, 1000), list(asked))[:, 0, 0]
    assert np.all(np.abs(got - want) <= ERROR * np.abs(want))
    assert np.array_equal(got, quantiles(by_hand(values[..., ::-1], 700), list(asked))[:, 0, 0])


def test_no_members_at_all_give_nan():
    nothing = np.full((1, 2, 3), np.nan)
    assert np.all(np.isnan(quantiles(sketch(saved()).leaf([nothing], 0), [0.5])))
    got: Moments = moments(saved()).leaf([nothing], 0)
    assert got.count[0] == 0 and got.broken[0] == 3 and np.all(np.isnan(got.variance))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12, 33])
def test_the_tree_has_one_shape_whatever_the_order(count):
    written = []
    for seed in range(4):
        tree = reducing._Tree(lambda a, b: f"({a} {b})", count)
        order = np.arange(count) if seed == 0 else np.random.default_rng(seed).permutation(count)
        for leaf in order:
            tree.add(int(leaf), str(leaf))
        written.append(tree.whole())
    assert len(set(written)) == 1
    assert written[0].replace("(", "").replace(")", "").split() == [str(k) for k in range(count)]


def test_few_parts_wait_at_a_time():
    tree, most = reducing._Tree(lambda a, b: None, 1000), 0
    for leaf in range(1000):
        tree.add(leaf, None)
        most = max(most, len(tree._waiting))
    assert most <= 10


def test_progress_and_errors_come_through(built):
    seen = []
    reduce(built, SIZE, slices(drawn()), annual(built), [], threads=3, progress=lambda *n: seen.append(n))
    assert seen[-1] == (SIZE, SIZE) and [done for done, _ in seen] == sorted(done for done, _ in seen)
    with pytest.raises(ValueError, match="inputs of 7 members were given where 1024"):
        reduce(built, SIZE, lambda first, count: Inputs(7), annual(built), [])
    with pytest.raises(ValueError, match="at least one member"):
        reduce(built, 0, slices(drawn()), annual(built), [])
    with pytest.raises(ValueError, match="thresholds have shape"):
        reduce(built, SIZE, slices(drawn()), annual(built), [hits(saved(), ">", [1.0, 2.0, 3.0])])
    with pytest.raises(ValueError, match="scores of"):
        reduce(built, SIZE, slices(drawn()), annual(built), [scores(lambda arrays, first: arrays[0])])


def test_an_interruption_stops_the_threads(built):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reduce(built, SIZE, slices(drawn()), annual(built), [moments(saved())], threads=2, progress=interrupt)
