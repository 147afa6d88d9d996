"""Kernels of single precision: near those of double precision, and as sure of their bits."""

import numpy as np
import pytest

from handmade import auxiliary, call, constant, economy, ordered, program
from huangpu.compiler import compile_model, plain
from huangpu.program import from_json, to_json
from huangpu.runtime.drivers import Noise, Schedule
from huangpu.runtime.ensemble import Inputs, Saving, annual_means, points, simulate, step_times
from modelfile import write

MEMBERS = 203
NAMES = ("capital", "labour", "output", "crowding", "boost")


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def drawn():
    rng = np.random.default_rng(3)
    lever = Schedule(rng.random((3, 41)), rng.random((3, MEMBERS)))
    return Inputs(
        MEMBERS,
        {"lifetime": rng.uniform(5, 20, MEMBERS), "share": rng.uniform(0.1, 0.4, MEMBERS)},
        {"lever": Noise("pink", 0.05, 9, tau=2.0, around=lever)},
        {"crowding_of": (1.1, 1.03, 0.98, 0.8)},
    )


def run(precision, method="euler", threads=None, **layout):
    built = program(economy(), method, precision=precision, **layout)
    savings = [Saving(NAMES, *points(built, step_times(built))), Saving(NAMES, *annual_means(built, range(2000, 2010)))]
    return simulate(built, drawn(), savings, threads=threads)


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_single_precision_is_near_double_precision(method):
    """40 steps that each round to 6e-8: within 1e-5, and not the same."""
    for single, double in zip(run("single", method), run("double", method), strict=True):
        np.testing.assert_allclose(single, double, rtol=1e-5)
        assert single.dtype == np.float64 and not np.array_equal(single, double)


@pytest.mark.parametrize("more", [{"threads": 3}, {"lanes": 32, "block": 64}, {"lanes": 2, "block": 8}, {"lanes": 4}])
def test_same_bits_for_any_layout(more):
    for one, other in zip(run("single", threads=1), run("single", **more), strict=True):
        assert np.array_equal(one, other)


OPS = {"exp": plain.exp, "ln": plain.ln, "sin": plain.sin, "cos": plain.cos, "tan": plain.tan}


def test_functions_are_those_of_double_precision_rounded():
    x = np.random.default_rng(1).uniform(0.1, 9.0, MEMBERS).astype(np.float32).astype(float)
    y = np.linspace(-3, 3, MEMBERS).astype(np.float32).astype(float)
    rows = [auxiliary(f"of_{op}", call(op, "x")) for op in OPS]
    built = program(
        ordered(constant("x", 1.0), constant("y", 1.0), *rows, auxiliary("of_pow", call("pow", "x", "y"))),
        precision="single",
    )
    names = (*(row.id for row in rows), "of_pow")
    (out,) = simulate(built, Inputs(MEMBERS, {"x": x, "y": y}), [Saving(names, *points(built, [2000.0]))])
    want = [*(function(x) for function in OPS.values()), plain.power(x, y)]
    assert np.array_equal(out[:, 0], np.array(want).astype(np.float32))


def test_numbers_beyond_single_precision_are_infinite():
    model = ordered(constant("large", 1e300), auxiliary("twice", call("mul", "large", 1e300)))
    built = program(model, precision="single")
    (out,) = simulate(built, Inputs(1), [Saving(("large", "twice"), *points(built, [2000.0]))])
    assert np.all(np.isinf(out))


def test_a_model_is_compiled_to_double_precision_unless_asked_otherwise(tmp_path):
    path = write(tmp_path, "grown = INTEG(grown * 0.1, 1) |")
    double, single = compile_model(path), compile_model(path, precision="single")
    assert (double.precision, single.precision) == ("double", "single") and double.hash != single.hash
    assert from_json(to_json(single)) == single and double.model_hash == single.model_hash
