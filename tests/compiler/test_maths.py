"""Our own functions: how far from the truth, right on odd arguments, and the same bits wherever they are computed."""

import math

import numpy as np
import pytest

from handmade import auxiliary, call, constant, ordered, program
from huangpu.compiler import plain
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate

LONG = np.longdouble
needs_long = pytest.mark.skipif(np.finfo(LONG).nmant < 60, reason="needs a wider number to compare with")
FUNCTIONS = {
    "exp": plain.exp, "ln": plain.ln, "pow": plain.power, "sin": plain.sin, "cos": plain.cos, "tan": plain.tan
}  # fmt: skip
REFERENCE = {"exp": np.exp, "ln": np.log, "pow": np.power, "sin": np.sin, "cos": np.cos, "tan": np.tan}
COUNT = 20_000
INF, NAN, LEAST, MOST = math.inf, math.nan, 5e-324, 1.7976931348623157e308
ODD = [
    *(0.0, 1.0, 0.5, 2.0, 2.5, 3.0, 1e-300, 1e300, LEAST, MOST, 2.0**-1022, INF, NAN, 710.0, 745.2, 1023.0, 1074.0),
    *(1 - 2**-53, 1 + 2**-52, 2.0**52 + 1, 2.0**53 - 1, 2.0**53, 2.0**64, 1e6, math.nextafter(1e6, 2e6)),
]
ODD = np.array([sign * value for value in ODD for sign in (1, -1)])


def draws(op):
    """Arguments where a formula's parts meet: name -> columns."""
    r = np.random.default_rng(7)
    near_turns = r.integers(0, 600_000, COUNT) * (np.pi / 2)
    tiny = r.integers(1, 2**52, COUNT).view(float)  # subnormal
    match op:
        case "exp":
            halves = (np.arange(-1075, 1024) + 0.5) * math.log(2)  # where the reduction moves on
            return {
                "all": [r.uniform(-746, 710, COUNT)],
                "small": [r.normal(size=COUNT) * 10.0 ** r.uniform(-20, 0, COUNT)],
                "turns": [np.concatenate([halves * (1 + k * 2**-52) for k in range(-4, 5)])],
                "subnormal": [r.uniform(-745.2, -708.3, COUNT)],
            }
        case "ln":
            root = math.sqrt(0.5) * 2.0 ** r.integers(-1000, 1000, COUNT) * (1 + r.integers(-4, 5, COUNT) * 2.0**-52)
            return {
                "all": [10 ** r.uniform(-307, 308, COUNT)],
                "near 1": [1 + r.normal(size=COUNT) * 10.0 ** r.uniform(-16, -1, COUNT)],
                "turns": [root],
                "subnormal": [tiny],
            }
        case "pow":
            base = r.uniform(0.5, 2, COUNT)
            return {
                "ordinary": [r.uniform(0, 10, COUNT), r.uniform(-5, 5, COUNT)],
                "wide": [10 ** r.uniform(-300, 300, COUNT), r.uniform(-1, 1, COUNT)],
                "near 1": [1 + r.normal(size=COUNT) * 1e-8, r.normal(size=COUNT) * 1e10],
                "great exponents": [1 + r.uniform(-0.3, 0.42, COUNT), r.uniform(-2000, 2000, COUNT)],
                "turns": [base, (r.integers(-2180, 2046, COUNT) * 0.5) / np.log2(base)],
                "subnormal": [tiny, r.uniform(-1, 1, COUNT)],
                "whole": [r.uniform(-3, 3, COUNT), r.integers(-60, 60, COUNT).astype(float)],
            }
    return {
        "small": [r.normal(size=COUNT) * 10.0 ** r.uniform(-20, 0, COUNT)],
        "ordinary": [r.uniform(-100, 100, COUNT)],
        "far": [r.uniform(-1e6, 1e6, COUNT)],
        "turns": [near_turns * (1 + r.integers(-2, 3, COUNT) * 2.0**-52)],
        "half turns": [(r.integers(-600_000, 600_000, COUNT) + 0.5) * (np.pi / 2)],
        "huge": [r.normal(size=500) * 10 ** r.uniform(5.5, 300, 500)],
    }


def ulps(got, exact):
    """Distance in units of the last place of the true value; inf where one is finite and the other is not."""
    rounded = exact.astype(float)
    unit = np.spacing(np.abs(np.where(np.isfinite(rounded), rounded, 1.0)))
    distance = np.abs((got.astype(LONG) - exact) / unit).astype(float)
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    return np.where(np.isfinite(got) & np.isfinite(rounded), distance, np.where(same, 0.0, np.inf))


@needs_long
@pytest.mark.parametrize("op", FUNCTIONS)
def test_errors_in_the_last_place(op):
    most = {"pow": 1.7, "tan": 2.5}.get(op, 0.9)
    with np.errstate(all="ignore"):
        for name, columns in draws(op).items():
            exact = REFERENCE[op](*(column.astype(LONG) for column in columns))
            worst = ulps(FUNCTIONS[op](*columns), exact).max()
            usual = 0.9 if op == "pow" and name not in ("great exponents", "turns") else most
            assert worst <= usual, f"{op}, {name}: {worst}"


@pytest.mark.parametrize("op", FUNCTIONS)
def test_odd_arguments_as_c99_has_them(op):
    """numpy asks the C library or follows it; infinities, zeros with their sign, and nan in the same places."""
    columns = np.meshgrid(ODD, ODD) if op == "pow" else [ODD]
    with np.errstate(all="ignore"):
        got, wanted = FUNCTIONS[op](*columns), REFERENCE[op](*columns)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
    known = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(wanted)[known])
    np.testing.assert_allclose(got, wanted, rtol=5e-16, atol=LEAST)
    assert np.array_equal(got[np.isinf(wanted)], wanted[np.isinf(wanted)])


