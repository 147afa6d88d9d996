"""Subscripts, built-in functions, lookups and macros become plain scalars that compute what Vensim's would."""

import math

import numpy as np
import pytest

import modelfile
from huangpu.compiler import ordered_model
from huangpu.ir import ModelError

RANGES = "A: a1, a2, a3 | Sub: a2, a3 | B: b1, b2 -> C | C: c1, c2 | Copy <-> A | "


def values(tmp_path, equations: str, **more) -> dict:
    return modelfile.run(modelfile.write(tmp_path, equations, **more))


def refusal(tmp_path, equations: str) -> str:
    with pytest.raises(ModelError) as caught:
        ordered_model(modelfile.write(tmp_path, equations))
    return str(caught.value)


@pytest.mark.parametrize(
    ("equations", "expected"),
    [
        ("x[A] = 1, 2, 3", {"x[a1]": 1, "x[a3]": 3}),
        ("x[A,B] = 1, 2; 3, 4; 5, 6", {"x[a1,b2]": 2, "x[a3,b1]": 5}),
        ("x[A] :EXCEPT: [a2] = 1 | x[a2] = 5", {"x[a1]": 1, "x[a2]": 5}),
        ("x[a1] = 7 | x[Sub] = 1, 2", {"x[a1]": 7, "x[a3]": 2}),
        ("y[A] = 1, 2, 3 | x[Sub] = y[Sub] * 10", {"x[a2]": 20, "x[a3]": 30}),
        ("y[A] = 1, 2, 3 | x[A] = y[a2]", {"x[a1]": 2}),
        ("y[B] = 4, 5 | x[C] = y[B]", {"x[c1]": 4, "x[c2]": 5}),
        ("y[A] = 1, 2, 3 | x[A,Copy] = y[A] - y[Copy]", {"x[a1,a3]": -2, "x[a3,a2]": 1}),
        ("y[A,B] = 1, 2; 3, 4; 5, 6 | x[A] = SUM(y[A,B!])", {"x[a1]": 3, "x[a3]": 11}),
        ("y[A,B] = 1, 2; 3, 4; 5, 6 | x = SUM(y[A!,B!]) + VMAX(y[A!,b1]) - VMIN(y[Sub!,b2])", {"x": 22}),
        ("y[A] = 1, 2, 3 | x[A] = y[A] / SUM(y[A!])", {"x[a3]": 0.5}),
        ("y[A] = 1, 2, 3 | x = SUM(y[A!] * SUM(y[Copy!])) + PROD(y[A!])", {"x": 42}),
        ("x[A] = ELMCOUNT(A) * 10 + A", {"x[a1]": 31, "x[a3]": 33}),
        ("x[Sub] = IF THEN ELSE(Sub = a3, 1, 0)", {"x[a2]": 0, "x[a3]": 1}),
        ("Y[A] = 1 | x[A] = y[ A ] + Y[a1]", {"x[a2]": 2}),
    ],
)
def test_subscripts(equations, expected, tmp_path):
    found = values(tmp_path, RANGES + equations)
    assert {id_: found[id_][0] for id_ in expected} == expected


def test_dims_are_the_smallest_written_ranges(tmp_path):
    path = modelfile.write(
        tmp_path, RANGES + "x[A,b1] = 1 | x[A,b2] = 2 | y[Sub] = 3 | z[a2] = 1 | z[a3] = 2 | v = SMOOTH(z[a2], 3)"
    )
    model = ordered_model(path).model
    assert {base: model.dims[base] for base in ("x", "y", "z", "v")} == {
        "x": ("a", "b"),
        "y": ("sub",),
        "z": ("sub",),
        "v": (),
    }
    assert model.subscripts["sub"] == ("a2", "a3") and model.labels["sub"] == "Sub"
    assert [v.label for v in model.variables if v.base == "y"] == ["y[a2]", "y[a3]"]


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("x[A] = 1, 2", "7: x: 2 numbers for 3 elements"),
        ("x[Nowhere] = 1", "7: x: there is no subscript nowhere"),
        ("y[A] = 1 | x[B] = y[A]", "the range A is not on the left of the equation"),
        ("y[A] = 1 | x = SUM(y[B!])", r"there is no y\[b1\].*such as y\[a1\]"),
        ("y[A] = 1 | x = y", r"there is no y\. Its elements are such as y\[a1\]"),
        ("y = 1 | x[A] = y[A]", "y has no subscripts"),
        ("x[A,A] = 1", "the same range twice"),
        ("x[A] = 1 | x[a1] = 2", r"x\[a1\] is defined twice"),
        ("x[A] = 1 | x[A,B] = 2", "differ in the number of subscripts"),
        ("x = 1 | X = 2", "x is defined twice"),
        ("x's = 1 | x s = 2", "the same name as x's"),
        ("D: d1, D", "D: contains itself"),
        ('D: d1, d-1, "d 1"', "cannot be read|twice"),
        ("D: d1 -> A", "not a range of the same length"),
        ("D: (A: a2, a1, a3)", "cannot be read"),
        ("D: d1, d2, d3 -> (A: a2, a1, b1)", "b1, which is no element of a"),
        ("x = RANDOM POISSON(0, 9, 2, 0, 1, 2)", "7: x: the function RANDOM POISSON is not supported"),
        ("x = SMOTH3(Time, 2)", "Did you mean|not supported"),
        ("x = MAX(1)", "MAX takes 2 arguments, not 1"),
        ("x = A FUNCTION OF(Time)", "A FUNCTION OF is not supported"),
        ("y = 1 | x = y(3)", "y is no lookup"),
        ("f((0,0),(1,1)) | x = f", "the lookup f without an argument"),
        ("f((0,0),(0,1),(2,1)) | x = f(1)", "same x twice at an end"),
        ("f((0,0),(1,1),(1,2)) | x = LOOKUP EXTRAPOLATE(f, 1)", "same x twice at an end"),
        ("f((0,0)) | x = f(1)", "cannot be read"),
        ("x = SMOOTH N(Time, 5, 0, Time)", "must be a whole number from 1 to 1000"),
        ("n = Time | x = DELAY N(Time, 5, 0, 2 * n)", "order of DELAY N must be .* fixed in the model; n is not"),
        ("x:RAW:", "data without an equation. Name the file"),
        ("x := GET DIRECT LOOKUPS('a.csv', ',', 'A', 'B1') + 1", "GET DIRECT LOOKUPS inside an equation"),
        ("x = MAX('text', 1)", "the text 'text' where a value belongs"),
        ("SAVEPER = 2", "SAVEPER"),
    ],
)
def test_what_is_wrong_is_said(equations, message, tmp_path):
    text = refusal(tmp_path, RANGES + equations)
    assert "model.mdl:" in text and modelfile.matches(message, text), text


