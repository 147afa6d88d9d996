"""The same bits however the work is laid out; right order of convergence; nothing lost; clear refusals."""

from dataclasses import replace

import numpy as np
import pytest

from handmade import auxiliary, call, constant, economy, ordered, oscillator, plain_run, program, stock
from huangpu.ir import Time
from huangpu.runtime.drivers import Schedule
from huangpu.runtime.ensemble import (
    Inputs,
    Runner,
    Saving,
    annual_means,
    part_means,
    points,
    simulate,
    step_times,
    years_and_points,
)

MEMBERS = 203


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def draws(members=MEMBERS, seed=3):
    rng = np.random.default_rng(seed)
    return {"lifetime": rng.uniform(5, 20, members), "share": rng.uniform(0.1, 0.4, members)}


def schedule(members=MEMBERS, steps=40):
    rng = np.random.default_rng(4)
    return Schedule(rng.random((3, steps + 1)), rng.random((3, members)))


def every_step(built, *ids):
    return Saving(ids, *points(built, step_times(built)))


def run(built, inputs, **more):
    years = annual_means(built, range(2000, 2010))
    return simulate(built, inputs, [every_step(built, "capital", "output"), Saving(("labour",), *years)], **more)


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def reference():
    return run(program(economy()), Inputs(MEMBERS, draws(), {"lever": schedule()}), threads=1)


@pytest.mark.parametrize("layout", [{"lanes": 4}, {"lanes": 2, "block": 8}, {"lanes": 32}, {"lanes": 8, "block": 8}])
def test_same_bits_for_any_width_and_block(layout, reference):
    inputs = Inputs(MEMBERS, draws(), {"lever": schedule()})
    assert same(reference, run(program(economy(), **layout), inputs, threads=2))


@pytest.mark.parametrize("threads", [2, 3, 16])
def test_same_bits_for_any_number_of_threads(threads, reference):
    assert same(reference, run(program(economy()), Inputs(MEMBERS, draws(), {"lever": schedule()}), threads=threads))


def test_same_bits_for_any_order_of_members(reference):
    order = np.random.default_rng(5).permutation(MEMBERS)
    mixed = {id: values[order] for id, values in draws().items()}
    lever = Schedule(schedule().profiles, schedule().weights[:, order])
    out = run(program(economy()), Inputs(MEMBERS, mixed, {"lever": lever}))
    assert same([part[..., order] for part in reference], out)


@pytest.mark.parametrize("size", [1, 7, 8, 31, 32, 33])
def test_a_member_is_the_same_alone_and_among_others(size, reference):
    few = {id: values[:size] for id, values in draws().items()}
    lever = Schedule(schedule().profiles, schedule().weights[:, :size])
    out = run(program(economy()), Inputs(size, few, {"lever": lever}))
    assert same([part[..., :size] for part in reference], out)


def test_a_schedule_equals_its_sum_written_out(reference):
    given = schedule()
    series = given.profiles[0][:, None] * given.weights[0]
    for k in (1, 2):
        series = series + given.profiles[k][:, None] * given.weights[k]
    assert same(reference, run(program(economy()), Inputs(MEMBERS, draws(), {"lever": series})))


def test_a_lever_nobody_drives_holds_its_parameter():
    built = program(economy())
    held = run(built, Inputs(5, {"lever": np.arange(5.0)}))
    driven = run(built, Inputs(5, driven={"lever": np.tile(np.arange(5.0), (41, 1))}))
    assert same(held, driven) and not np.array_equal(held[0][..., 0], held[0][..., 1])
    nothing = Schedule(np.empty((0, 41)), np.empty((0, 5)))
    assert same(run(built, Inputs(5)), run(built, Inputs(5, driven={"lever": nothing})))


def test_a_driven_constant_holds_the_value_of_the_step_at_all_stages():
    model = ordered(constant("lever", 0.0), stock("s", "lever", 0.0), driven=("lever",), times=(0.0, 3.0, 1.0))
    built = program(model, "rk4")
    (out,) = simulate(built, Inputs(1, driven={"lever": [[1.0], [10.0], [100.0], [0.0]]}), [every_step(built, "s")])
    np.testing.assert_allclose(out[0, :, 0], [0.0, 1.0, 11.0, 111.0], rtol=1e-15)


