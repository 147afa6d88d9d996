"""Halving the time step of models with a closed form: errors fall with its first (Euler) or fourth power (RK4)."""

import math

import numpy as np
import pytest

import modelfile
from huangpu.compiler import compile_model
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate

END = 4
CASES = {
    "decay": ("x = INTEG(-x / 2, 3)", 3 * math.exp(-2)),
    "logistic": ("x = INTEG(x * (1 - x / 5), 0.5)", 5 / (1 + 9 * math.exp(-4))),
    "forced": ("x = INTEG(COS(2 * Time) - x, 1)", (math.cos(8) + 2 * math.sin(8)) / 5 + 0.8 * math.exp(-4)),
    "smooth of order 3": ("x = SMOOTH3I(1, 3, 0)", 1 - 13 * math.exp(-4)),
    "delay of order 2": ("x = DELAY N(1, 3, 0, 2)", 1 - (1 + 8 / 3) * math.exp(-8 / 3)),
    "square root": ("x = INTEG(SQRT(1 + Time), 0)", 2 / 3 * (5**1.5 - 1)),
    "held flow": ("x = INTEG(SAMPLE IF TRUE(Time < 0, 9, 2) - x, 0)", 2 - 2 * math.exp(-4)),
}


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("method", "order", "near"), [("euler", 1, 0.05), ("rk4", 4, 0.1)])
def test_order_of_convergence(tmp_path, case, method, order, near):
    equations, exact = CASES[case]
    sizes = 2.0 ** -np.arange(*((7, 11) if method == "euler" else (4, 7)))
    errors = []
    for dt in sizes:
        program = compile_model(modelfile.write(tmp_path, equations, end=END, dt=dt), method=method)
        (out,) = simulate(program, Inputs(1), [Saving(("x",), *points(program, [END]))])
        errors.append(abs(out[0, 0, 0] - exact))
    assert abs(np.polyfit(np.log(sizes), np.log(errors), 1)[0] - order) <= near
