"""The readable text: what it looks like, and that it solves the equations, as does the kernel."""

import os
from pathlib import Path

import numpy as np
import pytest

import modelfile
from huangpu.compiler import compile_model, ordered_model, python
from huangpu.runtime.ensemble import Inputs, Saving, simulate, step_times

HERE = Path(__file__).parent
SNAPSHOTS = {
    "lookups": "lookups/test_lookups.mdl",
    "smooth_and_stock": "smooth_and_stock/test_smooth_and_stock.mdl",
    "subscript_mapping_simple": "subscript_mapping_simple/test_subscript_mapping_simple.mdl",
}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_the_readable_text_is_what_it_was(name):
    """`HUANGPU_SNAPSHOTS=1` in the environment writes the texts anew, for review in the diff."""
    text = python.emit(ordered_model(HERE.parent / "corpus" / SNAPSHOTS[name]))
    path = HERE / "snapshots" / f"{name}.py.txt"
    if os.environ.get("HUANGPU_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_values_may_differ_by_member_and_through_time(tmp_path):
    path = modelfile.write(tmp_path, "rate = 0.1 | lever = 0 | s = INTEG(s * rate + lever, 100)", end=2)
    text = python.emit(ordered_model(path, driven=["lever"]))
    rate, lever = np.array([0.0, 0.5]), np.array([[1.0, 0.0], [2.0, 4.0], [0.0, 0.0]])
    times, values = python.run(text, parameters={"rate": rate}, driven={"lever": lever})
    np.testing.assert_array_equal(times, [0, 1, 2])
    np.testing.assert_array_equal(values["s"], [[100, 100], [101, 150], [103, 229]])
    np.testing.assert_array_equal(values["lever"], lever)


def test_a_lookup_may_be_replaced(tmp_path):
    text = python.emit(ordered_model(modelfile.write(tmp_path, "f((0,0),(10,10)) | x = f(Time)")))
    assert python.run(text, tables={"f": ((0, 10), (5, 15), False)})[1]["x"][-1] == 15.0


def test_a_shorter_run_is_the_beginning_of_the_longer_one(tmp_path):
    text = python.emit(ordered_model(modelfile.write(tmp_path, "s = INTEG(s, 1)", dt=0.1)))
    assert len(python.run(text, final_time=0.3)[0]) == 4


# -- closed forms -------------------------------------------------------------------------------------------------

CLOSED = {  # name -> equations, exact solution of `x`
    "decay": ("x = INTEG(-x / 3, 5)", lambda t: 5 * np.exp(-t / 3)),
    "logistic": ("x = INTEG(0.8 * x * (1 - x / 10), 1)", lambda t: 10 / (1 + 9 * np.exp(-0.8 * t))),
    "oscillator": ("x = INTEG(v, 1) | v = INTEG(-4 * x, 0)", lambda t: np.cos(2 * t)),
    "driven by time": ("x = INTEG(SIN(Time) - x, 0)", lambda t: (np.exp(-t) + np.sin(t) - np.cos(t)) / 2),
}


def by_text(path, method: str) -> tuple[np.ndarray, np.ndarray]:
    times, values = python.run(python.emit(ordered_model(path)), method=method)
    return times, values["x"]


def by_kernel(path, method: str) -> tuple[np.ndarray, np.ndarray]:
    program = compile_model(path, method=method)
    times = step_times(program)
    saving = Saving(("x",), np.arange(len(times)), np.ones(len(times)))
    return times, simulate(program, Inputs(size=1), [saving])[0][0, :, 0]


@pytest.mark.parametrize("solve", [by_text, by_kernel])
@pytest.mark.parametrize(("method", "order", "within"), [("euler", 1, 0.05), ("rk4", 4, 0.1)])
@pytest.mark.parametrize("name", CLOSED)
def test_errors_fall_with_the_step_at_the_method_s_order(name, method, order, within, solve, tmp_path, monkeypatch):
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path / "cache"))
    equations, exact = CLOSED[name]
    steps = 2.0 ** -np.arange(5, 9) / (16 if method == "euler" else 1)
    errors = []
    for dt in steps:
        times, x = solve(modelfile.write(tmp_path, equations, end=2, dt=dt), method)
        errors.append(np.max(np.abs(x - exact(times))))
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(order, abs=within)
