"""The steps of a run where control variables are expressions, and what is saved where SAVEPER fits the steps badly."""

import numpy as np
import pytest

import huangpu
import modelfile
from huangpu.anymodel import RunError
from huangpu.ir import ModelError

CONTROL = "INITIAL TIME = {start} ~~| FINAL TIME = {end} ~~| TIME STEP = {step} ~~| SAVEPER = {saveper} ~~|\n"


def compiled(folder, equations="", *, start="0", end="10", step="1", saveper="TIME STEP"):
    path = folder / "model.mdl"
    control = CONTROL.format(start=start, end=end, step=step, saveper=saveper)
    path.write_text("{UTF-8}\nx = INTEG(1, 0) ~~|\n" + equations + control + modelfile.SKETCH, encoding="utf-8")
    return huangpu.compile_model(path)


def times(folder, *more, **given):
    return list(compiled(folder, *more, **given).run().time.values)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"saveper": "3"}, [0, 3, 6, 9]),
        ({"saveper": "2.5"}, [0, 5, 10]),
        ({"saveper": "0.5"}, list(range(11))),
        ({"end": "1", "step": "0.125", "saveper": "0.5"}, [0, 0.5, 1]),
        ({"end": "Long"}, [0, 1, 2, 3, 4]),
        ({"end": "MAX(Long, 2)"}, [0, 1, 2, 3, 4]),
        ({"start": "Long - 1"}, list(range(3, 11))),
        ({"step": "IF THEN ELSE(Time < 2, 0.5, 4)", "saveper": "0.5"}, [0, 0.5, 1, 1.5, 2, 6, 10]),
        ({"end": "IF THEN ELSE(x < 3, 20, 5)"}, [0, 1, 2, 3, 4, 5]),  # of a stock
        ({"saveper": "IF THEN ELSE(Time < 3, 1, 5)"}, [0, 1, 2, 5, 10]),
    ],
)
def test_the_steps_and_what_is_saved_of_them(tmp_path, given, expected):
    assert times(tmp_path, "Long = 4 ~~|\n", **given) == pytest.approx(expected)


def test_stocks_move_by_the_steps_as_they_are(tmp_path):
    found = compiled(tmp_path, step="IF THEN ELSE(Time < 2, 0.5, 4)", saveper="0.5").run()
    np.testing.assert_allclose(found["x"].values[:, 0], found.time.values)
    assert list(found["time_step"].values[:, 0]) == [0.5, 0.5, 0.5, 0.5, 4, 4, 4]


def test_a_constant_behind_the_times_may_be_given_to_all_members_but_not_to_each(tmp_path):
    for end in ("Long", "MAX(Long, 2)"):
        model = compiled(tmp_path, "Long = 4 ~~|\n", end=end)
        assert model.run({"long": 6}).sizes["time"] == 7
        with pytest.raises((RunError, ModelError), match=r"one number for all members|differs between members"):
            model.run({"long": [4, 6]})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"step": "IF THEN ELSE(Time < 2, 1, 0)"}, "TIME STEP becomes 0"),
        ({"step": "IF THEN ELSE(Time < 2, 0, 1)"}, "above 0"),
        ({"end": "Time + 1"}, "more than 200,000 steps"),
        ({"end": "x / 0"}, "FINAL TIME"),
        ({"end": "1e12"}, "1e.12 steps"),
        ({"saveper": "IF THEN ELSE(Time < 2, 1, -1)"}, "SAVEPER becomes -1"),
        ({"end": "Longer"}, "no longer|there is no"),
    ],
)
def test_times_that_make_no_sense_are_refused(tmp_path, given, message):
    with pytest.raises((RunError, ModelError), match=message):
        times(tmp_path, **given)