@pytest.mark.parametrize(
    ("x", "y", "wanted"),
    [
        *((x, 0.0, 1.0) for x in (0.0, -0.0, INF, -INF, NAN, -2.0)),
        *((1.0, y, 1.0) for y in (INF, -INF, NAN, 1e300)),
        *[(-1.0, INF, 1.0), (-1.0, -INF, 1.0), (-1.0, 2.0**53 - 1, -1.0), (-1.0, 2.0**53, 1.0), (-1.0, 0.5, NAN)],
        *[(-0.0, 3.0, -0.0), (-0.0, 2.0, 0.0), (-0.0, 0.5, 0.0), (-0.0, -3.0, -INF), (-0.0, -2.0, INF)],
        *[(-INF, 3.0, -INF), (-INF, 0.5, INF), (-INF, -3.0, -0.0), (-INF, -0.5, 0.0), (INF, -1e-300, 0.0)],
        *[(0.5, INF, 0.0), (0.5, -INF, INF), (2.0, INF, INF), (-2.0, -INF, 0.0), (NAN, 1.0, NAN), (2.0, NAN, NAN)],
        *[(2.0, 1024.0, INF), (-2.0, 1025.0, -INF), (2.0, -1074.0, LEAST), (2.0, -1076.0, 0.0), (-2.0, -1077.0, -0.0)],
        *[(-8.0, 3.0, -512.0), (10.0, 22.0, 1e22), (3.0, -1.0, 1 / 3), (1 + 2**-52, 1e19, INF), (2.0, 0.5, 2**0.5)],
    ],
)
def test_power_of_odd_numbers(x, y, wanted):
    got = plain.power(x, y)
    np.testing.assert_array_equal(got, wanted)
    assert math.isnan(wanted) or np.signbit(got) == np.signbit(wanted)


def test_exact_where_the_truth_is_a_number():
    n = np.arange(-1074, 1024)
    np.testing.assert_array_equal(plain.power(2.0, n), np.ldexp(1.0, n))
    np.testing.assert_array_equal(plain.power(np.arange(1.0, 200.0), 3.0), np.arange(1.0, 200.0) ** 3)
    np.testing.assert_array_equal(plain.power(1.7, 1.0), 1.7)
    assert plain.exp(0.0) == 1.0 and plain.exp(1.0) == math.e and plain.ln(1.0) == 0.0 and plain.cos(0.0) == 1.0


@pytest.mark.parametrize(("function", "at"), [(plain.exp, n * math.log(2) / 2) for n in (-2089, -3, -1, 1, 1023)])
def test_exp_rises_where_the_reduction_moves_on(function, at):
    x = at + np.spacing(abs(at)) * np.arange(-300, 300)
    assert (np.diff(function(x)) >= 0).all()


@pytest.mark.parametrize("at", [math.sqrt(0.5), 1.0, math.sqrt(2.0), 2.0**-1022, 3e200 * math.sqrt(2.0)])
def test_ln_rises_where_the_reduction_moves_on(at):
    x = at + np.spacing(at) * np.arange(-300, 300)
    assert (np.diff(plain.ln(x)) >= 0).all()


@pytest.mark.parametrize("exponent", [0.3, 2.5, -0.7])
def test_power_is_monotone_where_the_reduction_moves_on(exponent):
    for at in (math.sqrt(0.5), 1.0, math.sqrt(2.0), 2.0 ** (0.5 / exponent), 2.0 ** (1.5 / exponent)):
        x = at + np.spacing(at) * np.arange(-300, 300)
        assert (np.sign(exponent) * np.diff(plain.power(x, exponent)) >= 0).all()


@pytest.mark.parametrize("lanes", [2, 4, 8, 32])
def test_the_kernel_gives_the_same_bits_at_every_width(lanes):
    columns = {}
    for op in FUNCTIONS:
        parts = [part for part in draws(op).values() if len(part[0]) == COUNT] + [
            [odd.ravel() for odd in np.meshgrid(ODD, ODD)][: 2 if op == "pow" else 1]
        ]
        for k, column in enumerate(zip(*parts, strict=True)):
            columns[f"{op} {k}"] = np.concatenate([part[-3000:] for part in column])
        if op in ("sin", "cos", "tan"):
            columns[f"{op} 0"][-500:] = draws(op)["huge"][0]
    size = max(map(len, columns.values()))
    columns = {name: np.resize(column, size) for name, column in columns.items()}
    model = ordered(
        *(constant(name, 0.0) for name in columns),
        *(auxiliary(op, call(op, *(c for c in columns if c.startswith(f"{op} ")))) for op in FUNCTIONS),
        times=(0.0, 0.0, 1.0),
    )
    built = program(model, lanes=lanes)
    (out,) = simulate(built, Inputs(size, columns), [Saving(tuple(FUNCTIONS), *points(built, [0.0]))])
    for op, values in zip(FUNCTIONS, out[:, 0], strict=True):
        wanted = FUNCTIONS[op](*(column for c, column in columns.items() if c.startswith(f"{op} ")))
        np.testing.assert_array_equal(values, wanted, err_msg=op)
        assert (np.signbit(values) == np.signbit(wanted))[~np.isnan(wanted)].all()


def test_numbers_and_arrays_of_any_shape():
    assert plain.exp(1) == plain.exp(np.ones((2, 3)))[1, 2] and plain.power(2, [1.0, 2.0]).tolist() == [2.0, 4.0]
    assert plain.sin(np.array([[1e7], [0.5]])).shape == (2, 1) and plain.sin(1e7) == math.sin(1e7)
