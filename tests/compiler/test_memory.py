"""What changes at whole steps only: SAMPLE IF TRUE, DELAY FIXED; stocks that are cut off at 0."""

from dataclasses import replace

import numpy as np
import pytest

import modelfile
from handmade import auxiliary, call, constant, ordered, stock
from handmade import program as built_by_hand
from huangpu.compiler import ModelError, compile_model, ordered_model, python
from huangpu.ir import Number, Time
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate, step_times

MEMBERS = 70

TRACK = """
input = 3 * SIN(2 * Time) + wander | wander = INTEG(gain * COS(Time) - wander / 4, gain) | gain = 1 ~ dmnl ~ |
lag = 2 ~ year ~ | late = DELAY FIXED(input, lag, first) | first = -7 |
later = DELAY FIXED(late + wander, lag * 2, late) |
held = SAMPLE IF TRUE(input > late, input, first) | kept = held + DELAY FIXED(held, 0.3, 5)
"""


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def every(program, inputs=None, **more):
    """Every variable at every step by the kernel, id -> (steps + 1, members)."""
    names = tuple(row.id for row in program.rows)
    saving = Saving(names, *points(program, step_times(program)))
    return dict(zip(names, simulate(program, inputs or Inputs(1), [saving], **more)[0], strict=True))


def draws(size=MEMBERS, seed=1):
    rng = np.random.default_rng(seed)
    return {"lag": rng.uniform(-0.2, 6, size), "gain": rng.normal(size=size), "first": rng.normal(size=size)}


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_the_kernel_and_the_text_have_the_same_bits_with_a_delay_of_its_own_for_each_member(tmp_path, method):
    program = compile_model(modelfile.write(tmp_path, TRACK, dt=0.25), method=method)
    fast = every(program, Inputs(MEMBERS, draws()))
    _, plain = python.run(program.readable, method=method, parameters=draws())
    for id_, values in plain.items():
        np.testing.assert_array_equal(fast[id_], np.broadcast_to(values.T, fast[id_].T.shape).T, err_msg=id_)


def test_a_fixed_delay_gives_what_went_in_that_many_steps_before(tmp_path):
    program = compile_model(modelfile.write(tmp_path, TRACK, dt=0.25))
    given = draws()
    fast = every(program, Inputs(MEMBERS, given))
    steps = np.floor(np.maximum(given["lag"] / 0.25, 1) + 0.5 + 1e-6).astype(int)
    assert steps.min() == 1 and steps.max() > 20
    for member, n in enumerate(steps):
        went_in, came_out = fast["input"][:, member], fast["late"][:, member]
        assert np.all(came_out[:n] == given["first"][member])
        np.testing.assert_array_equal(came_out[n:], went_in[: len(went_in) - n])


def test_a_sample_is_kept_until_the_condition_holds_again(tmp_path):
    path = modelfile.write(
        tmp_path, "x = Time ^ 2 | y = SAMPLE IF TRUE(Time = 3 :OR: Time > 6 :AND: Time < 9, x, -1)", end=12
    )
    got = every(compile_model(path))["y"][:, 0]
    np.testing.assert_array_equal(got, [-1, -1, -1, 9, 9, 9, 9, 49, 64, 64, 64, 64, 64])


def test_a_delay_breaks_a_circle(tmp_path):
    """At the start it needs its initial value alone, and during the run what went in before."""
    path = modelfile.write(tmp_path, "a = b + 1 | b = DELAY FIXED(a, 2, 10)", end=6)
    np.testing.assert_array_equal(every(compile_model(path))["a"][:, 0], [11, 11, 12, 12, 13, 13, 14])


def test_memories_move_at_whole_steps_only_whatever_the_method(tmp_path):
    """Under RK4 the stages between two steps see what was held at the step."""
    path = modelfile.write(tmp_path, "flow = DELAY FIXED(Time, 1, 10) | s = INTEG(flow, 0)", end=5)
    for method in ("euler", "rk4"):
        got = every(compile_model(path, method=method))
        np.testing.assert_array_equal(got["flow"][:, 0], [10, 0, 1, 2, 3, 4])
        np.testing.assert_allclose(got["s"][:, 0], [0, 10, 10, 11, 13, 16], rtol=1e-14)


@pytest.mark.parametrize("layout", [{"lanes": 4}, {"lanes": 2, "block": 8}, {"lanes": 32}, {"lanes": 8, "block": 16}])
@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_same_bits_for_any_block_and_width_and_order_of_members_and_threads(tmp_path, layout, method):
    model = ordered_model(modelfile.write(tmp_path, TRACK, dt=0.25), driven=())
    given, order = draws(), np.random.default_rng(2).permutation(MEMBERS)
    one = every(_by_hand(model, method), Inputs(MEMBERS, given), threads=1)
    mixed = {id_: values[order] for id_, values in given.items()}
    other = every(_by_hand(model, method, **layout), Inputs(MEMBERS, mixed), threads=2)
    for id_, values in one.items():
        np.testing.assert_array_equal(values[:, order], other[id_], err_msg=id_)


