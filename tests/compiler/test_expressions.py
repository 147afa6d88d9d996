"""Expressions put together at random: the kernel, the readable text, PySD and the formula itself agree.

What jumps (INTEGER, a comparison) is only given arguments without rounding, as another last bit could move the jump.
"""

import itertools
import math
import operator
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import modelfile
from huangpu.compiler import compile_model, ordered_model, python
from huangpu.ir import ModelError
from huangpu.runtime.ensemble import Inputs, Saving, simulate

Y = np.array([-1.5, 2.0, 4.25])
CONSTANTS = {"c1": 1.5, "c2": -2.0, "c3": 0.25}
XS, YS = (-4.0, -1.0, 0.0, 2.5, 6.0), (3.0, -1.0, 0.5, 0.25, 7.0)
TIME = np.arange(5.0)[:, None]  # against the elements of Y
HEAD = "A: a1, a2, a3 | y[A] = -1.5, 2, 4.25 | c1 = 1.5 | c2 = -2 | c3 = 0.25 |"
HEAD += "f((-4,3),(-1,-1),(0,0.5),(2.5,0.25),(6,7))"

# an expression: its text and its value, of shape (time, element)
LEAVES = [
    *((f"{n:g}", np.full((5, 3), n)) for n in (0.0, 0.5, 1.0, 3.0, 10.0)),
    *((name, np.full((5, 3), value)) for name, value in CONSTANTS.items()),
    ("Time", TIME + 0 * Y),
    ("y[A]", Y + 0 * TIME),
    ("A", np.arange(1.0, 4.0) + 0 * TIME),
    ("SUM(y[A!])", np.full((5, 3), Y.sum())),
    ("VMIN(y[A!])", np.full((5, 3), Y.min())),
    ("VMAX(y[A!] * c2)", np.full((5, 3), 3.0)),
    ("PROD(y[A!])", np.full((5, 3), Y.prod())),
    ("ELMCOUNT(A)", np.full((5, 3), 3.0)),
    ("STEP(3, 2)", 3.0 * (TIME >= 2) + 0 * Y),
    ("RAMP(0.5, 1, 3)", 0.5 * np.clip(TIME - 1, 0, 2) + 0 * Y),
    ("PULSE(1, 2)", 1.0 * ((TIME >= 1) & (TIME < 3)) + 0 * Y),
]

LEAVES = [(f"({text} + 0 * y[A])", value) for text, value in LEAVES]  # PySD fails where a branch has no subscripts


def applied(text: str, function, *args):
    """The text with the arguments' in the places {0}, {1}; the function of their values."""
    with np.errstate(all="ignore"):
        return text.format(*(t for t, _ in args)), np.broadcast_to(function(*(v for _, v in args)) * 1.0, (5, 3))


def integer(x):
    return np.trunc(x)


def quantum(x, unit):
    return np.where(unit < 1e-6, x, unit * np.trunc(x / np.where(unit == 0, 1, unit)))


def ratio(a, b, otherwise):
    return np.where(np.abs(b) < 1e-6, otherwise, a / np.where(b == 0, 1, b))


EXACT = {  # of exact arguments: exact
    "({0} + {1})": operator.add,
    "({0} - {1})": operator.sub,
    "({0} * {1})": operator.mul,
    "(-{0} + {1})": lambda a, b: b - a,
    "MIN({0}, {1})": np.minimum,
    "MAX({0}, {1})": np.maximum,
    "ABS({0})": np.abs,
    "INTEGER({0})": integer,
    "IF THEN ELSE({0} < {1}, {2}, {0})": lambda a, b, c: np.where(a < b, c, a),
    "IF THEN ELSE({0} >= {1} :AND: :NOT: {2} = 3, {1}, {2})": lambda a, b, c: np.where((a >= b) & (c != 3), b, c),
    "IF THEN ELSE({0} <> {1} :OR: {1} > {2}, 1, {2})": lambda a, b, c: np.where((a != b) | (b > c), 1, c),
}
JUMPS = {  # of exact arguments: rounded
    "QUANTUM({0}, ABS({1}))": lambda a, b: quantum(a, np.abs(b)),
    "MODULO({0}, ABS({1}) + 1)": lambda a, b: a - quantum(a, np.abs(b) + 1),
    "XIDZ({0}, {1}, {2})": ratio,
    "ZIDZ({0}, {1})": lambda a, b: ratio(a, b, 0.0),
    "f({0})": lambda x: np.interp(x, XS, YS),
}
SMOOTH = {  # of any arguments
    "({0} + {1})": operator.add,
    "({0} - {1})": operator.sub,
    "({0} * {1})": operator.mul,
    "({0} / (1 + ABS({1})))": lambda a, b: a / (1 + np.abs(b)),
    "MIN({0}, {1})": np.minimum,
    "SQRT(ABS({0}))": lambda x: np.sqrt(np.abs(x)),
    "EXP(MIN({0}, 3))": lambda x: np.exp(np.minimum(x, 3)),
    "LN(1 + ABS({0}))": lambda x: np.log(1 + np.abs(x)),
    "LOG(2 + ABS({0}), 10)": lambda x: np.log(2 + np.abs(x)) / np.log(10),
    "(0.5 + ABS({0})) ^ 0.3": lambda x: (0.5 + np.abs(x)) ** 0.3,
    "POWER(1 + ABS({0}), 1.5)": lambda x: (1 + np.abs(x)) ** 1.5,
    "SIN({0} / 100)": lambda x: np.sin(x / 100),
    "COS({0} / 100)": lambda x: np.cos(x / 100),
    "TAN(ARCTAN({0}) / 2)": lambda x: np.tan(np.arctan(x) / 2),
    "ARCSIN({0} / (1 + ABS({0})))": lambda x: np.arcsin(x / (1 + np.abs(x))),
    "ARCCOS({0} / (1 + ABS({0})))": lambda x: np.arccos(x / (1 + np.abs(x))),
    "SINH(MIN(ABS({0}), 2))": lambda x: np.sinh(np.minimum(np.abs(x), 2)),
    "COSH(MIN(ABS({0}), 2))": lambda x: np.cosh(np.minimum(np.abs(x), 2)),
    "TANH({0})": np.tanh,
}


