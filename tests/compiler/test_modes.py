"""Series of data between their points: by a plain rule, by the readable text and by the kernel."""

import math

import numpy as np
import pytest

from handmade import auxiliary, constant, ordered, program
from huangpu.compiler import python
from huangpu.compiler.modes import MODES
from huangpu.ir import Interpolate, Name, Table
from huangpu.runtime.ensemble import Inputs, Saving, simulate

XS = (0.0, 1.0, 2.5, 4.0)
YS = (10.0, -3.0, 7.0, 0.5)
AT = np.array([-5.0, 0.0, 0.4, 1.0, np.nextafter(1.0, 2), 1.0 + 1e-7, 2.0, 2.5, 3.9, 4.0, 9.0, np.inf, -np.inf, np.nan])


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def by_rule(mode: str, x: float, xs, ys) -> float:
    points = list(zip(xs, ys, strict=True))
    if math.isnan(x):
        return math.nan
    match mode:
        case "look_forward":
            return next((y for knot, y in points if knot >= x), ys[-1])
        case "hold_backward":
            return next((y for knot, y in reversed(points) if knot <= x), ys[0])
    return next((y for knot, y in reversed(points) if abs(x - knot) <= 1e-6), math.nan)


def both(mode: str, xs, ys, at, **layout):
    """The value at each x: by the text, and by the kernel, a member each."""
    table = Table("f", "f", tuple(xs), tuple(ys), mode=mode)
    model = ordered(
        constant("x", 0.0), auxiliary("y", Interpolate("f", Name("x"))), tables=(table,), times=(0.0, 0.0, 1.0)
    )
    _, text = python.run(python.emit(model), parameters={"x": at})
    built = program(model, **layout)
    saving = Saving(("y",), np.arange(1), np.ones(1))
    (kernel,) = simulate(built, Inputs(len(at), {"x": at}), [saving])
    return text["y"][0], kernel[0, 0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("lanes", [2, 16])
def test_between_at_and_beyond_the_points(mode, lanes):
    wanted = [by_rule(mode, x, XS, YS) for x in AT]
    for got in both(mode, XS, YS, AT, lanes=lanes):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("mode", MODES)
def test_one_point_and_many(mode):
    rng = np.random.default_rng(1)
    for count in (1, 2, 300):
        xs = np.cumsum(rng.uniform(0.1, 2.0, count))
        ys = rng.normal(size=count)
        at = np.concatenate([xs, rng.uniform(-1, xs[-1] + 1, 50)])
        wanted = [by_rule(mode, x, xs, ys) for x in at]
        for got in both(mode, xs, ys, at):
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("mode", MODES)
def test_single_precision_reads_the_same_points(mode):
    at = np.array([0.0, 1.0, 2.5, 2.25, 4.0, 5.0])
    wanted = [by_rule(mode, x, XS, YS) for x in at]
    np.testing.assert_array_equal(both(mode, XS, YS, at, precision="single")[1], wanted)
