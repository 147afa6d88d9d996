"""Noise in the kernel: its draws are those of plain numpy to the bit, whatever the layout, and have their law."""

import numpy as np
import pytest
from scipy import stats

from handmade import auxiliary, call, constant, economy, ordered, program
from huangpu.compiler.noise import normals, threefry
from huangpu.runtime.drivers import Noise, Schedule, stream
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate, step_times
from huangpu.runtime.reduce import LEAF, reduce, slices
from huangpu.runtime.reducers import saved, scores

SEED = 2**63 + 12345
MEMBERS, STEPS = 203, 40


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def two_levers(times=(2000.0, 2010.0, 0.25), **more):
    """A model that passes two driven constants on, and adds them."""
    model = ordered(
        constant("demand", 3.0),
        constant("price", 5.0),
        auxiliary("both", call("add", "demand", "price")),
        driven=("demand", "price"),
        times=times,
    )
    return program(model, **more)


def levers(built, inputs, **more):
    saving = Saving(("demand", "price"), *points(built, step_times(built)))
    return simulate(built, inputs, [saving], **more)[0]


def written_out(kind, sd, seed, id, members, steps, step=0.25, tau=None, around=3.0):
    """(step, member): the driven constant in plain numpy, with the operations of the kernel in their order."""
    draws = normals(seed, stream(id), members, np.arange(steps + 1))
    part = None if tau is None else step / tau
    keep, start, push = {
        "white": lambda: (0.0, sd, sd),
        "pink": lambda: (1.0 - part, sd, sd * np.sqrt(part * (2.0 - part))),
        "walk": lambda: (1.0, 0.0, sd * np.sqrt(step)),
    }[kind]()
    states = [start * draws[0]]
    for draw in draws[1:]:
        states.append(keep * states[-1] + push * draw)
    return around + np.array(states)