def test_saving_points_means_and_nothing():
    model = ordered(auxiliary("clock", call("add", Time(), 0.0)), times=(2000.0, 2003.0, 0.25))
    built = program(model)
    some, years = points(built, [2001.5, 2000.0]), annual_means(built, [2001, 2000])
    nothing = (np.full(13, -1), np.zeros(13))
    out = simulate(built, Inputs(3), [Saving(("clock",), *kind) for kind in (some, years, nothing)])
    np.testing.assert_array_equal(out[0][0, :, 1], [2001.5, 2000.0])
    np.testing.assert_array_equal(out[1][0, :, 2], [2001.375, 2000.375])
    assert out[2].shape == (1, 0, 3)


def test_a_shorter_horizon_is_the_beginning_of_the_longer(reference):
    built = program(economy())
    saving = Saving(("capital", "output"), *points(built, step_times(built, 2004.0), final_time=2004.0))
    shorter = Schedule(schedule().profiles[:, :17], schedule().weights)
    (out,) = simulate(built, Inputs(MEMBERS, draws(), {"lever": shorter}), [saving], final_time=2004.0)
    assert np.array_equal(out, reference[0][:, :17])


def test_other_lookup_points_without_another_kernel():
    built = program(economy())
    tables = {"crowding_of": (1.0, 1.0, 1.0, 1.0)}
    (out,) = simulate(built, Inputs(1, tables=tables), [every_step(built, "labour")])
    assert np.all(out == 50.0)


def test_a_runner_used_again_gives_what_a_fresh_run_gives():
    built = program(economy())
    runner = Runner(built, [every_step(built, "capital")], parameters=("share", "lifetime"))
    for size, seed in ((40, 1), (100, 2), (1, 3)):
        given = draws(size, seed)
        lever = Schedule(schedule(size).profiles[:seed], schedule(size).weights[:seed])
        again = runner.run(np.array([given["share"], given["lifetime"]]), {"lever": lever})
        fresh = simulate(built, Inputs(size, given, {"lever": lever}), [every_step(built, "capital")])
        assert same(again, fresh)


@pytest.mark.parametrize(("method", "order", "near"), [("euler", 1, 0.05), ("rk4", 4, 0.1)])
def test_order_of_convergence_on_an_oscillator(method, order, near):
    sizes, errors = 2.0 ** -np.arange(6, 11), []
    if method == "rk4":
        sizes = sizes * 8
    for dt in sizes:
        built = program(oscillator((0.0, 8.0, dt)), method)
        (out,) = simulate(built, Inputs(1), [Saving(("position",), *points(built, [8.0]))])
        errors.append(abs(out[0, 0, 0] - np.cos(1.25 * 8.0)))
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert abs(slope - order) <= near


def test_what_flows_in_and_out_is_what_a_stock_changes_by():
    """Sum of the flows times dt, against the change of the stock: within rounding of 40 additions."""
    built = program(economy())
    (out,) = simulate(
        built,
        Inputs(MEMBERS, draws(), {"lever": schedule()}),
        [every_step(built, "capital", "investment", "scrapping")],
    )
    capital, inflow, outflow = out
    change = 0.25 * (inflow - outflow)[:-1].sum(axis=0)
    np.testing.assert_allclose(capital[-1] - capital[0], change, rtol=1e-12)


def test_members_that_fail_do_not_touch_the_others():
    built = program(economy())
    given = draws(9)
    broken = {id: values.copy() for id, values in given.items()}
    broken["share"][4] = np.nan
    broken["lifetime"][7] = np.inf
    saving = [every_step(built, "capital")]
    (good,), (bad,) = simulate(built, Inputs(9, given), saving), simulate(built, Inputs(9, broken), saving)
    assert np.isnan(bad[0, -1, 4])
    others = [0, 1, 2, 3, 5, 6, 8]
    assert np.array_equal(good[..., others], bad[..., others])