def rows(table: dict, args):
    """A row of a table on random arguments."""

    def use(item):
        text, function = item
        return st.tuples(*[args] * (1 + max(k for k in range(3) if f"{{{k}}}" in text))).map(
            lambda given: applied(text, function, *given)
        )

    return st.sampled_from(sorted(table.items())).flatmap(use)


exact = st.recursive(st.sampled_from(LEAVES), lambda inner: rows(EXACT, inner), max_leaves=8)
smooth = st.recursive(exact | rows(JUMPS, exact), lambda inner: rows(SMOOTH, inner), max_leaves=8)


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def pysd_run(path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysd

        return pysd.read_vensim(str(path)).run()


@settings(max_examples=10, deadline=None, derandomize=True, phases=[Phase.generate])
@given(expressions=st.lists(smooth, min_size=12, max_size=12))
def test_random_expressions(tmp_path_factory, expressions):
    folder = tmp_path_factory.mktemp("random")
    equations = " | ".join([HEAD, *(f"x{k}[A] = {text}" for k, (text, _) in enumerate(expressions))])
    path = modelfile.write(folder, equations, end=4)
    program = compile_model(path)
    _, readable = python.run(program.readable)
    ids = tuple(row.id for row in program.rows)
    (kernel,) = simulate(program, Inputs(1), [Saving(ids, np.arange(5), np.ones(5))])
    for id_, values in zip(ids, kernel[:, :, 0], strict=True):
        if not any(f in equations for f in ("ARC", "SINH", "COSH", "TANH")):  # those are the C library's
            np.testing.assert_array_equal(values, readable[id_], err_msg=id_)
        np.testing.assert_allclose(values, readable[id_], rtol=1e-12, atol=1e-12, err_msg=id_)
    table = pysd_run(path)
    elements = enumerate(("a1", "a2", "a3"))
    for (k, (text, wanted)), (number, element) in itertools.product(enumerate(expressions), elements):
        found = readable[f"x{k}[{element}]"]
        np.testing.assert_allclose(found, wanted[:, number], rtol=1e-9, atol=1e-9, err_msg=text)
        np.testing.assert_allclose(found, table[f"x{k}[{element}]"], rtol=1e-9, atol=1e-9, err_msg=f"PySD: {text}")


CORPUS = sorted((Path(__file__).parents[1] / "corpus").glob("*/*.mdl"))
PIECES = [*(bytes([c]) for c in b'()[]!|~{},=-"\x00\xff'), b"\\\n", b":EXCEPT:"]
PIECES += [b"A FUNCTION OF(", b":MACRO:", b"9" * 50, b"->", b"<->", b"((((", b"SUM(", b"VECTOR SELECT("]


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(CORPUS),
    cuts=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(PIECES) | st.binary(max_size=4)), max_size=4
    ),
)
def test_a_broken_file_is_refused_in_words_and_in_time(tmp_path_factory, path, cuts):
    data = path.read_bytes()
    for place, length, piece in cuts:
        at = int(place * len(data))
        data = data[:at] + piece + data[at + length :]
    started = time.process_time()
    broken = tmp_path_factory.mktemp("broken") / "model.mdl"
    broken.write_bytes(data)
    try:
        ordered_model(broken)
    except ModelError as error:
        assert "model.mdl" in str(error)
    assert time.process_time() - started < 20


@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.binary(max_size=400))
def test_random_bytes_are_refused_in_words(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("bytes") / "model.mdl"
    path.write_bytes(data)
    with pytest.raises(ModelError):
        ordered_model(path)


def test_the_formulas_above_are_what_they_say():
    """The judge itself: one value a row, by hand."""
    assert applied("x", quantum, ("", np.full((5, 3), 7.0)), ("", np.full((5, 3), 2.0)))[1][0, 0] == 6
    assert math.isclose(float(np.interp(1.0, XS, YS)), 0.4)
