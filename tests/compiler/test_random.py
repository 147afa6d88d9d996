"""Random functions: the law that each promises, one draw a step and member, the same bits wherever it is computed."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import modelfile
from handmade import program as built_by_hand
from huangpu.compiler import ModelError, compile_model, draws, ordered_model, python
from huangpu.compiler.normal import normal, probit
from huangpu.compiler.plain import Numpy
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate, step_times

INF = math.inf
MEMBERS = 3000

MANY = """
A: p, q | noise = 7 ~ dmnl ~ | sd = 2 |
u[A] = RANDOM UNIFORM(-1, 3, noise) | n = RANDOM NORMAL(-1, 5, 1, sd, 0) | e = RANDOM EXPONENTIAL(0, 9, 1, 2, 12) |
z = RANDOM 0 1() | s = INTEG(n * z - s / 4 + u[q], n) | start = INITIAL(e) |
kept = SAMPLE IF TRUE(z > 0.5, u[p], n) + DELAY FIXED(n, 2, start)
"""


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def every(program, inputs, **more):
    names = tuple(row.id for row in program.rows)
    saving = Saving(names, *points(program, step_times(program)))
    return dict(zip(names, simulate(program, inputs, [saving], **more)[0], strict=True))


def truncated(law, low, high):
    """The law's function between two bounds."""
    a, b = law.cdf(low), law.cdf(high)
    return lambda x: np.clip((law.cdf(x) - a) / (b - a), 0, 1)


def lognorm(mean, sd):
    spread = math.log(1 + (sd / mean) ** 2)
    return stats.lognorm(math.sqrt(spread), scale=mean * math.exp(-spread / 2))


@pytest.mark.parametrize(
    ("function", "law"),
    [
        ("RANDOM 0 1()", stats.uniform().cdf),
        ("RANDOM UNIFORM(-2, 5, 3)", stats.uniform(-2, 7).cdf),
        ("RANDOM NORMAL(-1e9, 1e9, 3, 2, 0)", stats.norm(3, 2).cdf),
        ("RANDOM NORMAL(2, 4, 3, 2, 0)", truncated(stats.norm(3, 2), 2, 4)),
        ("RANDOM NORMAL(6, 9, 0, 1, 0)", lambda x: 1 - stats.norm.sf(x) / stats.norm.sf(6)),
        ("RANDOM NORMAL(-9, -6, 0, 1, 0)", lambda x: stats.norm.cdf(x) / stats.norm.cdf(-6)),
        ("RANDOM EXPONENTIAL(0, 1e9, 1, 2, 0)", stats.expon(1, 2).cdf),
        ("RANDOM EXPONENTIAL(2, 3, 1, 2, 0)", truncated(stats.expon(1, 2), 2, 3)),
        ("RANDOM WEIBULL(0, 1e9, 1.5, 1, 2, 0)", stats.weibull_min(1.5, 1, 2).cdf),
        ("RANDOM WEIBULL(2, 4, 1.5, 1, 2, 0)", truncated(stats.weibull_min(1.5, 1, 2), 2, 4)),
        ("RANDOM TRIANGULAR(-9, 9, 1, 2, 5, 0)", stats.triang(0.25, 1, 4).cdf),
        ("RANDOM TRIANGULAR(1.5, 3, 1, 2, 5, 0)", truncated(stats.triang(0.25, 1, 4), 1.5, 3)),
        ("RANDOM TRIANGULAR(0, 9, 1, 1, 5, 0)", stats.triang(0, 1, 4).cdf),
        ("RANDOM LOGNORMAL(3, 2, 0)", lognorm(3, 2).cdf),
        ("RANDOM PINK NOISE(3, 2, 1, 0)", stats.norm(3, 2).cdf),
        ("RANDOM PINK NOISE(3, 2, 5, 0)", stats.norm(3, 2).cdf),
    ],
)
def test_draws_have_the_law_that_the_function_names(tmp_path, function, law):
    """Kolmogorov and Smirnov's distance at a fixed seed, over members at two steps: a chance of 1e-3 to be refused."""
    program = compile_model(modelfile.write(tmp_path, f"x = {function}", end=8))
    x = every(program, Inputs(MEMBERS, seed=5))["x"]
    for step in (0, 7):
        assert stats.kstest(x[step], law).pvalue > 1e-3
    assert np.all(np.diff(np.sort(x[3])) > 0), "two members drew the same"


def test_draws_of_members_steps_elements_and_functions_know_nothing_of_one_another(tmp_path):
    path = modelfile.write(tmp_path, "A: p, q | u[A] = RANDOM 0 1() | w = RANDOM UNIFORM(0, 1, 0)", end=40)
    got = every(compile_model(path), Inputs(MEMBERS))
    p, q, w = got["u[p]"], got["u[q]"], got["w"]
    pairs = [(p, q), (p, w), (p[1:], p[:-1]), (p[:, 1:], p[:, :-1]), (p[2:], q[:-2])]
    for a, b in pairs:
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4 / math.sqrt(a.size)


def test_pink_noise_forgets_at_the_rate_of_its_time(tmp_path):
    program = compile_model(modelfile.write(tmp_path, "x = RANDOM PINK NOISE(0, 1, 4, 0)", end=8))
    x = every(program, Inputs(MEMBERS))["x"]
    for lag in (1, 2, 4):
        assert np.corrcoef(x[2], x[2 + lag])[0, 1] == pytest.approx(0.75**lag, abs=0.05)


