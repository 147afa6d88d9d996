"""A program compiled for a few outputs computes these, to the bit as before, and nothing that they do not need."""

import numpy as np
import pytest

import modelfile
from huangpu.compiler import ModelError, compile_model, python
from huangpu.files import shipped
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate, step_times

MODEL = """
A: p, q | k = 3 ~ dmnl ~ | unused = 5 | rate[A] = 0.1, 0.2 | f((0,0),(9,3)) |
x[A] = INTEG(-rate[A] * x[A], 2) | y = INTEG(k * x[p] - y, x[q]) | total = SUM(x[A!]) + y |
z = SMOOTH3(total, 4) | late = DELAY FIXED(total, k, 1) | drawn = RANDOM UNIFORM(0, k, 0) |
held = SAMPLE IF TRUE(drawn > 1, f(late), x[p]) | start = INITIAL(x[p] * k)
"""


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def saved(program, names, **more):
    saving = Saving(names, *points(program, step_times(program)))
    return simulate(program, Inputs(3, **more), [saving])[0]


def computed(program):
    return {row.id for row in program.rows if row.kind != "constant"}


@pytest.mark.parametrize(
    ("outputs", "wanted", "rows"),
    [
        (["x[p]"], ("x[p]",), {"x[p]"}),
        (["x"], ("x[p]", "x[q]"), {"x[p]", "x[q]"}),
        (["y"], ("y",), {"x[p]", "x[q]", "y"}),  # x[q] at the start alone
        (["start"], ("start",), {"x[p]", "start"}),
        (["late"], ("late",), {"x[p]", "x[q]", "y", "total", "late_delay_steps", "late_delay", "late"}),
        (["drawn"], ("drawn",), {"drawn_draw", "drawn"}),
        (["k"], ("k",), set()),
    ],
)
def test_only_what_the_outputs_need_is_computed(tmp_path, outputs, wanted, rows):
    path = modelfile.write(tmp_path, MODEL)
    whole, part = compile_model(path), compile_model(path, outputs=outputs)
    assert computed(part) == rows and part.outputs == tuple(outputs)
    assert len(part.kernel) < len(whole.kernel)
    np.testing.assert_array_equal(saved(part, wanted), saved(whole, wanted))
    np.testing.assert_array_equal(saved(part, wanted)[:, :, 0], [python.run(part.readable)[1][id_] for id_ in wanted])


@pytest.mark.parametrize("outputs", [["held"], ["z", "held"], ["z", "start", "held", "total"]])
def test_everything_that_is_kept_keeps_its_bits(tmp_path, outputs):
    path = modelfile.write(tmp_path, MODEL)
    whole, part = compile_model(path), compile_model(path, outputs=outputs)
    names = tuple(row.id for row in part.rows)
    np.testing.assert_array_equal(saved(part, names, seed=4), saved(whole, names, seed=4))


def test_constants_stay_so_that_members_need_not_be_cut(tmp_path):
    part = compile_model(modelfile.write(tmp_path, MODEL), outputs=["x"])
    assert saved(part, ("x[p]",), parameters={"unused": np.arange(3.0)}).shape == (1, 11, 3)


def test_what_was_left_out_cannot_be_saved(tmp_path):
    part = compile_model(modelfile.write(tmp_path, MODEL), outputs=["x"])
    with pytest.raises(ValueError, match="no variable 'total'; it was compiled for other outputs alone"):
        saved(part, ("total",))


def test_outputs_that_the_model_does_not_have_are_all_named(tmp_path):
    with pytest.raises(ModelError, match=r"there is no totals to compute\. Did you mean total") as caught:
        compile_model(modelfile.write(tmp_path, MODEL), outputs=["totals", "x[r]", "y"])
    assert "there is no x[r]" in str(caught.value)


def test_a_problem_anywhere_in_the_file_is_still_found(tmp_path):
    path = modelfile.write(tmp_path, "x = 1 + Time | a = b | b = a")
    with pytest.raises(ModelError, match="circle"):
        compile_model(path, outputs=["x"])


def test_a_part_of_our_own_model_is_smaller_and_the_same():
    path = shipped("models/shanghai_industry.mdl")
    whole = compile_model(path)
    stock = next(row.base for row in whole.rows if row.kind == "stock" and not row.hidden)
    part = compile_model(path, outputs=[stock])
    names = tuple(row.id for row in part.rows if row.base == stock)
    grid = step_times(whole)[::40]
    one, other = (simulate(p, Inputs(3), [Saving(names, *points(p, grid))])[0] for p in (part, whole))
    np.testing.assert_array_equal(one, other)
    assert len(computed(part)) < len(computed(whole))
