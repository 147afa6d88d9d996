"""A run that goes on from a saved state has the bits of one that never stopped: memories, random numbers, delays."""

import numpy as np
import pytest

import modelfile
from huangpu import compile_model

MODEL = """
u = RANDOM UNIFORM(0, 2, 3) | noise = RANDOM PINK NOISE(1, 0.2, 4, 0) | held = SAMPLE IF TRUE(u > 1, x, -1) |
x = INTEG(u - x / 5 + noise, 2) | late = DELAY N(x, 3 + SIN(Time), x, 3) | first = INITIAL(u) |
sum = late * first + held
"""


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_the_second_half_of_a_run_is_the_same_after_a_stop(tmp_path, method):
    model = compile_model(modelfile.write(tmp_path, MODEL, dt=0.5), method=method)
    whole = model.run(final_time=12, members=5, seed=7)
    model.run(final_time=5, members=5, seed=7, final_state=tmp_path / "state.nc")
    rest = model.run(final_time=12, members=5, seed=7, from_state=tmp_path / "state.nc")
    for name in ("u", "noise", "held", "x", "late", "first", "sum"):
        np.testing.assert_array_equal(rest[name].values, whole[name].sel(time=rest.time).values, err_msg=name)
    assert rest.time.values[0] == 5