def _by_hand(model, method="euler", **layout):
    longest = tuple(v.longest for v in model.model.variables if v.kind == "delayed")
    return replace(built_by_hand(model, method, **layout), delays=longest)


def test_single_precision_follows_double(tmp_path):
    path = modelfile.write(tmp_path, TRACK, dt=0.25)
    double, single = (every(compile_model(path, precision=p), Inputs(3)) for p in ("double", "single"))
    np.testing.assert_allclose(single["later"], double["later"], rtol=1e-4, atol=1e-4)


def test_a_runner_used_again_forgets_what_was_held(tmp_path):
    program = compile_model(modelfile.write(tmp_path, TRACK, dt=0.25))
    alone = every(program, Inputs(5, draws(5, 9)))
    every(program, Inputs(200, draws(200, 8)))
    again = every(program, Inputs(5, draws(5, 9)))
    assert all(np.array_equal(alone[id_], again[id_]) for id_ in alone)


def test_delay_times_that_are_no_numbers_never_end(tmp_path):
    program = compile_model(modelfile.write(tmp_path, "lag = 1 | y = DELAY FIXED(Time, lag, -1)"))
    given = {"lag": np.array([np.nan, np.inf, 1e300, -np.inf, 2.0])}
    got, text = every(program, Inputs(5, given))["y"], python.run(program.readable, parameters=given)[1]["y"]
    np.testing.assert_array_equal(got, text)
    assert np.all(got[:, :3] == -1) and got[-1, 3] == 9 and got[-1, 4] == 8


def test_only_what_a_delay_needs_is_set_aside(tmp_path):
    fixed, varied = (f"lag = 3 | y = DELAY FIXED(Time, {time}, 0)" for time in ("3 + 1", "lag"))
    assert compile_model(modelfile.write(tmp_path, fixed)).delays == (4,)
    assert compile_model(modelfile.write(tmp_path, varied)).delays == (0,)


def test_a_run_whose_delays_could_fill_the_memory_is_refused(tmp_path):
    path = modelfile.write(tmp_path, "lag = 3 | y = DELAY FIXED(Time, lag, 0)", end=1000, dt=2**-13)
    with pytest.raises(ValueError, match=r"fixed delays may hold back up to 8192000 steps.* GiB a thread"):
        every(compile_model(path))


# -- stocks that are cut off at 0 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_a_stock_that_is_not_negative_is_cut_off_after_each_step(method):
    drained = replace(stock("drained", call("neg", "rate"), 5.0), non_negative=True)
    filled = replace(stock("filled", call("sub", Time(), 4.0), -3.0), non_negative=True)
    total = auxiliary("total", call("add", "drained", "filled"))
    model = ordered(constant("rate", 2.0), drained, filled, total, times=(0.0, 8.0, 1.0))
    program = replace(built_by_hand(model, method), readable=python.emit(model))
    got = every(program)
    _, text = python.run(program.readable, method=method)
    for id_, values in text.items():
        np.testing.assert_array_equal(got[id_][:, 0], values, err_msg=id_)
    np.testing.assert_allclose(got["drained"][:, 0], [5, 3, 1, 0, 0, 0, 0, 0, 0], rtol=1e-15)
    euler = [-3, 0, 0, 0, 0, 0, 1, 3, 6]
    rk4 = [-3, 0, 0, 0, 0, 0.5, 2, 4.5, 8]
    np.testing.assert_allclose(got["filled"][:, 0], euler if method == "euler" else rk4, rtol=1e-15)


def test_delays_inside_a_vector_function_are_refused(tmp_path):
    path = modelfile.write(tmp_path, "A: p, q | x[A] = Time | y = SUM(DELAY FIXED(x[A!], 1, 0))")
    with pytest.raises(ModelError, match="DELAY FIXED inside a vector function"):
        compile_model(path)


def test_the_readable_text_says_what_is_carried_on(tmp_path):
    text = compile_model(modelfile.write(tmp_path, TRACK)).readable
    assert "def carried(v, tables, time):" in text and "MEMORIES = ('held_sample',)" in text
    assert "'late_delay': 'late_delay_steps'" in text


def test_the_number_of_steps_is_a_number_where_the_file_says_so(tmp_path):
    model = ordered_model(modelfile.write(tmp_path, "y = DELAY FIXED(Time, 2 * 1.25, 0)", dt=0.5))
    steps = next(v for v in model.model.variables if v.id == "y_delay_steps")
    assert steps.initial == Number(5.0)