# counter, key -> words: the published known answers of Random123 (Salmon and others, 2011)
ONES = 2**64 - 1
KNOWN = [
    ((0, 0), (0, 0), (0xC2B6E3A8C2C69865, 0x6F81ED42F350084D)),
    ((ONES, ONES), (ONES, ONES), (0xE02CB7C4D95D277A, 0xD06633D0893B8B68)),
    (
        (0x243F6A8885A308D3, 0x13198A2E03707344),
        (0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x263C7D30BB0F0AF1, 0x56BE8361D3311526),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_the_generator_gives_the_published_answers(counter, key, words):
    as_words = [[np.array([word], dtype=np.uint64) for word in part] for part in (counter, key)]
    assert tuple(int(word[0]) for word in threefry(*as_words)) == words


CASES = {
    "white": Noise("white", 0.5, SEED),
    "pink": Noise("pink", 0.5, SEED, tau=1.5),
    "walk": Noise("walk", 0.5, SEED),
}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("layout", [{}, {"lanes": 2, "block": 8}, {"lanes": 32, "block": 64}])
def test_the_kernel_draws_what_numpy_draws(kind, layout):
    built = two_levers(**layout)
    noise = CASES[kind]
    out = levers(built, Inputs(MEMBERS, driven={"demand": noise}))
    want = written_out(kind, noise.sd, SEED, "demand", np.arange(MEMBERS), STEPS, tau=noise.tau)
    assert np.array_equal(out[0], want) and np.all(out[1] == 5.0)


@pytest.mark.parametrize("seed", [0, 1, 2**63, ONES])
def test_also_with_seeds_and_members_at_their_ends(seed):
    inputs = Inputs(9, driven={"price": Noise("white", 1.0, seed)}, first_member=2**40 - 4)
    want = written_out("white", 1.0, seed, "price", 2**40 - 4 + np.arange(9), STEPS, around=5.0)
    assert np.array_equal(levers(two_levers(), inputs)[1], want)


def test_around_what_the_constant_would_be_without_it():
    built, rng = two_levers(), np.random.default_rng(3)
    schedule = Schedule(rng.random((2, STEPS + 1)), rng.random((2, MEMBERS)))
    series, value = rng.random((STEPS + 1, MEMBERS)), rng.random(MEMBERS)
    nothing = Schedule(np.empty((0, STEPS + 1)), np.empty((0, MEMBERS)))
    for around, parameters in ((schedule, {}), (series, {}), (None, {"demand": value}), (None, {}), (nothing, {})):
        given = {} if around is None else {"demand": around}
        plain = levers(built, Inputs(MEMBERS, parameters, given))[0]
        noisy = levers(built, Inputs(MEMBERS, parameters, {"demand": Noise("white", 0.5, SEED, around=around)}))[0]
        draws = 0.5 * normals(SEED, stream("demand"), np.arange(MEMBERS), np.arange(STEPS + 1))
        assert np.array_equal(noisy, plain + draws)


def test_sd_and_correlation_time_may_differ_from_member_to_member():
    sd, tau = np.linspace(0.0, 2.0, MEMBERS), np.linspace(0.25, 5.0, MEMBERS)
    out = levers(two_levers(), Inputs(MEMBERS, driven={"demand": Noise("pink", sd, 7, tau=tau)}))[0]
    assert np.array_equal(out, written_out("pink", sd, 7, "demand", np.arange(MEMBERS), STEPS, tau=tau))
    assert np.all(out[:, 0] == 3.0)


def noisy(first=0, size=MEMBERS):
    sd = np.linspace(0.1, 0.3, MEMBERS)[first : first + size]
    share = np.linspace(0.1, 0.4, MEMBERS)[first : first + size]
    return Inputs(
        size, {"share": share}, {"lever": Noise("pink", sd, SEED, tau=2.0, around=np.ones((41, size)))}, {}, first
    )


def capital(inputs, threads=None, **more):
    built = program(economy(), **more)
    return simulate(built, inputs, [Saving(("capital",), *points(built, step_times(built)))], threads=threads)[0]


@pytest.fixture(scope="module")
def reference():
    return capital(noisy(), threads=1)


@pytest.mark.parametrize("more", [{"threads": 3}, {"lanes": 4}, {"lanes": 2, "block": 8}, {"lanes": 32, "block": 64}])
def test_same_bits_for_any_layout(more, reference):
    assert np.array_equal(capital(noisy(), **more), reference)


@pytest.mark.parametrize(("first", "size"), [(0, 1), (17, 1), (64, 64), (63, 2), (202, 1)])
def test_a_member_has_the_same_luck_alone_and_among_others(first, size, reference):
    assert np.array_equal(capital(noisy(first, size)), reference[..., first : first + size])


def test_a_shorter_run_is_the_beginning_of_the_longer():
    long = levers(two_levers(), Inputs(5, driven={"price": CASES["pink"]}))
    short = levers(two_levers((2000.0, 2003.25, 0.25)), Inputs(5, driven={"price": CASES["pink"]}))
    assert np.array_equal(short, long[:, :14])


def test_leaves_of_a_large_run_keep_their_members_numbers():
    built, size = two_levers(), 2 * LEAF + 5
    inputs = Inputs(size, driven={"price": Noise("pink", np.linspace(1, 2, size), 4, tau=1.0)}, first_member=7)
    saving = Saving(("both",), *points(built, [2009.0]))
    (whole,) = simulate(built, inputs, [saving])
    (found,) = reduce(built, size, slices(inputs), [saving], [scores(lambda arrays, first: saved()(arrays)[0, 0])])
    assert np.array_equal(found, whole[0, 0])


def test_draws_of_members_steps_streams_and_seeds_are_normal_and_know_nothing_of_one_another():
    """Moments within 5 standard errors, Kolmogorov-Smirnov p above 0.001; seeds are fixed, so this is no lottery."""
    members, steps = 2000, 50
    draws = normals(1, stream("demand"), np.arange(members), np.arange(steps))
    z, n = draws.ravel(), draws.size
    assert abs(z.mean()) < 5 / np.sqrt(n) and abs(z.var() - 1) < 5 * np.sqrt(2 / n)
    assert abs(stats.skew(z)) < 5 * np.sqrt(6 / n) and abs(stats.kurtosis(z)) < 5 * np.sqrt(24 / n)
    assert stats.kstest(z, "norm").pvalue > 0.001
    assert stats.kstest((draws**2).sum(axis=0), "chi2", (steps,)).pvalue > 0.001
    pairs = {
        "steps": (draws[1:], draws[:-1]),
        "members": (draws[:, 1:], draws[:, :-1]),
        "streams": (draws, normals(1, stream("price"), np.arange(members), np.arange(steps))),
        "seeds": (draws, normals(2, stream("demand"), np.arange(members), np.arange(steps))),
    }
    for name, (one, other) in pairs.items():
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 5 / np.sqrt(one.size), name
    even, odd = draws[0::2], draws[1::2]  # of one counter: independent means also their squares
    assert abs(np.corrcoef((even**2).ravel(), (odd**2).ravel())[0, 1]) < 5 / np.sqrt(even.size)


@pytest.mark.parametrize("step", [0.25, 0.125])
def test_pink_noise_and_walks_have_the_law_that_is_stated(step):
    """5,000 members, so a variance is right to 2 % and a correlation to 0.014: limits are at 4 standard errors."""
    size, tau = 5000, 2.0
    built = two_levers((2000.0, 2010.0, step))
    noises = {"demand": Noise("pink", 0.7, 3, tau=tau), "price": Noise("walk", 0.4, 3)}
    pink, walk = levers(built, Inputs(size, driven=noises))
    assert np.all(np.abs(pink.std(axis=1) / 0.7 - 1) < 0.04)
    for lag in (1, 4, 8):
        got = np.corrcoef(pink[7], pink[7 + lag])[0, 1]
        assert abs(got - (1 - step / tau) ** lag) < 0.057
    assert np.all(walk[0] == 5.0)
    years = step * np.arange(1, len(walk))
    assert np.all(np.abs(walk[1:].std(axis=1) / (0.4 * np.sqrt(years)) - 1) < 0.04)


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        (Noise("blue", 1.0, 1), "kind 'blue', not one of white, pink, walk"),
        (Noise("white", -1.0, 1), "below 0"),
        (Noise("white", 1.0, -1), "seed is -1"),
        (Noise("white", 1.0, 2**64), "seed is"),
        (Noise("pink", 1.0, 1), "pink noise, and no other, has a correlation time"),
        (Noise("white", 1.0, 1, tau=1.0), "pink noise, and no other"),
        (Noise("pink", 1.0, 1, tau=0.1), "is 0.1, shorter than the step of 0.25"),
        (Noise("white", np.ones(3), 1), r"sd has shape \(3,\), not \(\) or \(2,\)"),
        (Noise("white", 1.0, 1, around=np.ones((3, 2))), r"series have shape \(3, 2\), not \(41, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused(noise, message):
    with pytest.raises(ValueError, match=message):
        levers(two_levers(), Inputs(2, driven={"demand": noise}))
