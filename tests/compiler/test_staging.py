"""What stays what it is at the start is computed once: whole variables, and parts of equations that call a function."""

import re

import numpy as np
import pytest

import modelfile
from huangpu.compiler import compile_model, ordered_model, python
from huangpu.compiler.folding import folded
from huangpu.compiler.functions import OPS, call
from huangpu.compiler.staging import staged
from huangpu.ir import Call, Number
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate, step_times

MODEL = """
half = 4 ~ year ~ | lever = 1 | size = half * 3 + 1 | fixed == 2.5 | root = SQRT(size) + fixed |
x = INTEG(-x * LN(2) / half + EXP(-root / half) * lever, 5) | y = x * EXP(lever) + SIN(Time) * EXP(-root / half) |
z = MAX(x, 1 / half) * SQRT(16)
"""


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def test_variables_of_parameters_alone_are_not_computed_in_the_steps(tmp_path):
    path = modelfile.write(tmp_path, MODEL)
    assert ordered_model(path, driven=()).step == ("y", "z")
    assert set(ordered_model(path, driven=["half"]).step) == {"size", "root", "y", "z"}


def test_parts_of_parameters_alone_are_computed_once_and_shared(tmp_path):
    """EXP(-root / half) is one part in two equations; LN(2) and SQRT(16) are numbers; what is driven is no part."""
    model, apart = staged(ordered_model(modelfile.write(tmp_path, MODEL), driven=["lever"]))
    assert len(apart) == 1 and [v.id for v in model.model.variables[-1:]] == list(apart)
    y, z = (next(v.equation for v in model.model.variables if v.id == id_) for id_ in "yz")
    assert repr(Number(4.0)) in repr(z) and "'exp'" in repr(y) and repr(y).count("(part 0)") == 1
    assert "'div'" in repr(z), "a quotient alone is not worth a row"


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_the_kernel_still_has_the_bits_of_the_readable_text(tmp_path, method):
    program = compile_model(modelfile.write(tmp_path, MODEL), method=method)
    given = {"half": np.linspace(0.5, 9, 20), "lever": np.linspace(-1, 1, 20)}
    names = tuple(row.id for row in program.rows)
    (out,) = simulate(program, Inputs(20, given), [Saving(names, *points(program, step_times(program)))])
    _, text = python.run(program.readable, method=method, parameters=given)
    for id_, values in zip(names, out, strict=True):
        np.testing.assert_array_equal(values, np.broadcast_to(text[id_].T, values.T.shape).T, err_msg=id_)
    steps = re.findall(r"define internal void @(?:step|stage\d|advance)\.\d+.*?\n}", program.kernel, re.DOTALL)
    assert steps and not any("@maths.ln" in part for part in steps)


@pytest.mark.parametrize("op", sorted(OPS))
def test_a_number_is_what_the_operator_gives(op):
    """Folded by the readable form's own function, for odd numbers too."""
    for value in (-2.5, 0.0, 0.3, 7.0, np.inf, np.nan):
        args = tuple(Number(v) for v in (value, 2.0, 0.5)[: OPS[op].arity])
        assert isinstance(folded(Call(op, args)), Number)


def test_folding_stops_at_what_is_not_a_number():
    time = call("add", call("mul", Number(2.0), Number(3.0)), Call("exp", (call("neg", Call("exp", (Number(0.0),))),)))
    assert folded(time) == Number(6.0 + np.exp(-1.0))