TIME = np.arange(11.0)


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("STEP(3, 4)", 3.0 * (TIME >= 4)),
        ("STEP(3, 4.4)", 3.0 * (TIME >= 4)),
        ("RAMP(2, 3, 6)", 2.0 * np.clip(TIME - 3, 0, 3)),
        ("PULSE(3, 2)", 1.0 * ((TIME == 3) | (TIME == 4))),
        ("PULSE TRAIN(1, 1, 4, 7)", 1.0 * ((TIME == 1) | (TIME == 5))),
        ("MODULO(Time, 3)", TIME % 3),
        ("MODULO(-Time, 3)", -(TIME % 3)),
        ("QUANTUM(Time, 4)", 4 * np.floor(TIME / 4)),
        ("QUANTUM(Time, 0)", TIME),
        ("INTEGER(-Time / 2)", -np.floor(TIME / 2)),
        ("XIDZ(6, Time - 2, 99)", np.where(TIME == 2, 99, 6 / np.where(TIME == 2, 1, TIME - 2))),
        ("ZIDZ(6, Time)", np.where(TIME == 0, 0, 6 / np.maximum(TIME, 1))),
        ("LOG(Time + 1, 10)", np.log(TIME + 1) / np.log(10)),
        ("IF THEN ELSE(Time - 3, 1, 2)", np.where(TIME == 3, 2, 1)),
        ("GAME(Time) + PI", None),
        ("INITIAL(Time + 5)", 5 + 0 * TIME),
        ("ACTIVE INITIAL(Time + 5, 9)", TIME + 5),
        ("GET TIME VALUE(0, 2, 0)", TIME + 2),
        ("WITH LOOKUP(Time, ([(0,0)-(9,9)],(2,1),(4,5),(8,-3)))", np.interp(TIME, [2, 4, 8], [1, 5, -3])),
        ("f(Time)", np.interp(TIME, [2, 4, 8], [1, 5, -3])),
        ("LOOKUP EXTRAPOLATE(f, Time)", np.interp(TIME, [-8, 4, 18], [-19, 5, -23])),
        ("LOOKUP FORWARD(f, Time)", [1, 1, 1, 5, 5, -3, -3, -3, -3, -3, -3]),
        ("LOOKUP BACKWARD(f, Time)", [1, 1, 1, 1, 5, 5, 5, 5, -3, -3, -3]),
        ("IF THEN ELSE(IF THEN ELSE(Time = 3, :NA:, Time) = :NA:, 7, 0)", 7 * (TIME == 3)),
        ("IF THEN ELSE(:NA: <> IF THEN ELSE(Time = 3, :NA:, Time), 7, 0)", 7 * (TIME != 3)),
        ("INTEG(2, 1) + INTEG(1, 0)", 1 + 3 * TIME),
        (":NA:", -(2.0**109) + 0 * TIME),
        ("MAX(:NA:, Time) + IF THEN ELSE(:NA: < -1e30, 1, 0)", TIME + 1),
        ("Final Time + TIME STEP", 11 + 0 * TIME),
    ],
)  # fmt: skip
def test_built_in_functions(equation, expected, tmp_path):
    found = values(tmp_path, f"f([(0,0)-(9,9)],(2,1),(4,5),(8,-3)) | x = {equation}".replace("+ PI", "+ 0"))["x"]
    np.testing.assert_allclose(found, TIME if expected is None else expected, rtol=1e-15, atol=1e-15)


