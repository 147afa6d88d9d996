"""Random functions, one row of `RANDOM` each: what they make of a uniform draw (`draws.py`).

All by the inverse of the distribution's function, cut to [min, max] where the function takes them: Vensim draws again
until a number lies between them, which has that law. The draw is held for the whole step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from huangpu.compiler.functions import ONE, ZERO, call
from huangpu.ir import Expr, Number

if TYPE_CHECKING:
    from huangpu.compiler.dynamics import Maker


def uniform(make: Maker, low: Expr, high: Expr, seed: Expr) -> Expr:
    low = make.share(low, "random_low")
    return call("add", low, call("mul", make.draw(seed), call("sub", high, low)))


def normal(make: Maker, low: Expr, high: Expr, mean: Expr, deviation: Expr, seed: Expr) -> Expr:
    """In the upper tail it is minus a number from the lower one, where chances are exact."""
    low, high = make.share(low, "random_low"), make.share(high, "random_high")
    mean, deviation = make.share(mean, "random_mean"), make.share(deviation, "random_deviation")
    first = make.share(_standard(low, mean, deviation, -math.inf), "random_from")
    last = make.share(_standard(high, mean, deviation, math.inf), "random_to")
    upper = make.share(call("gt", first, ZERO), "random_upper")
    least = make.share(call("normal", call("if", upper, call("neg", last), first)), "random_least")
    most = make.share(call("normal", call("if", upper, call("neg", first), last)), "random_most")
    number = make.share(call("probit", _between(least, most, make.draw(seed))), "random_normal")
    number = call("if", upper, call("neg", number), number)
    return _within(call("add", mean, call("mul", deviation, number)), low, high)


def _standard(bound: Expr, mean: Expr, deviation: Expr, otherwise: float) -> Expr:
    return call("xidz", call("sub", bound, mean), deviation, Number(otherwise))


def _between(least: Expr, most: Expr, share: Expr) -> Expr:
    return call("add", least, call("mul", share, call("sub", most, least)))


def _within(value: Expr, low: Expr, high: Expr) -> Expr:
    return call("max", low, call("min", high, value))


def exponential(make: Maker, low: Expr, high: Expr, shift: Expr, stretch: Expr, seed: Expr) -> Expr:
    return weibull(make, low, high, ONE, shift, stretch, seed)


def weibull(make: Maker, low: Expr, high: Expr, shape: Expr, shift: Expr, stretch: Expr, seed: Expr) -> Expr:
    """shift + stretch * (-ln S)^(1 / shape), S uniform between the chances to be above max and above min."""
    low, high = make.share(low, "random_low"), make.share(high, "random_high")
    shift, stretch = make.share(shift, "random_shift"), make.share(stretch, "random_stretch")
    shape = make.share(shape, "random_shape")

    def above(bound: Expr, role: str) -> Expr:
        size = call("max", call("xidz", call("sub", bound, shift), stretch, Number(math.inf)), ZERO)
        return make.share(call("exp", call("neg", _power(size, shape))), role)

    chance = _between(above(low, "random_most"), above(high, "random_least"), make.draw(seed))
    size = _power(call("neg", call("ln", chance)), ONE if shape == ONE else call("div", ONE, shape))
    return _within(call("add", shift, call("mul", stretch, size)), low, high)


def _power(base: Expr, exponent: Expr) -> Expr:
    return base if exponent == ONE else call("pow", base, exponent)


def triangular(make: Maker, low: Expr, high: Expr, start: Expr, peak: Expr, stop: Expr, seed: Expr) -> Expr:
    low, high = make.share(low, "random_low"), make.share(high, "random_high")
    start, peak, stop = (
        make.share(e, f"random_{role}") for e, role in ((start, "start"), (peak, "peak"), (stop, "stop"))
    )
    rise = make.share(call("mul", call("sub", stop, start), call("sub", peak, start)), "random_rise")
    fall = make.share(call("mul", call("sub", stop, start), call("sub", stop, peak)), "random_fall")

    def below(bound: Expr, role: str) -> Expr:
        bound = make.share(_within(bound, start, stop), f"{role}_bound")
        left = call("zidz", call("square", call("sub", bound, start)), rise)
        right = call("sub", ONE, call("zidz", call("square", call("sub", stop, bound)), fall))
        return make.share(call("if", call("lt", bound, peak), left, right), role)

    chance = make.share(
        _between(below(low, "random_least"), below(high, "random_most"), make.draw(seed)), "random_chance"
    )
    left = call("add", start, call("sqrt", call("mul", chance, rise)))
    right = call("sub", stop, call("sqrt", call("mul", call("sub", ONE, chance), fall)))
    top = call("zidz", call("sub", peak, start), call("sub", stop, start))
    return _within(call("if", call("lt", chance, top), left, right), low, high)


def lognormal(make: Maker, mean: Expr, deviation: Expr, seed: Expr) -> Expr:
    """Mean and standard deviation are those of the number, not of its logarithm."""
    mean, deviation = make.share(mean, "random_mean"), make.share(deviation, "random_deviation")
    spread = call("ln", call("add", ONE, call("square", call("div", deviation, mean))))
    spread = make.share(spread, "random_spread")
    centre = call("sub", call("ln", mean), call("mul", Number(0.5), spread))
    return call("exp", call("add", centre, call("mul", call("sqrt", spread), call("probit", make.draw(seed)))))


def pink_noise(make: Maker, mean: Expr, deviation: Expr, time: Expr, seed: Expr) -> Expr:
    """Normal draws smoothed with a correlation time (Sterman, Business Dynamics, 2000, appendix B), moved once a step.

    It begins with a deviation of the size that it keeps; a time of less than a step counts as a step.
    """
    part = make.share(call("min", call("div", make.time_step, time), ONE), "random_part")
    push = make.share(
        call("mul", deviation, call("sqrt", call("mul", part, call("sub", Number(2.0), part)))), "random_push"
    )
    start = call("mul", deviation, call("probit", make.draw(seed)))
    state = make.memory("random_state", start)
    kept = call("mul", call("sub", ONE, part), state)
    make.carry(state, call("add", kept, call("mul", push, call("probit", make.draw(seed)))))
    return call("add", mean, state)


Builder = Callable[..., Expr]
RANDOM: dict[str, tuple[int, Builder]] = {  # number of arguments, the last a seed
    "random_0_1": (0, lambda make: make.draw(ZERO)),
    "random_uniform": (3, uniform),
    "random_normal": (5, normal),
    "random_exponential": (5, exponential),
    "random_weibull": (6, weibull),
    "random_triangular": (6, triangular),
    "random_lognormal": (3, lognormal),
    "random_pink_noise": (4, pink_noise),
}
