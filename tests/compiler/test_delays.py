"""Delays of an order: times too short for it, times that change, orders that a constant gives; against PySD."""

import shutil
import warnings

import numpy as np
import pytest

import modelfile
from huangpu.compiler import ModelError, compile_model, python
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate, step_times


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def every(program, inputs=None):
    names = tuple(row.id for row in program.rows)
    saving = Saving(names, *points(program, step_times(program)))
    return dict(zip(names, simulate(program, inputs or Inputs(1), [saving])[0], strict=True))


def by_pysd(path, folder, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysd

        copy = shutil.copy(path, folder / "copy.mdl")
        return np.asarray(pysd.read_vensim(str(copy)).run(return_columns=[name])[name], dtype=float)


@pytest.mark.parametrize(
    "function",
    [
        "DELAY3(input, 2)",  # two stocks
        "DELAY3(input, 1.9)",
        "DELAY3(input, 1)",
        "DELAY N(input, short, 4, 5)",
        "DELAY N(input, 3, 4, 3)",  # just long enough
        "DELAY N(input, moving, 4, 1)",
        "DELAY N(input, moving, 4, 2)",
        "DELAY N(input, moving, 4, 5)",
        "DELAY3I(input, moving, 4)",
        "SMOOTH N(input, moving, 4, 5)",
    ],
)
def test_delays_of_any_order_agree_with_pysd(tmp_path, function):
    equations = f"input = 3 + SIN(Time) | short = 2.6 | moving = 7 + 2 * COS(Time / 3) | x = {function}"
    path = modelfile.write(tmp_path, equations, end=30)
    program = compile_model(path)
    got = every(program)["x"][:, 0]
    np.testing.assert_array_equal(got, python.run(program.readable)[1]["x"])
    np.testing.assert_allclose(got, by_pysd(path, tmp_path, "x"), rtol=1e-9)


def test_how_many_stocks_a_short_delay_has_is_each_members_own(tmp_path):
    path = modelfile.write(tmp_path, "t = 2.5 | x = DELAY N(3 + SIN(Time), t, 4, 3)")
    times = np.array([2.5, 1.0, 3.0, 8.0])
    together = every(compile_model(path), Inputs(4, {"t": times}))["x"]
    for member, time in enumerate(times):
        alone = modelfile.write(tmp_path, f"t = {time} | x = DELAY N(3 + SIN(Time), t, 4, 3)", name="alone.mdl")
        np.testing.assert_allclose(together[:, member], by_pysd(alone, tmp_path, "x"), rtol=1e-9)


def test_an_order_that_constants_give_is_settled(tmp_path):
    """It makes the stocks, so no run may change what it comes from; what else the model has it may."""
    path = modelfile.write(tmp_path, "n = 2 | m = n + 1 | t = 6 | x = SMOOTH N(Time, t, 0, m)")
    program = compile_model(path)
    assert sum(row.kind == "stock" for row in program.rows) == 3 and program.settled == ("n",)
    every(program, Inputs(1, {"t": 7.0}))
    with pytest.raises(ValueError, match="'n' cannot be changed by a run"):
        every(program, Inputs(1, {"n": 3.0}))


def test_a_delay_has_one_stock_at_least(tmp_path):
    """PySD fails here."""
    path = modelfile.write(tmp_path, "x = DELAY3(STEP(1, 3), 0.5) | y = DELAY1(STEP(1, 3), 0.5)")
    got = every(compile_model(path))
    np.testing.assert_array_equal(got["x"], got["y"])


@pytest.mark.parametrize("order", ["2.5", "0", "1001", "n", "Time"])
def test_an_order_that_is_no_fixed_whole_number_is_refused_by_name(tmp_path, order):
    path = modelfile.write(tmp_path, f"a = Time | n = a * 2 | x = DELAY N(Time, 5, 0, {order})")
    with pytest.raises(ModelError, match="order of DELAY N must be a whole number") as caught:
        compile_model(path)
    assert ("; n is not" in str(caught.value)) == (order == "n")