def test_npv_discounts_a_stream_from_the_start(tmp_path):
    found = values(tmp_path, "x = NPV(3, 0.1, 5, 2)")["x"]
    worth = 5 + np.cumsum(3 * 0.9**TIME)
    np.testing.assert_allclose(found, 2 * worth, rtol=1e-12)


def test_a_lookup_may_jump(tmp_path):
    xs, ys = (0, 2, 2, 2, 6), (0, 1, 9, 4, 8)
    points = ",".join(f"({x},{y})" for x, y in zip(xs, ys, strict=True))
    found = values(tmp_path, f"f({points}) | x = f(Time) | y = f(Time / 2 - 1)")
    np.testing.assert_allclose(found["x"], np.interp(TIME, xs, ys))
    np.testing.assert_allclose(found["y"], np.interp(TIME / 2 - 1, xs, ys))


def test_active_initial_breaks_a_circle_at_the_start(tmp_path):
    found = values(tmp_path, "x = ACTIVE INITIAL(s * 2, 10) | s = INTEG(0, x + 1)")
    assert found["s"][0] == 11 and found["x"][0] == 22


@pytest.mark.parametrize("order", [1, 3, 5])
def test_delays_of_any_order_step_as_gamma_distributions(order, tmp_path):
    """The step response of an order-n material delay or smooth is the gamma distribution's cumulative function."""
    equations = f"d = DELAY N(1, 4, 0, {order}) | s = SMOOTH N(1, 4, 0, {order}) | one = 1"
    path = modelfile.write(tmp_path, equations, dt=1 / 16)
    found = modelfile.run(path, method="rk4")
    t = np.arange(161) / 16 * order / 4
    expected = 1 - np.exp(-t) * sum(t**k / math.factorial(k) for k in range(order))
    np.testing.assert_allclose(found["d"], expected, atol=1e-5)
    np.testing.assert_allclose(found["s"], expected, atol=1e-5)


def test_what_flows_into_a_delay_is_in_it_or_came_out(tmp_path):
    found = values(tmp_path, "x = DELAY3I(3 + Time, 6, 1) | out = INTEG(x, 0) | in = INTEG(3 + Time, 0)")
    inside = sum(found[f"x_delay_{k}"] for k in (1, 2, 3))
    # each stock holds its outflow times the delay time, so the three together hold three times what is inside
    np.testing.assert_allclose(inside / 3 + found["out"], inside[0] / 3 + found["in"], rtol=1e-14)


def test_trend_and_forecast_of_exponential_growth(tmp_path):
    """The trend of steady growth at rate g settles where the average lags behind by the averaging time."""
    equations = "g = 0.05 | x = EXP(g * Time) | t = TREND(x, 5, 0.05) | f = FORECAST(x, 5, 10)"
    found = modelfile.run(modelfile.write(tmp_path, equations, end=200, dt=1 / 8), method="rk4")
    assert found["t"][0] == pytest.approx(0.05)
    assert found["t"][-1] == pytest.approx(0.05, rel=1e-6)
    assert found["f"][-1] / found["x"][-1] == pytest.approx(1.5, rel=1e-6)


def test_a_smooth_inside_a_smooth_is_expanded_once(tmp_path):
    text = "Time"
    for _ in range(20):
        text = f"SMOOTH({text}, 2)"
    model = ordered_model(modelfile.write(tmp_path, f"x = {text}")).model
    assert sum(v.kind == "stock" for v in model.variables) == 20


def test_numbers_are_constants_and_expressions_are_not(tmp_path):
    equations = "a = 3 | b = -2 | c = a * b | d == 5 | e[A] = 1, 2 | A: p, q | f = 10 - 4"
    kinds = {v.id: v.kind for v in ordered_model(modelfile.write(tmp_path, equations)).model.variables}
    constants = {"a", "b", "e[p]", "e[q]", "f"}
    assert kinds == {id_: "constant" if id_ in constants else "auxiliary" for id_ in (*constants, "c", "d")}


def test_macros_are_written_out_where_they_are_called(tmp_path):
    own = "FILL = INTEG(in / rate, rate) ~ ~ |\nrate = time * 2 + Time$ * 0 ~ ~ |\n"
    macro = f":MACRO: FILL(in, time)\n{own}:END OF MACRO:\n"
    path = modelfile.write(tmp_path, "x = FILL(8, 1) + FILL(y, 2) | y = 4")
    path.write_text(path.read_text(encoding="utf-8").replace("{UTF-8}\n", "{UTF-8}\n" + macro), encoding="utf-8")
    np.testing.assert_array_equal(modelfile.run(path)["x"], (2 + 4 * TIME) + (4 + 1 * TIME))


@pytest.mark.parametrize("name", ["delay", "smooth", "time_", "lambda", "class", "v", "np", "run", "1st", "x_smooth"])
def test_a_variable_may_be_called_anything(name, tmp_path):
    found = values(tmp_path, f'"{name}" = 3 | x = SMOOTH("{name}" + 1, 2)')
    assert found["x"][-1] == 4.0
