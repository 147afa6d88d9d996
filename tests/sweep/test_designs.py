"""Designs: SALib's own layouts, the same whatever the slicing, each member by its number alone."""

import numpy as np
import pytest
from SALib.sample import fast_sampler, morris, sobol
from scipy import stats

from huangpu.sweep import designs
from huangpu.sweep.designs import HARMONICS, KINDS, Design, least_fast
from huangpu.sweep.factors import LEVELS, Distribution, Factor, quantile
from huangpu.sweep.indices import fast

UNIFORM = Distribution("uniform", (0.0, 1.0))
DRAWS = Distribution("posterior", draws=np.sort(np.random.default_rng(0).normal(5, 2, 101)))


def factor(name, distribution=UNIFORM, base=0.5):
    return Factor(name, "parameter", distribution, name, "", base)


FACTORS = tuple(factor(name) for name in "abc")
PROBLEM = {"num_vars": 3, "names": list("abc"), "bounds": [[0, 1]] * 3}


def design(kind, factors=FACTORS, *, seed=5, table=None, **options):
    size = KINDS[kind].size({**KINDS[kind].takes, **options}, len(factors)) or len(table)
    n = options.pop("trajectories", options.pop("n", 0)) or 0
    options = {**KINDS[kind].takes, **options}
    given = {key: options[key] for key in ("levels", "second_order") if key in options}
    return Design(kind, size, factors, seed, n=n, table=np.zeros((0, 0)) if table is None else table, **given)


EVERY = [
    design("sobol", n=32),
    design("sobol", n=32, second_order=False),
    design("morris", trajectories=40),
    design("latin", n=100),
    design("fast", n=577),
    design("factorial", levels=4),
    design("one_at_a_time", levels=5),
    design("posterior", table=np.random.default_rng(2).random((30, 3)), n=75),
    design("posterior", table=np.column_stack([np.arange(30.0), np.full((30, 2), np.nan)]), n=75),
    design("file", table=np.random.default_rng(2).random((50, 3))),
]


@pytest.mark.parametrize("of", EVERY, ids=lambda d: d.kind)
def test_rows_do_not_depend_on_the_slicing(of):
    whole = of.rows(0, of.size)
    assert whole.shape == (of.size, 3) and np.isfinite(whole).all()
    for width in (1, 7, 64):
        parts = [of.rows(k, min(k + width, of.size)) for k in range(0, of.size, width)]
        assert np.array_equal(np.concatenate(parts), whole)
    assert of.rows(3, 3).shape == (0, 3)
    with pytest.raises(ValueError):
        of.rows(0, of.size + 1)


@pytest.mark.parametrize("of", EVERY[:5], ids=lambda d: d.kind)
def test_another_seed_is_another_sample(of):
    other = Design(**{**vars(of), "seed": 6})
    assert not np.array_equal(other.rows(0, 20), of.rows(0, 20))


@pytest.mark.parametrize("second", [True, False])
def test_sobol_is_laid_out_as_salib_does_it(second):
    theirs = sobol.sample(PROBLEM, 64, calc_second_order=second, seed=np.random.default_rng(5))
    assert np.array_equal(design("sobol", n=64, second_order=second).rows(0, len(theirs)), theirs)


def test_fast_is_salibs():
    sample = fast_sampler.sample(PROBLEM, 577, M=HARMONICS, seed=5)
    assert np.array_equal(design("fast", n=577).rows(0, 1731), sample)


def test_a_trajectory_moves_each_factor_once_by_two_thirds():
    walks = design("morris", trajectories=200).rows(0, 800).reshape(200, 4, 3)
    steps = np.diff(walks, axis=1)
    assert (np.count_nonzero(np.abs(steps) > 1e-9, axis=2) == 1).all()
    assert (np.count_nonzero(np.abs(steps) > 1e-9, axis=1) == 1).all()
    np.testing.assert_allclose(np.abs(steps).sum(axis=(1, 2)), 3 * 2 / 3)
    assert len(np.unique(walks.round(9))) == 4  # levels


@pytest.mark.parametrize("levels", [2, 4, 8])
def test_trajectories_are_distributed_as_salibs(levels):
    """Starts, directions and turns of each factor, counted over many trajectories: within four standard errors."""
    theirs = morris.sample(PROBLEM, 3000, num_levels=levels, seed=np.random.default_rng(1)).reshape(-1, 4, 3)
    ours = design("morris", trajectories=3000, levels=levels).rows(0, 12000).reshape(-1, 4, 3)
    assert np.array_equal(np.unique(ours.round(9)), np.unique(theirs.round(9)))

    def told(walks):
        steps = np.diff(walks, axis=1)
        place = walks[:, 0, :, None] == np.unique(walks[:, 0])
        return np.concatenate([(steps[:, :, 0] > 0), (steps[:, :, 2] < 0), place.reshape(len(walks), -1)], axis=1)

    apart = told(ours.round(9)).mean(axis=0) - told(theirs.round(9)).mean(axis=0)
    assert np.abs(apart).max() < 4 * np.sqrt(2 * 0.25 / 3000)


