"""Years to come: how much wider they are, that the past is not, and what stands still when it is not drawn."""

from itertools import pairwise

import numpy as np
import pytest
from tests.measurement.test_drivers import DRIVERS, MANY, PHI, SIZE, ar1, flat, mixed, sigmas

from huangpu.measurement import DataError, Responses, draw_paths, predict, residuals
from huangpu.measurement.conditioning import prior
from huangpu.measurement.drivers import driver_years

TAILS = "tails: {degrees: 8}\n"
SHOCKS = "future_shocks: {chance: 0.25, factor: 5}\n"


@pytest.fixture
def text(metrics_text):
    return metrics_text.replace("\nprocesses:\n", DRIVERS, 1)


def paths(layer_of, row, text):
    layer, told = mixed(layer_of, row, text)
    return draw_paths(layer, told, residuals(layer, flat(MANY)), sigmas(MANY), 5, 2022.0).of["demand"]


def innovations(path):
    """Of each year, standardised: what is new in it."""
    return (path[1:] - PHI * path[:-1]) / SIZE


def increments(layer):
    """Of the process of the share over each calendar year from the second on, for sigma = 1; (year, member)."""
    block = next(b for b in layer.blocks if "mix" in b.processes)
    ends = np.arange(2011.0, 2023.0)
    walk = prior(block, layer, np.ones((1, 20 * MANY)), ends, np.zeros(0, int), 5).walks[0]
    return np.diff(walk, axis=0)


def kurtosis(x):
    return np.mean(x**4) / np.mean(x**2) ** 2


def test_tails_have_the_variance_of_the_normal_and_the_kurtosis_of_student(layer_of, row, text):
    found = increments(mixed(layer_of, row, TAILS + text)[0])
    variances = found.var(axis=1)
    assert variances == pytest.approx([1, 1, 4, *[1] * 8], rel=0.03)  # 2013 is a dated shock year
    past, coming = found[:4], found[4:]
    assert kurtosis(past[0]) == pytest.approx(3, rel=0.03)
    assert np.mean([kurtosis(x) for x in coming]) == pytest.approx(3 + 6 / (8 - 4), rel=0.05)
    drivers = innovations(paths(layer_of, row, TAILS + text))
    assert np.mean([kurtosis(x) for x in drivers[-6:]]) == pytest.approx(4.5, rel=0.15)
    assert drivers[-6:].var() == pytest.approx(1, rel=0.05)


def test_a_year_to_come_is_a_shock_year_for_all_at_once(layer_of, row, text):
    """Variance 1 + chance * (factor - 1); squares of two drifts go together within a year, not across years."""
    found = increments(mixed(layer_of, row, SHOCKS + text)[0])[:, :MANY]
    assert found[4:].var() == pytest.approx(2, rel=0.05)
    demand = innovations(paths(layer_of, row, SHOCKS + text))[4:]
    assert demand[:6].var() == pytest.approx(2, rel=0.05)
    share = found[4:]
    assert all(np.corrcoef(a**2, b**2)[0, 1] > 0.1 for a, b in zip(share, demand, strict=False))
    assert all(abs(np.corrcoef(a**2, b**2)[0, 1]) < 0.05 for a, b in pairwise(share))


def test_a_process_without_shocks_knows_none_to_come(layer_of, row, text):
    calm = text.replace("drift of the share", "drift of the share, shocks: false")
    assert increments(mixed(layer_of, row, SHOCKS + calm)[0])[4:].var() == pytest.approx(1, rel=0.02)


def test_the_past_is_the_same_to_the_bit_and_so_is_all_where_no_shock_can_come(layer_of, row, text):
    never = "future_shocks: {chance: 0, factor: 5}\n"
    plain, none, wide = (
        predict(mixed(layer_of, row, more + text)[0], flat(50, 12), sigmas(50), 7).values["share"]
        for more in ("", never, TAILS + SHOCKS)
    )
    assert np.array_equal(plain, none)
    assert np.array_equal(plain[:5], wide[:5])
    assert not np.isclose(plain[5:], wide[5:]).any()


