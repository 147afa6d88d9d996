"""Constants driven through time: schedules, series and noise, and how the kernel reads them.

Noise is drawn in the kernel, by a counter (see `compiler/noise.py`): a draw depends on the seed, on the driven
constant's id, on the member's number and on the number of the step, and on nothing else. So member k has the same draws
in any ensemble, a lever that is added to the model changes no other's draws, and two scenarios with one seed meet the
same luck.

A draw belongs to a step, not to a moment. With the step halved every draw is another, what `sd` means stays: the
standard deviation of the value in a step. Pink noise and a walk then keep their law (pink noise its correlation time to
order step / tau), so that results over many members agree. White noise does not: a value lasts a step, so its sum over
a year has half the variance at half the step. What must not depend on the step should be pink.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from huangpu.program import Program
from huangpu.runtime.arrays import address, check_shape, doubles, find

NOISE_ROWS = 5  # of the kernel's workspace, for each noise
_ONE, _ZERO = np.ones(1), np.zeros(1)


@dataclass(frozen=True)
class Schedule:
    """A driven constant through time: value[step, member] = sum over k of profiles[k, step] * weights[k, member].

    profiles (K, n_steps + 1), weights (K, members); summed in the order of k, nothing gives 0.
    """

    profiles: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Noise:
    """A driven constant with random deviations, in its own unit, around what it would be without them.

    kind    "white"  a new normal draw each step, standard deviation sd
            "pink"   draws smoothed with correlation time tau, at least a step: standard deviation sd from the start on
                     (Sterman, Business Dynamics, 2000, appendix B: the smoothing is one Euler step of a first-order
                     delay, the correlation of neighbouring steps is 1 - step / tau)
            "walk"   sums of draws from 0 on, standard deviation sd * sqrt(years since the start)
    sd      a number or one a member (size,), at least 0
    seed    0 ... 2^64 - 1
    tau     years, for pink noise only, a number or one a member (size,)
    around  `Schedule` or (n_steps + 1, size); None: the constant's parameter value
    """

    kind: str
    sd: float | np.ndarray
    seed: int
    tau: float | np.ndarray | None = None
    around: Schedule | np.ndarray | None = None


Driver = Schedule | Noise | np.ndarray


def straight(times: np.ndarray, corners: np.ndarray, values: np.ndarray) -> Schedule:
    """A path for every member: 0 at the first of `times`, straight lines through `values` (K, members) at the `corners`
    (K,), rising and after that first time; held after the last. Corners that no time feels are left out."""
    at = np.concatenate([times[:1], corners])
    profiles = np.array([np.interp(times, at, unit) for unit in np.eye(len(at))[1:]]).reshape(len(corners), len(times))
    felt = profiles.any(axis=1)
    return Schedule(profiles[felt], values[felt])


def added(first: Schedule, second: Schedule) -> Schedule:
    """The sum of two."""
    return Schedule(np.concatenate([first.profiles, second.profiles]), np.concatenate([first.weights, second.weights]))


@dataclass(frozen=True)
class Prepared:
    """Drivers as `driver.ll` reads them: offsets (driven + 1,), terms (terms, 5), noises (noises, 9), all int64.

    `kept` are the arrays that these point to.
    """

    offsets: np.ndarray
    terms: np.ndarray
    noises: np.ndarray
    kept: list[np.ndarray]


def prepared(
    program: Program, given: Mapping[str, Driver], parameters: Mapping[str, tuple[int, int]], steps: int, members: int
) -> Prepared:
    """`parameters`: id of each driven constant, in the kernel's order -> address and stride of its parameter values."""
    for id in given:
        find(id, parameters, "driven constant", program)
    terms, offsets, noises, kept = [], [0], [], []
    for number, (id, parameter) in enumerate(parameters.items()):
        driver = given.get(id)
        if isinstance(driver, Noise):
            words, used = _noise(id, driver, program.time_step, members)
            noises.append((number, *words))
            kept += used
            more, used = _terms(id, driver.around, parameter, steps, members)
            more, used = _moving(more, used, steps)
        else:
            more, used = _terms(id, driver, parameter, steps, members)
        terms += more
        kept += used
        offsets.append(len(terms))
    return Prepared(_words(offsets, 1), _words(terms, 5), _words(noises, 9), kept)


