"""The fast kernel computes what the operators' table says, at every vector width."""

import dataclasses
import itertools

import numpy as np
import pytest

from handmade import auxiliary, call, constant, economy, ordered, plain_run, program, stock
from huangpu.compiler import compile_model, python
from huangpu.compiler.functions import OPS
from huangpu.files import shipped
from huangpu.ir import Interpolate, Table
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate, step_times

LIBRARY = {"arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"}
ODD = np.array([0.0, -0.0, 1.0, -1.0, 0.3, -2.5, 1e-7, -1e-7, 7.0, 1e6, np.inf, -np.inf, np.nan])


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def everything(model, inputs, method="euler", **layout):
    """Every variable at every step, as `plain_run` gives it."""
    built = program(model, method, **layout)
    ids = tuple(v.id for v in model.model.variables)
    (out,) = simulate(built, inputs, [Saving(ids, *points(built, step_times(built)))])
    return dict(zip(ids, out, strict=True))


def as_numbers(array):
    """Equal where numbers are equal: -0 is 0, every nan is nan."""
    return np.nan_to_num(array + 0.0, nan=12345.678, posinf=np.inf, neginf=-np.inf)


@pytest.mark.parametrize("lanes", [2, 8, 32])
def test_every_operator_on_ordinary_and_odd_numbers(lanes):
    """Bit-equal to numpy; functions of the C library within 1e-14 (numpy has its own on wide vectors)."""
    names = ["a", "b", "c"]
    model = ordered(
        *(constant(name, 0.0) for name in names),
        *(auxiliary(op, call(op, *names[: row.arity])) for op, row in OPS.items()),
        times=(0.0, 0.0, 1.0),
    )
    grid = np.array(list(itertools.product(ODD, ODD, [2.0, np.nan]))).T
    parameters = dict(zip(names, grid, strict=True))
    fast = everything(model, Inputs(grid.shape[1], parameters), lanes=lanes)
    plain = plain_run(model, "euler", grid.shape[1], parameters)
    for op in OPS:
        got, wanted = as_numbers(fast[op]), as_numbers(plain[op])
        if op in LIBRARY:
            np.testing.assert_allclose(got, wanted, rtol=1e-14, atol=0, err_msg=op)
        else:
            np.testing.assert_array_equal(got, wanted, err_msg=op)


@pytest.mark.parametrize("extrapolate", [False, True])
@pytest.mark.parametrize("knots", [1, 2, 7, 32, 33, 100])
def test_lookups_short_and_long(knots, extrapolate):
    if knots == 1 and extrapolate:
        pytest.skip("one point has no end segment")
    rng = np.random.default_rng(knots)
    xs = tuple(np.cumsum(rng.random(knots) + 0.01))
    table = Table("t", "t", xs, tuple(rng.normal(size=knots)), extrapolate)
    model = ordered(
        constant("x", 0.0), auxiliary("y", Interpolate("t", call("neg", "x"))), tables=(table,), times=(0.0, 0.0, 1.0)
    )
    x = -np.concatenate([xs, rng.uniform(-1, xs[-1] + 1, 200), [xs[0] - 1, xs[-1] + 1, np.nan]])
    fast = everything(model, Inputs(len(x), {"x": x}))
    np.testing.assert_array_equal(fast["y"], plain_run(model, "euler", len(x), {"x": x})["y"])