def test_members_with_tails_are_the_same_in_any_number(layer_of, row, text):
    layer = mixed(layer_of, row, TAILS + SHOCKS + text)[0]
    few, many = (predict(layer, flat(n, 12), sigmas(n), 7).values["share"] for n in (40, 300))
    assert np.allclose(few, many[:, :40], rtol=1e-12, atol=0)


def test_figures_that_reach_into_a_year_to_come_meet_its_larger_innovation(layer_of, row, text):
    """All years to come being shock years, everything is Gaussian: against dense matrices."""
    layer = layer_of(
        row("l1", "level", 2012, 230.0, 2.3, basis="new"),
        row("l2", "level", 2014, 260.0, 2.6, basis="new"),
        metrics="future_shocks: {chance: 1, factor: 9}\n" + text,
    )
    years = driver_years(2010, 2015)
    answer = np.zeros((2, len(years)))
    answer[0, 2], answer[1, 4], answer[1, 5] = 1.0, 0.8, 0.5  # the figure of 2014 feels the path on its way to 2015
    told, missed = Responses(years, {"demand": answer}), residuals(layer, flat(MANY))
    found = draw_paths(layer, told, missed, sigmas(MANY), 5, 2015.0).of["demand"]
    own = ar1(years)
    own[5, 5] += 8 * SIZE**2
    passed = np.minimum.outer(*[np.array([2.5, 4.5 + 3])] * 2)
    rows = (0.02**2 + 0.25 * 0.01**2) * passed + 0.05**2 + np.diag([r.se**2 for r in layer.rows])
    shared = own @ answer.T
    gain = shared @ np.linalg.inv(rows + answer @ shared)
    mean, cov = gain @ missed[:, 0], own - gain @ shared.T
    spread = np.sqrt(np.diag(cov))
    assert np.abs((found.mean(axis=1) - mean) / spread).max() < 4 / np.sqrt(MANY)
    assert found.std(axis=1) == pytest.approx(spread, rel=4 / np.sqrt(2 * MANY))
    assert spread[5] < 0.97 * np.sqrt(own[5, 5])  # else the figure of 2014 would say nothing of 2015


@pytest.mark.parametrize(
    "wrong", ["tails: {degrees: 2}", "future_shocks: {chance: 1.5, factor: 2}", "future_shocks: {chance: 0.1}"]
)
def test_what_makes_no_distribution_is_refused(layer_of, wrong, text):
    with pytest.raises(DataError, match=wrong.split(":")[0]):
        layer_of(metrics=f"{wrong}\n{text}")


def test_a_rebasing_shifts_quantities_from_its_year_on_when_asked_for(layer_of, row, text):
    """With chance 1 the figures of year k to come carry k shifts; without the switch nothing changes."""
    sizes = "rebasing: {chance: 1, sizes: [{quantities: [nominal, real], mean: 0.1, sd: 0.02}]}\n"
    layer = mixed(layer_of, row, sizes + text)[0]
    plain, moved = (predict(layer, flat(MANY), sigmas(MANY), 7, rebasing=asked).values for asked in (False, True))
    assert np.array_equal(
        plain["real"], predict(mixed(layer_of, row, text)[0], flat(MANY), sigmas(MANY), 7).values["real"]
    )
    shift = np.log(moved["nominal"] / plain["nominal"])
    assert np.abs(shift[:5]).max() < 1e-12  # until 2014, the last year with figures
    assert shift[5:].mean(axis=1) == pytest.approx([0.1, 0.2, 0.3], rel=0.01)
    assert shift[5:].std(axis=1) == pytest.approx(0.02 * np.sqrt([1, 2, 3]), rel=0.05)
    assert np.log(moved["real"] / plain["real"]) == pytest.approx(shift, abs=1e-12)
    assert moved["ratio"] == pytest.approx(plain["ratio"], rel=1e-12)
    assert np.array_equal(moved["share"], plain["share"])