def _terms(id, driver, parameter, steps, members) -> tuple[list[tuple[int, ...]], list[np.ndarray]]:
    """Profile and its stride by step, weight and its strides by step and by member; the arrays they are in."""
    match driver:
        case None:
            start, stride = parameter
            return [(address(_ONE), 0, start, 0, stride)], []
        case Schedule():
            profiles, weights = doubles(driver.profiles), doubles(driver.weights)
            check_shape(id, "profiles", profiles, (len(profiles), steps + 1))
            check_shape(id, "weights", weights, (len(profiles), members))
            terms = [
                (address(profiles) + 8 * k * (steps + 1), 1, address(weights) + 8 * k * members, 0, 1)
                for k in range(len(profiles))
            ]
            return terms or [(address(_ZERO), 0, address(_ZERO), 0, 0)], [profiles, weights]
    series = doubles(driver)
    check_shape(id, "series", series, (steps + 1, members))
    return [(address(_ONE), 0, address(series), members, 1)], [series]


def _moving(terms, used, steps) -> tuple[list[tuple[int, ...]], list[np.ndarray]]:
    """The same terms, the first read anew at each step even if it stands still, for noise is added where it is put."""
    (profile, by_step, *weight), *others = terms
    if by_step:
        return terms, used
    held = np.ones(steps + 1) if profile == address(_ONE) else np.zeros(steps + 1)
    return [(address(held), 1, *weight), *others], [*used, held]


# -- noise ------------------------------------------------------------------------------------------------------------


def _white(sd, step, tau):
    return np.zeros_like(sd), sd, sd


def _pink(sd, step, tau):
    part = step / tau
    return 1.0 - part, sd, sd * np.sqrt(part * (2.0 - part))


def _walk(sd, step, tau):
    return np.ones_like(sd), np.zeros_like(sd), sd * np.sqrt(step)


# kind -> (keep, start, push): the deviation is start * draw at first, then keep * deviation + push * draw
KINDS: dict[str, Callable] = {"white": _white, "pink": _pink, "walk": _walk}


def _noise(id: str, noise: Noise, step: float, members: int) -> tuple[list[int], list[np.ndarray]]:
    """Seed and stream, then the address and the stride by member of keep, start and push; the arrays they are in."""
    if noise.kind not in KINDS:
        raise ValueError(f"'{id}': noise is of kind '{noise.kind}', not one of {', '.join(KINDS)}")
    if not 0 <= noise.seed < 2**64:
        raise ValueError(f"'{id}': the noise's seed is {noise.seed}, not a whole number from 0 to 2^64 - 1")
    if (noise.kind == "pink") != (noise.tau is not None):
        raise ValueError(f"'{id}': pink noise, and no other, has a correlation time tau")
    sd, tau = (_by_member(id, what, value, members) for what, value in (("sd", noise.sd), ("tau", noise.tau)))
    if np.any(sd < 0):
        raise ValueError(f"'{id}': the noise's standard deviation is {np.min(sd):g}, below 0")
    if np.any(tau < step):
        raise ValueError(f"'{id}': the noise's correlation time is {np.min(tau):g}, shorter than the step of {step:g}")
    used = [doubles(part) for part in KINDS[noise.kind](sd, step, tau)]
    places = [word for part in used for word in (address(part), int(part.size > 1))]
    return [noise.seed, stream(id), *places], used


def _by_member(id: str, what: str, value, members: int) -> np.ndarray:
    """(1,) or (members,)."""
    array = np.atleast_1d(doubles(np.inf if value is None else value))
    if array.shape not in ((1,), (members,)):
        raise ValueError(f"'{id}': the noise's {what} has shape {np.shape(value)}, not () or ({members},)")
    return array


def stream(id: str) -> int:
    """The number that tells a driven constant's draws from another's: 64 bits of its id's SHA-256."""
    return int.from_bytes(hashlib.sha256(id.encode("utf-8")).digest()[:8], "little")


def _words(rows: list, width: int) -> np.ndarray:
    """Whole numbers below 2^64 as the int64 of the same bits: (rows,) or (rows, width)."""
    words = np.array(rows, dtype=np.uint64).view(np.int64)
    return words if width == 1 else words.reshape(-1, width)