@pytest.mark.parametrize("method", ["euler", "rk4"])
def test_the_kernel_and_the_text_draw_the_same_bits(tmp_path, method):
    program = compile_model(modelfile.write(tmp_path, MANY, dt=0.5), method=method)
    given = {"noise": np.arange(40.0), "sd": np.linspace(0, 3, 40)}
    fast = every(program, Inputs(40, given, first_member=5, seed=2**64 - 3))
    _, plain = python.run(program.readable, method=method, parameters=given, seed=2**64 - 3, member=np.arange(5, 45))
    for id_, values in plain.items():
        np.testing.assert_array_equal(fast[id_], np.broadcast_to(values.T, fast[id_].T.shape).T, err_msg=id_)


@pytest.mark.parametrize("layout", [{"lanes": 4}, {"lanes": 2, "block": 8}, {"lanes": 32}, {"lanes": 8, "block": 16}])
def test_same_bits_for_any_block_width_and_number_of_threads(tmp_path, layout):
    model = ordered_model(modelfile.write(tmp_path, MANY), driven=())
    one = every(_by_hand(model), Inputs(130, seed=3), threads=1)
    other = every(_by_hand(model, **layout), Inputs(130, seed=3), threads=2)
    assert all(np.array_equal(one[id_], other[id_]) for id_ in one)


def _by_hand(model, **layout):
    longest = tuple(v.longest for v in model.model.variables if v.kind == "delayed")
    return replace(built_by_hand(model, **layout), delays=longest)


def test_a_member_has_the_same_draws_in_any_part_of_an_ensemble(tmp_path):
    program = compile_model(modelfile.write(tmp_path, MANY))
    whole = every(program, Inputs(200, seed=1))
    part = every(program, Inputs(30, seed=1, first_member=77))
    assert all(np.array_equal(whole[id_][:, 77:107], part[id_]) for id_ in whole)


def test_a_draw_is_held_for_the_whole_step_whatever_the_method(tmp_path):
    """A stock that gains a draw a step: Runge and Kutta's stages see one number, so both methods add the same."""
    path = modelfile.write(tmp_path, "u = RANDOM 0 1() | s = INTEG(u, 0)")
    got = [every(compile_model(path, method=method), Inputs(4)) for method in ("euler", "rk4")]
    assert np.array_equal(got[0]["u"], got[1]["u"])
    np.testing.assert_allclose(got[1]["s"], got[0]["s"], rtol=1e-14)
    np.testing.assert_allclose(np.diff(got[0]["s"], axis=0), got[0]["u"][:-1], rtol=1e-12)


def test_another_seed_of_the_run_or_of_the_function_is_another_draw(tmp_path):
    program = compile_model(modelfile.write(tmp_path, MANY))
    first, again = (every(program, Inputs(5, seed=1)) for _ in range(2))
    other, changed = every(program, Inputs(5, seed=2)), every(program, Inputs(5, {"noise": 8.0}, seed=1))
    assert np.array_equal(first["n"], again["n"]) and not np.any(first["n"] == other["n"])
    assert np.array_equal(first["n"], changed["n"]) and not np.any(first["u[p]"] == changed["u[p]"])


def test_a_function_more_changes_no_others_draws(tmp_path):
    small = every(compile_model(modelfile.write(tmp_path, "x = RANDOM 0 1()")), Inputs(5))
    more = every(compile_model(modelfile.write(tmp_path, "a = RANDOM 0 1() | x = RANDOM 0 1()")), Inputs(5))
    assert np.array_equal(small["x"], more["x"])


def test_single_precision_draws_the_same_numbers_rounded(tmp_path):
    path = modelfile.write(tmp_path, MANY)
    double, single = (every(compile_model(path, precision=p), Inputs(9)) for p in ("double", "single"))
    np.testing.assert_array_equal(single["z"], double["z"].astype(np.float32))


@pytest.mark.parametrize("seed", ["Time", "noise + Time", "INITIAL(noise)"])
def test_a_seed_that_is_no_constant_is_refused(tmp_path, seed):
    path = modelfile.write(tmp_path, f"noise = 3 | moving = Time | x = RANDOM UNIFORM(0, 1, {seed})")
    with pytest.raises(ModelError, match=r"seed .*constant"):
        compile_model(path)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused(tmp_path, seed):
    with pytest.raises(ValueError, match="whole number from 0 to"):
        every(compile_model(modelfile.write(tmp_path, "x = RANDOM 0 1()")), Inputs(1, seed=seed))


def test_draws_fill_the_open_interval():
    """The smallest and the largest number that 64 bits can give are inside."""
    for bits, value in ((0, 2.0**-53), (2**64 - 1, 1 - 2.0**-53)):
        assert draws._between(np.full(1, bits, dtype=np.uint64), Numpy)[0] == value


def test_the_normal_distribution_against_scipy():
    with np.errstate(all="ignore"):
        x = np.linspace(-8, 8, 20_001)
        np.testing.assert_allclose(normal(x, Numpy), stats.norm.cdf(x), rtol=4e-15)
        far = np.linspace(-37, -8, 2001)
        np.testing.assert_allclose(normal(far, Numpy), stats.norm.cdf(far), rtol=1e-13)
        p = np.concatenate([np.linspace(1e-9, 1 - 1e-9, 20_001), 10.0 ** np.linspace(-300, -5, 1001)])
        np.testing.assert_allclose(probit(p, Numpy), stats.norm.ppf(p), rtol=2e-15, atol=1e-15)
        np.testing.assert_array_equal(
            probit(np.array([0, 1, -1, 2, np.nan]), Numpy), [-INF, INF, np.nan, np.nan, np.nan]
        )
        np.testing.assert_array_equal(normal(np.array([-INF, INF, np.nan]), Numpy), [0, 1, np.nan])