def test_a_rebasing_comes_as_often_as_its_chance(layer_of, row, text):
    sizes = "rebasing: {chance: 0.2, sizes: [{quantities: [nominal], sd: 0.1}]}\n"
    layer = mixed(layer_of, row, sizes + text)[0]
    plain, moved = (predict(layer, flat(MANY), sigmas(MANY), 7, rebasing=asked).values for asked in (False, True))
    untouched = np.isclose(plain["nominal"], moved["nominal"], rtol=1e-12).mean(axis=1)
    assert untouched == pytest.approx([1] * 5 + [0.8, 0.64, 0.512], abs=4 * np.sqrt(0.25 / MANY))


def test_a_rebasing_of_what_does_not_exist_is_refused(layer_of, text):
    with pytest.raises(DataError, match=r"rebasing\.sizes\[1\]: unknown quantity 'nomnal'; did you mean 'nominal'"):
        layer_of(metrics="rebasing: {chance: 0.2, sizes: [{quantities: [nomnal], sd: 0.1}]}\n" + text)


# -- what is drawn and what stands still ------------------------------------------------------------------------------


def levels(layer_of, row, text):
    """Two levels on a basis of its own: offset and walk together are known to a percent, apart to some five."""
    return layer_of(
        row("l1", "level", 2012, 230.0, 2.3, basis="old"),
        row("l2", "level", 2014, 260.0, 2.6, basis="old"),
        row("n", "level", 2014, 250.0, 5.0, basis="new"),
        metrics=text,
    )


def drawn(layer, *still, size=MANY, **more):
    return np.log(predict(layer, flat(size), sigmas(size), 7, still=still, **more).values["nominal"])


def test_apart_or_at_once_walks_and_offsets_are_the_same_draws(layer_of, row, text):
    layer = levels(layer_of, row, text)
    assert drawn(layer, "something else", size=50) == pytest.approx(drawn(layer, size=50), abs=1e-10)


def test_all_at_their_means_is_the_mean_of_the_draws(layer_of, row, text):
    layer = levels(layer_of, row, text)
    still, free = drawn(layer, "definitions", "discrepancy"), drawn(layer)
    assert still.std(axis=1).max() < 1e-9
    assert np.abs(free.mean(axis=1) - still[:, 0]).max() < 4 * free.std(axis=1).max() / np.sqrt(MANY)


def test_variances_of_offsets_and_of_walks_given_them_add_up(layer_of, row, text):
    layer = levels(layer_of, row, text)
    all_, walks, offsets = (
        x.var(axis=1) for x in (drawn(layer), drawn(layer, "definitions"), drawn(layer, "discrepancy"))
    )
    assert walks + offsets == pytest.approx(all_, rel=0.08)
    assert (offsets[5:] > 0.1 * all_[5:]).all() and (walks[5:] > 0.1 * all_[5:]).all()


def test_a_bound_at_its_middle_where_nothing_is_drawn(layer_of, row, text):
    layer = layer_of(row("b", "level", 2014, 230, 2.3, basis="new", bound=">"), metrics=text)
    found = drawn(layer, "definitions", "discrepancy", size=20)
    assert np.ptp(found, axis=1).max() < 1e-9
    assert found[4, 0] > np.log(230)
    figures = [drawn(layer, *still, size=20)[4] for still in (("discrepancy",), ("definitions",))]
    assert (
        figures[0].std() < 0.01 < figures[1].std()
    )  # where a bounded figure lies is its discrepancy's, not its basis's


def test_drivers_so_far_and_shocks_to_come_stand_still_apart(layer_of, row, text):
    layer, told = mixed(layer_of, row, text)
    missed = residuals(layer, flat(MANY))

    def spread(*still):
        found = draw_paths(layer, told, missed, sigmas(MANY), 5, 2020.0, still=still).of["demand"]
        return found.mean(axis=1), found.var(axis=1)

    mean, free = spread()
    expected, none = spread("drivers", "shocks")
    assert none.max() < 1e-20
    assert np.abs(mean - expected).max() < 4 * SIZE * 2 / np.sqrt(MANY)
    (_, past), (_, future) = spread("shocks"), spread("drivers")
    assert past[:5] == pytest.approx(free[:5], rel=1e-9) and future[:5].max() < 1e-20
    assert past + future == pytest.approx(free, rel=0.06, abs=1e-6)
    assert (past[6:] < past[5]).all() and (future[5:] > 0).all()
