"""Growing parts of a sample, what is said of them, and what of a sample is used."""

import numpy as np
import pytest
import xarray as xr
from SALib.sample import morris as morris_sampler
from SALib.sample import sobol as sobol_sampler

from huangpu.sweep import analysis
from huangpu.sweep.analysis import analyse
from huangpu.sweep.convergence import Step, judge, sizes
from sweep.functions import design, ishigami, problem


def step(blocks, values, half):
    return Step(blocks, 10 * blocks, np.array(values), np.array(half))


def dataset(x, *outputs):
    return xr.Dataset({"inputs": (("member", "factor"), x), "outputs": (("member", "output"), np.stack(outputs, 1))})


def test_parts_double_up_to_all_of_it():
    assert sizes(1000, 32) == [125, 250, 500, 1000]
    assert sizes(100, 32) == [50, 100]
    assert sizes(10, 32) == [10]


def test_a_narrow_interval_and_a_steady_order_have_converged():
    verdict = judge([step(50, [0.6, 0.3, 0.1], [0.1] * 3), step(100, [0.61, 0.29, 0.1], [0.05] * 3)], 0.1, False)
    assert (verdict.stable, verdict.needed) == (True, None)
    assert verdict.text.startswith("converged")


def test_a_wide_interval_asks_for_members_by_the_square_root_law():
    verdict = judge([step(50, [0.5, 0.3], [0.2] * 2), step(100, [0.5, 0.3], [0.1] * 2)], 0.1, False)
    assert verdict.width == pytest.approx(0.2)
    assert verdict.needed == 4 * 1000  # half the interval asked for, four times the members
    assert "more members needed, about 4,000" in verdict.text
    assert judge([step(100, [0.5], [0.06])], 0.1, True).needed == 256 * 10  # 144 groups, as a power of two


def test_factors_that_change_places_are_seen_unless_their_intervals_overlap():
    after = step(100, [0.50, 0.30, 0.1], [0.02] * 3)
    assert judge([step(50, [0.30, 0.50, 0.1], [0.03] * 3), after], 0.1, False).stable is False
    near = step(100, [0.41, 0.40, 0.1], [0.02] * 3)
    assert judge([step(50, [0.40, 0.41, 0.1], [0.03] * 3), near], 0.1, False).stable is True


def test_a_place_that_changed_asks_for_twice_the_members():
    steps = [step(50, [0.3, 0.5], [0.01] * 2), step(100, [0.5, 0.3], [0.01] * 2)]
    verdict = judge(steps, 0.1, False)
    assert verdict.needed == 2000
    assert "change places" in verdict.text


def test_intervals_shrink_as_a_sobol_sample_grows():
    x = sobol_sampler.sample(problem(3, -np.pi, np.pi), 1024, seed=1)
    (found,) = analyse(dataset(x, ishigami(x)), design("sobol", x, second_order=True))
    assert [s.members for s in found.steps] == [1024, 2048, 4096, 8192]
    widths = [s.half[0] for s in found.steps]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] / widths[-1] == pytest.approx(np.sqrt(8), rel=0.3)
    np.testing.assert_array_equal(found.steps[-1].values, found.indices.values["ST"])
    assert found.verdict.stable
    assert found.verdict.needed == 8 * 4096  # ± 15 % of the largest at 1,024 groups; 10 % is asked


def test_a_part_with_second_order_members_is_judged_without_them():
    """The leading measure of half a sample is what a sweep of that size would have said."""
    x = sobol_sampler.sample(problem(3, -np.pi, np.pi), 256, seed=1)
    y = ishigami(x)
    plan = design("sobol", x, second_order=True)
    (whole,), (half,) = analyse(dataset(x, y), plan), analyse(dataset(x[:1024], y[:1024]), plan)
    np.testing.assert_allclose(whole.steps[-2].values, half.indices.values["ST"], rtol=0.02)


def test_morris_is_judged_on_whole_trajectories():
    x = morris_sampler.sample(problem(3, -np.pi, np.pi), 32, seed=1)
    (found,) = analyse(dataset(x, ishigami(x)), design("morris", x, levels=4))
    assert [s.members for s in found.steps] == [16, 32, 64, 128]


def test_a_sample_too_large_to_hold_is_used_in_part_and_this_is_said(monkeypatch):
    x = sobol_sampler.sample(problem(3, -np.pi, np.pi), 1024, seed=1)
    data, plan = dataset(x, ishigami(x)), design("sobol", x, second_order=True)
    monkeypatch.setattr(analysis, "MOST", 3000)
    (found,) = analyse(data, plan)
    assert (found.members, found.of) == (256 * 8, 8192)  # the largest power of two of groups that fits
    (alone,) = analyse(data.isel(member=slice(0, 2048)), plan)
    np.testing.assert_array_equal(found.indices.values["ST"], alone.indices.values["ST"])


def test_given_data_takes_members_from_all_over_a_large_sample(monkeypatch):
    draws = np.random.default_rng(1)
    x = draws.random((20_000, 2))
    y = np.where(np.arange(20_000) < 10_000, x[:, 0], x[:, 1])  # each factor rules one half
    monkeypatch.setattr(analysis, "SAMPLE", 3200)
    (found,) = analyse(dataset(x, y), design("latin", x))
    assert (found.members, found.of) == (3200, 20_000)
    assert found.indices.values["pawn"][0] == pytest.approx(found.indices.values["pawn"][1], rel=0.3)


def test_a_factorial_too_large_to_hold_is_refused(monkeypatch):
    monkeypatch.setattr(analysis, "MOST", 10)
    x = np.random.default_rng(1).random((20, 2))
    (found,) = analyse(dataset(x, x[:, 0]), design("factorial", x, levels=2))
    assert "more than the analysis of this design can hold" in found.indices.note
    assert np.isnan(found.indices.values["swing"]).all()


def test_the_same_sample_and_seed_give_the_same_bits():
    x = np.random.default_rng(1).random((500, 3))
    data, plan = dataset(x, x @ [3.0, 2.0, 1.0]), design("posterior", x, seed=9)
    (first,), (again,) = analyse(data, plan), analyse(data, plan)
    for measure in ("pawn", "delta", "rank", "pawn_floor"):
        np.testing.assert_array_equal(first.indices.values[measure], again.indices.values[measure])
        np.testing.assert_array_equal(first.indices.half[measure], again.indices.half[measure])


def test_a_part_in_which_nothing_happens_is_no_evidence():
    x = sobol_sampler.sample(problem(3, 0, 1), 256, seed=1)
    rare = ((np.arange(len(x)) > 1500) & (x[:, 0] > 0.8)).astype(float)  # nothing in the first half
    (found,) = analyse(dataset(x, rare), design("sobol", x, second_order=True))
    assert [step.members for step in found.steps] == [2048]
    assert found.verdict.stable is None
    assert "too few members to see whether the order holds" in found.verdict.text


def test_where_all_is_chance_no_more_members_are_asked_for():
    rng = np.random.default_rng(1)
    x = rng.random((2000, 3))
    noise, signal = analyse(dataset(x, rng.random(2000), x[:, 0]), design("latin", x))
    assert (noise.verdict.needed, noise.verdict.text) == (None, "no factor stands out from chance")
    assert signal.verdict.text.startswith("converged")