def test_latin_has_one_member_in_each_slice_of_each_block(monkeypatch):
    monkeypatch.setattr(designs, "LATIN", 64)
    rows = design("latin", n=160).rows(0, 160)
    for block in (rows[:64], rows[64:128], rows[128:]):
        places = np.sort((block * len(block)).astype(int), axis=0)
        assert (places == np.arange(len(block))[:, None]).all()


def test_factorial_is_every_combination():
    rows = design("factorial", levels=3).rows(0, 27)
    assert len(np.unique(rows, axis=0)) == 27 and set(rows.ravel()) == {0.0, 0.5, 1.0}
    assert rows[0].tolist() == [0, 0, 0] and rows[1].tolist() == [0, 0, 0.5] and rows[-1].tolist() == [1, 1, 1]


def test_one_at_a_time_moves_one_factor_from_its_base():
    factors = (factor("a", base=0.3), factor("b", DRAWS, base=5.0))
    rows = design("one_at_a_time", factors).rows(0, 5)
    low, high = np.quantile(DRAWS.draws, LEVELS, method="hazen")
    np.testing.assert_allclose(rows, [[0.3, 5], [0, 5], [1, 5], [0.3, low], [0.3, high]])


def test_a_group_is_what_an_analysis_needs_together():
    assert [of.group for of in EVERY] == [8, 5, 4, 1, 577, 1, 1, 1, 1, 1]
    assert [of.independent for of in EVERY] == [True] * 7 + [False] * 3


def test_the_problem_is_salibs_with_what_an_analysis_needs():
    problem = design("sobol", (factor("a"), factor("b", DRAWS)), n=8).problem()
    assert problem["names"] == ["a", "b"] and problem["num_vars"] == 2
    assert problem["bounds"] == [[0.0, 1.0], [DRAWS.draws[0], DRAWS.draws[-1]]]
    assert (problem["N"], problem["calc_second_order"], problem["group"]) == (8, True, 6)


U = np.linspace(0, 1, 41)


def test_quantiles_of_draws_are_interpolated_order_statistics():
    np.testing.assert_allclose(quantile(DRAWS, U), np.quantile(DRAWS.draws, U, method="hazen"), rtol=1e-12)
    assert quantile(Distribution("posterior", draws=np.array([3.0])), U).tolist() == [3.0] * 41


@pytest.mark.parametrize(
    "kind, numbers, theirs",
    [
        ("uniform", (2, 5), stats.uniform(2, 3)),
        ("loguniform", (0.1, 10), stats.loguniform(0.1, 10)),
        ("triangular", (1, 2, 5), stats.triang(0.25, 1, 4)),
        ("triangular", (1, 1, 5), stats.triang(0, 1, 4)),
        ("normal", (3, 2), stats.norm(3, 2)),
        ("lognormal", (3, 0.5), stats.lognorm(0.5, scale=3)),
    ],
)
def test_quantiles_are_scipys(kind, numbers, theirs):
    inner = U[1:-1]
    np.testing.assert_allclose(quantile(Distribution(kind, numbers), inner), theirs.ppf(inner), rtol=1e-9)
    assert np.isfinite(quantile(Distribution(kind, numbers), np.array([0.0, 1.0]))).all()


def test_logitnormal_is_normal_in_log_odds():
    x = quantile(Distribution("logitnormal", (0.3, 0.8)), U[1:-1])
    np.testing.assert_allclose(np.log(x / (1 - x)), np.log(3 / 7) + 0.8 * stats.norm.ppf(U[1:-1]), rtol=1e-9)


@pytest.mark.parametrize("support", [(0.0, np.inf), (0.0, 1.0)])
def test_what_the_prior_does_not_support_is_cut_off(support):
    x = quantile(Distribution("normal", (0.2, 0.3), support), U[1:-1])
    low, high = ((end - 0.2) / 0.3 for end in support)
    np.testing.assert_allclose(x, stats.truncnorm(low, high, 0.2, 0.3).ppf(U[1:-1]), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("factors", [2, 3, 10])
def test_the_shortest_curve_gives_each_factor_a_frequency_of_its_own(factors):
    """Else two of them have the same values all along, and equal shares of a sum come out at half or less."""
    found = design("fast", n=least_fast(factors), factors=FACTORS[:1] * factors)
    rows = found.rows(0, found.size)
    together = np.corrcoef(rows[: found.n].T) - np.eye(factors)
    assert np.abs(together).max() < 0.1
    indices = fast(rows.sum(axis=1), factors, seed=1)
    np.testing.assert_allclose(indices.values["S1"], 1 / factors, atol=0.01)
