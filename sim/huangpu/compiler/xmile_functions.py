"""XMILE's functions, one row each: how many arguments they take and what they become in the words of `expand`.

The order of arguments and the defaults are those of XMILE 1.0, section 3.5, and of Stella where the standard is silent.
Functions that are not here go through by their name, so that what Vensim writes into such a file works as well.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass

from huangpu.compiler.syntax import Apply, Node, Ref
from huangpu.ir import ModelError, Number

ZERO, ONE = Number(0.0), Number(1.0)
NEVER = Number(1e300)  # a time after every run
START, STEP = Ref("initial_time"), Ref("time_step")

# Names that are values without arguments, with or without empty parentheses.
VALUES: dict[str, Node] = {
    "time": Ref("time"),
    "dt": STEP,
    "starttime": START,
    "stoptime": Ref("final_time"),
    "pi": Apply("pi", ()),
    "inf": Number(sys.float_info.max),
}


@dataclass(frozen=True, slots=True)
class Row:
    """least, most: how many arguments; build: the function's node of them."""

    least: int
    most: int
    build: Callable[..., Node]


def _same(function: str, arity: int) -> Row:
    return Row(arity, arity, lambda *args: Apply(function, args))


def _smooth(order: int) -> Row:
    return Row(2, 3, lambda x, time, *start: Apply("SMOOTH", (x, time, *(start or (x,)), Number(float(order)))))


def _delay(order: int) -> Row:
    return Row(2, 3, lambda x, time, *start: Apply("DELAY", (x, time, *(start or (x,)), Number(float(order)))))


def _ordered(function: str) -> Row:
    return Row(3, 4, lambda x, time, order, *start: Apply(function, (x, time, *(start or (x,)), order)))


def _fixed(x: Node, time: Node, *start: Node) -> Node:
    return Apply("DELAY FIXED", (x, time, *(start or (x,))))


def _chain(function: str) -> Callable[..., Node]:
    """A function of two arguments over any number of them."""
    return lambda *args: functools.reduce(lambda a, b: Apply(function, (a, b)), args)


def _normal(mean: Node, deviation: Node, seed: Node = ZERO, low: Node | None = None, high: Node | None = None) -> Node:
    return Apply("random_normal", (low or Number(-1e300), high or NEVER, mean, deviation, seed))


def _exponential(mean: Node, seed: Node = ZERO) -> Node:
    return Apply("random_exponential", (ZERO, NEVER, ZERO, mean, seed))


def _uniform(low: Node, high: Node, seed: Node = ZERO) -> Node:
    return Apply("random_uniform", (low, high, seed))


def _weibull(shape: Node, scale: Node, seed: Node = ZERO) -> Node:
    return Apply("random_weibull", (ZERO, NEVER, shape, ZERO, scale, seed))


def _triangular(low: Node, peak: Node, high: Node, seed: Node = ZERO) -> Node:
    return Apply("random_triangular", (low, high, low, peak, high, seed))


def _poisson(mean: Node, seed: Node = ZERO) -> Node:
    return Apply("random_poisson", (ZERO, NEVER, mean, ZERO, ONE, seed))


FUNCTIONS: dict[str, Row] = {
    **{name: _same(name, 1) for name in ("abs", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh")},
    **{name: _same(name, 1) for name in ("tanh", "sqrt", "exp", "ln")},
    "int": _same("FLOOR", 1),
    "round": _same("ROUND", 1),
    "sign": _same("SIGN", 1),
    "percent": Row(1, 1, lambda x: Apply("*", (x, Number(100.0)))),
    "log10": Row(1, 1, lambda x: Apply("log", (x, Number(10.0)))),
    "logn": Row(2, 2, lambda x, base: Apply("log", (x, base))),
    "rootn": Row(2, 2, lambda x, n: Apply("^", (x, Apply("/", (ONE, n))))),
    "mod": _same("MOD", 2),
    "modulo": _same("modulo", 2),
    "min": Row(2, 20, _chain("min")),
    "max": Row(2, 20, _chain("max")),
    "if_then_else": _same("if_then_else", 3),
    "ifthenelse": _same("if_then_else", 3),
    "safediv": Row(2, 3, lambda a, b, otherwise=ZERO: Apply("SAFEDIV", (a, b, otherwise))),
    "step": _same("step", 2),
    "ramp": Row(2, 3, lambda slope, start, end=NEVER: Apply("ramp", (slope, start, end))),
    "pulse": Row(1, 3, lambda volume, first=START, interval=ZERO: Apply("PULSE", (volume, first, interval))),
    "init": _same("INITIAL", 1),
    "initial": _same("INITIAL", 1),
    "previous": Row(2, 2, lambda x, start: _fixed(x, STEP, start)),
    "delay": Row(2, 3, _fixed),
    "delay1": _delay(1),
    "delay3": _delay(3),
    "delayn": _ordered("DELAY N"),
    "smth1": _smooth(1),
    "smth3": _smooth(3),
    "smthn": _ordered("SMOOTH"),
    "trend": Row(2, 3, lambda x, time, start=ZERO: Apply("TREND", (x, time, start))),
    "forcst": Row(3, 4, lambda x, time, ahead, start=ZERO: Apply("FORECAST", (x, time, ahead, start))),
    "uniform": Row(2, 3, _uniform),
    "random": Row(2, 3, _uniform),
    "normal": Row(2, 5, _normal),
    "exprnd": Row(1, 2, _exponential),
    "poisson": Row(1, 2, _poisson),
    "lognormal": Row(2, 3, lambda mean, spread, seed=ZERO: Apply("random_lognormal", (mean, spread, seed))),
    "weibull": Row(2, 3, _weibull),
    "triangular": Row(3, 4, _triangular),
    # what Vensim calls them, where it exports them so
    "smooth": _smooth(1),
    "smoothi": _smooth(1),
    "smooth3": _smooth(3),
    "smooth3i": _smooth(3),
    "smooth_n": Row(4, 4, lambda x, time, start, order: Apply("SMOOTH", (x, time, start, order))),
    "delay1i": _delay(1),
    "delay3i": _delay(3),
    "delay_n": Row(4, 4, lambda x, time, start, order: Apply("DELAY N", (x, time, start, order))),
    "delay_fixed": Row(3, 3, _fixed),
    "forecast": Row(3, 3, lambda x, time, ahead: Apply("FORECAST", (x, time, ahead, ZERO))),
    "sample_if_true": _same("SAMPLE IF TRUE", 3),
    "game": _same("GAME", 1),
}


def built(function: str, args: tuple[Node, ...]) -> Node:
    """The node of a function; one that is unknown here is left to `expand`, which knows Vensim's or refuses it."""
    if function in VALUES and not args:
        return VALUES[function]
    row = FUNCTIONS.get(function)
    if row is None:
        return Apply(function, args)
    if not row.least <= len(args) <= row.most:
        wanted = str(row.least) if row.least == row.most else f"{row.least} to {row.most}"
        title = function.replace("_", " ").upper()
        raise ModelError(f"{title} takes {wanted} argument{'s' * (wanted != '1')}, not {len(args)}.")
    return row.build(*args)
