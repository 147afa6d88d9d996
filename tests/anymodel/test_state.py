"""A run that stops and goes on has the same bits as one that never stopped, whatever carries its past."""

import numpy as np
import pytest

import huangpu
import modelfile
from huangpu.anymodel import RunError

MODEL = """
Growth = 0.1 ~~|
Level = INTEG(Level * Growth - Loss, 100) ~~|
Loss = DELAY3(Level * 0.02, 2) + 0 * Late ~~|
Late = DELAY FIXED(Level, Wait, 3) ~~|
Later = DELAY FIXED(Late * 2, 2.5, -1) ~~|
Wait = 3 ~~|
Held = SAMPLE IF TRUE(MODULO(Time, 3) = 0, Level, 1) ~~|
Trend = TREND(Level, 4, 0.05) ~~|
First = INITIAL(Level / 3) ~~|
Twice = First * Growth ~~|
Noise = RANDOM UNIFORM(0, 1, 7) + RANDOM NORMAL(-1, 1, 0, 1, 3) ~~|
Walk = INTEG(Noise, 0) ~~|
"""


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def same(whole, part):
    later = whole.sel(time=part.time)
    names = [name for name in part if name != "final_time"]  # which is another, where the part ends earlier
    return [name for name in names if not np.array_equal(later[name].values, part[name].values, equal_nan=True)]


@pytest.mark.parametrize("method", ["euler", "rk4"])
@pytest.mark.parametrize("stops", [(5,), (1,), (0,), (10,), (2, 4), (1, 2, 3, 7)], ids=str)
def test_a_run_goes_on_with_the_same_bits(tmp_path, method, stops):
    model = huangpu.compile_model(modelfile.write(tmp_path, MODEL, dt=0.5), method=method)
    given = {"params": {"growth": [0.1, 0.05, 0.2], "wait": [3, 1, 20]}, "seed": 5}
    whole, state = model.run(**given), None
    for number, stop in enumerate((*stops, None)):
        path = tmp_path / f"{number}.nc"
        part = model.run(**given, final_time=stop, from_state=state, final_state=path)
        assert same(whole, part) == []
        state = path
    assert part.time.values[-1] == 10


def test_steps_of_changing_length_go_on_too(tmp_path):
    path = tmp_path / "model.mdl"
    control = "INITIAL TIME = 0.1 ~~| FINAL TIME = 9 ~~| TIME STEP = IF THEN ELSE(Time < 3, 0.1, 0.3) ~~|"
    path.write_text("{UTF-8}\nx = INTEG(x * 0.1, 1) ~~|" + control + "SAVEPER = 0.1 ~~|\n" + modelfile.SKETCH)
    model = huangpu.compile_model(path)
    whole = model.run()
    for stop in (2, 3.1, 5):
        model.run(final_time=stop, final_state=tmp_path / "state.nc")
        part = model.run(from_state=tmp_path / "state.nc")
        assert np.isin(part.time.values, whole.time.values).all() and same(whole, part) == []


def test_other_constants_count_from_there_on_and_one_member_becomes_many(tmp_path):
    model = huangpu.compile_model(modelfile.write(tmp_path, MODEL))
    model.run(final_time=4, final_state=tmp_path / "state.nc")
    found = model.run({"growth": [0.1, 0.3]}, from_state=tmp_path / "state.nc", initial={"walk": 7})
    assert found["level"].values[0, 0] == found["level"].values[0, 1]
    assert found["level"].values[-1, 1] > found["level"].values[-1, 0]
    assert found["twice"].values[0, 1] == pytest.approx(3 * found["twice"].values[0, 0])
    assert (found["walk"].values[0] == 7).all()


def test_a_state_of_another_model_or_none_at_all_is_refused(tmp_path):
    model = huangpu.compile_model(modelfile.write(tmp_path, MODEL))
    other = huangpu.compile_model(modelfile.write(tmp_path, "x = INTEG(1, 0)", name="other.mdl"))
    other.run(final_state=tmp_path / "state.nc")
    wrong = {"state.nc": "another model", "none.nc": "cannot be read", "model.mdl": "cannot be read"}
    for path, message in wrong.items():
        with pytest.raises(RunError, match=message):
            model.run(from_state=tmp_path / path)
    with pytest.raises(RunError, match="before the start"):
        other.run(from_state=tmp_path / "state.nc", final_time=3)
    other.run(members=3, final_state=tmp_path / "state.nc")
    with pytest.raises(RunError, match="3 members"):
        other.run(members=2, from_state=tmp_path / "state.nc")