def test_progress_ends_with_all_members():
    seen = []
    run(
        program(economy()), Inputs(MEMBERS, draws()), threads=2, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (MEMBERS, MEMBERS) and all(total == MEMBERS for _, total in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_an_interruption_stops_the_threads():
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(program(economy()), Inputs(MEMBERS, draws()), threads=2, progress=interrupt)


def test_initial_values_and_constants_are_saved_like_the_rest():
    model = economy()
    built, plain = program(model), plain_run(model, "euler", 1)
    (out,) = simulate(built, Inputs(1), [every_step(built, "share", "capital_at_start")])
    assert np.all(out[0] == 0.2) and np.array_equal(out[1], plain["capital_at_start"])


@pytest.mark.parametrize(
    ("inputs", "names", "message"),
    [
        (Inputs(2, {"shares": 1.0}), ("output",), "no constant 'shares'; did you mean 'share'?"),
        (Inputs(2, {"output": 1.0}), ("output",), "no constant 'output'"),
        (Inputs(2, driven={"share": np.zeros((41, 2))}), ("output",), "no driven constant 'share'"),
        (Inputs(2, tables={"crowding": (1.0,)}), ("output",), "did you mean 'crowding_of'?"),
        (Inputs(2), ("outputs",), "no variable 'outputs'; did you mean 'output'?"),
        (Inputs(2, {"share": np.ones(3)}), ("output",), r"'share' has shape \(3,\)"),
        (Inputs(2, driven={"lever": np.ones((3, 2))}), ("output",), r"shape \(3, 2\), not \(41, 2\)"),
        (Inputs(2, driven={"lever": Schedule(np.ones((1, 41)), np.ones((2, 2)))}), ("output",), r"not \(1, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused(inputs, names, message):
    built = program(economy())
    with pytest.raises(ValueError, match=message):
        simulate(built, inputs, [every_step(built, *names)])


@pytest.mark.parametrize(("step", "months"), [(1 / 32, 8), (1 / 32, 6), (0.25, 1), (1 / 12, 7)])
def test_the_mean_over_part_of_a_year_is_exact_for_rates_held_over_steps(step, months):
    """Against the integral of the held rate: a step of 8 months ends in the middle of one of 1/32 year."""
    built = replace(program(economy()), time_step=step)
    times = step_times(built)
    rate = np.random.default_rng(1).random(len(times))
    slot, weight = part_means(built, [2002, 2004], months)
    fine = np.arange(0, months / 12, 1e-5) + 0.5e-5
    for k, year in enumerate((2002, 2004)):
        held = rate[np.floor((year + fine - times[0]) / step + 1e-9).astype(int)].mean()
        assert (weight * rate)[slot == k].sum() == pytest.approx(held, abs=1e-4)
        assert weight[slot == k].sum() == pytest.approx(1, abs=1e-12)


def test_parts_are_saved_as_far_as_the_run_goes():
    built = program(economy())
    parts = {6: ((2001, 2004, 2005), ("output",)), 11: ((2004,), ("labour",))}
    years, times, savings = years_and_points(built, ("output",), ("capital",), parts, 2004.5, 0.25)
    assert years.tolist() == [2000, 2001, 2002, 2003]
    assert times[-1] == 2004.5
    annual, _, halves, more = simulate(built, Inputs(2), savings, final_time=2004.5)
    assert (annual.shape, halves.shape, more.shape) == ((1, 4, 2), (1, 2, 2), (1, 0, 2))
    (every,) = simulate(built, Inputs(2), [every_step(built, "output")])
    at = {t: i for i, t in enumerate(step_times(built).tolist())}
    for k, year in enumerate((2001, 2004)):
        assert halves[0, k] == pytest.approx(every[0, at[year] : at[year + 0.5]].mean(axis=0), rel=1e-12)


def test_times_outside_the_run_are_refused():
    built = program(economy())
    for times in ([2000.1], [1999.0], [2010.25], [2001.0, 2001.0]):
        with pytest.raises(ValueError, match="time"):
            points(built, times)
    for year in (1999, 2010):
        with pytest.raises(ValueError, match=f"year {year}"):
            annual_means(built, [year])
    with pytest.raises(ValueError, match="months 1 to 6 of year 2010"):
        part_means(built, [2010], 6)
    with pytest.raises(ValueError, match="before"):
        step_times(built, 1999.0)