def test_a_lookup_with_a_jump_takes_the_later_point_and_holds_its_ends():
    table = Table("t", "t", (0.0, 1.0, 1.0, 2.0), (0.0, 1.0, 5.0, 6.0))
    model = ordered(constant("x", 0.0), auxiliary("y", Interpolate("t", call("add", "x", 0.0))), tables=(table,))
    x = np.array([-np.inf, -1.0, 0.5, 1.0, 1.5, 2.0, np.inf])
    got = everything(model, Inputs(len(x), {"x": x}))["y"][0]
    np.testing.assert_array_equal(got, [0.0, 0.0, 0.5, 5.0, 5.5, 6.0, 6.0])


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_a_whole_model_equals_the_plain_run_to_the_bit(method):
    model = economy()
    rng = np.random.default_rng(1)
    members, steps = 70, 41
    parameters = {"lifetime": rng.uniform(0.0, 20.0, members), "share": rng.uniform(0.1, 0.4, members)}
    lever = np.maximum(rng.normal(size=(steps, members)), 0.0)
    fast = everything(model, Inputs(members, parameters, {"lever": lever}), method)
    plain = plain_run(model, method, members, parameters, {"lever": lever})
    for id, wanted in plain.items():
        np.testing.assert_array_equal(fast[id], wanted, err_msg=id)


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_stocks_move_together_though_their_flows_read_one_another(method):
    chain = [stock(f"s{k}", call("sub", f"s{(k + 1) % 20}", call("mul", f"s{k}", 0.1)), k) for k in range(20)]
    model = ordered(*chain, stock("last", call("sub", "s0", "last"), 1.0), times=(0.0, 3.0, 0.25))
    fast, plain = everything(model, Inputs(1), method), plain_run(model, method, 1)
    for id, wanted in plain.items():
        np.testing.assert_array_equal(fast[id], wanted, err_msg=id)


def test_many_equations_are_split_over_functions():
    chain = [auxiliary("x0", call("add", "a", 1.0))]
    chain += [auxiliary(f"x{k}", call("add", f"x{k - 1}", call("mul", f"x{k // 2}", 0.01))) for k in range(1, 300)]
    model = ordered(constant("a", 0.0), *chain, stock("s", "x299", 0.0), times=(0.0, 2.0, 1.0))
    a = np.linspace(0, 1, 5)
    fast, plain = everything(model, Inputs(5, {"a": a})), plain_run(model, "euler", 5, {"a": a})
    np.testing.assert_array_equal(fast["x299"], plain["x299"])
    np.testing.assert_array_equal(fast["s"], plain["s"])


def test_the_text_holds_no_figure_that_a_scenario_or_member_may_change():
    one = economy()
    table = dataclasses.replace(one.model.tables[0], ys=(1.0, 2.0, 3.0, 4.0))
    changed = [
        dataclasses.replace(v, equation=call("add", 7.5, 0.0).args[0]) if v.kind == "constant" else v
        for v in one.model.variables
    ]
    other = dataclasses.replace(
        one, model=dataclasses.replace(one.model, variables=tuple(changed), tables=(table,), final_time=2050.0)
    )
    assert program(one).kernel == program(other).kernel


def test_nothing_is_contracted_or_reordered():
    text = program(economy(), "rk4").kernel
    for flag in ("fast", "contract", "reassoc", "fmuladd", "llvm.fma", "nnan", "arcp"):
        assert f" {flag}" not in text and f".{flag}." not in text


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_the_shipped_model_equals_its_readable_form_to_the_bit(method):
    built = compile_model(shipped("models/shanghai_industry.mdl"), method=method)
    rng = np.random.default_rng(2)
    given = {built.rows[row].id: value * rng.uniform(0.98, 1.02, 3) for row, value in built.constants}
    end = built.initial_time + 6.0
    levers = {built.rows[row].id: rng.random((len(step_times(built, end)), 3)) for row in built.driven}
    ids = tuple(entry.id for entry in built.rows)
    saving = Saving(ids, *points(built, step_times(built, end), final_time=end))
    (fast,) = simulate(built, Inputs(3, given, levers), [saving], final_time=end)
    _, plain = python.run(built.readable, method=method, final_time=end, parameters=given, driven=levers)
    for id, values in zip(ids, fast, strict=True):
        wanted = np.broadcast_to(plain[id].reshape(len(values), -1), values.shape)
        np.testing.assert_array_equal(values, wanted, err_msg=id)
