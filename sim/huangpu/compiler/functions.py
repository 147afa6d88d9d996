"""The operators of the model, one row each: what `Call.op` may be, how many arguments it takes, what it computes.

Every printer (`python.py`, `llvm.py`) covers exactly the rows of `OPS`. Everything else that a modelling language
offers is spelt out with these (`BUILTINS`, the table at the end), with stocks (`dynamics.py`) and with lookups.

Arithmetic is IEEE double without exceptions, as numpy does it: 1/0 is inf, 0/0 and ln(-1) are nan, no contraction.
exp, ln, power, sin, cos and tan are our own (`maths.py`), in every printer the same to the bit.
A truth value is 1.0 or 0.0; a condition holds where it is not 0 (nan holds).

A lookup (`Interpolate`) with knots x[0] < ... < x[n-1] reads
    inside   the segment i with x[i] <= x < x[i+1]: (y[i+1] - y[i]) / (x[i+1] - x[i]) * (x - x[i]) + y[i]
    below    x < x[0]: y[0], or with `extrapolate` (y[1] - y[0]) / (x[1] - x[0]) * (x - x[0]) + y[0]
    above    x >= x[n-1]: y[n-1], or with `extrapolate` (y[n-1] - y[n-2]) / (x[n-1] - x[n-2]) * (x - x[n-1]) + y[n-1]
    at nan   nan
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

from huangpu.ir import Call, Expr, FlatModel, Interpolate, Number, Time

SMALL = 1e-6  # what Vensim takes for zero in XIDZ, ZIDZ, QUANTUM, PULSE and RAMP


@dataclass(frozen=True, slots=True)
class Op:
    """A row: number of arguments and Python text, `{0}` being the first argument.

    rank   how tightly the text binds, as in Python: 1 or, 2 and, 3 not, 4 comparison, 5 sum, 6 product, 7 sign, 9 call
    truth  the result is a truth value
    takes  "truth" where the arguments are conditions (any number; true where it is not 0)
    """

    arity: int
    text: str
    rank: int = 9
    truth: bool = False
    takes: str = "number"


OPS: dict[str, Op] = {
    "add": Op(2, "{0} + {1}", 5),
    "sub": Op(2, "{0} - {1}", 5),
    "mul": Op(2, "{0} * {1}", 6),
    "div": Op(2, "{0} / {1}", 6),
    "neg": Op(1, "-{0}", 7),
    "pow": Op(2, "power({0}, {1})"),  # of a negative base and a broken exponent: nan
    "lt": Op(2, "{0} < {1}", 4, truth=True),
    "le": Op(2, "{0} <= {1}", 4, truth=True),
    "gt": Op(2, "{0} > {1}", 4, truth=True),
    "ge": Op(2, "{0} >= {1}", 4, truth=True),
    "eq": Op(2, "{0} == {1}", 4, truth=True),
    "ne": Op(2, "{0} != {1}", 4, truth=True),  # of nan: 1, as IEEE has it
    "and": Op(2, "np.logical_and({0}, {1})", truth=True, takes="truth"),
    "or": Op(2, "np.logical_or({0}, {1})", truth=True, takes="truth"),
    "not": Op(1, "np.logical_not({0})", truth=True, takes="truth"),
    "if": Op(3, "np.where({0}, {1}, {2})"),  # a select: both sides are computed; only the first argument is a condition
    "min": Op(2, "np.minimum({0}, {1})"),  # nan if either is nan
    "max": Op(2, "np.maximum({0}, {1})"),
    "abs": Op(1, "np.abs({0})"),
    "trunc": Op(1, "np.trunc({0})"),  # towards zero: Vensim's INTEGER
    "mod": Op(
        2, "np.mod({0}, {1})"
    ),  # remainder with the divisor's sign: r = fmod(a, b); r + b if r and b differ in sign
    "quantum": Op(2, "quantum({0}, {1})"),  # a where b < SMALL, else b * trunc(a / b)
    "xidz": Op(3, "xidz({0}, {1}, {2})"),  # c where abs(b) < SMALL, else a / b
    "zidz": Op(2, "zidz({0}, {1})"),  # 0 where abs(b) < SMALL, else a / b
    "square": Op(1, "np.square({0})"),  # a * a
    "sqrt": Op(1, "np.sqrt({0})"),
    "exp": Op(1, "exp({0})"),
    "ln": Op(1, "ln({0})"),
    "sin": Op(1, "sin({0})"),
    "cos": Op(1, "cos({0})"),
    "tan": Op(1, "tan({0})"),
    "arcsin": Op(1, "np.arcsin({0})"),
    "arccos": Op(1, "np.arccos({0})"),
    "arctan": Op(1, "np.arctan({0})"),
    "sinh": Op(1, "np.sinh({0})"),
    "cosh": Op(1, "np.cosh({0})"),
    "tanh": Op(1, "np.tanh({0})"),
    "normal": Op(1, "normal({0})"),  # the chance that a standard normal number is below
    "probit": Op(1, "probit({0})"),  # its inverse: -inf at 0, inf at 1, nan outside
}


def operators(model: FlatModel) -> set[str]:
    """Those of all equations of a model."""
    found: set[str] = set()
    stack = [e for v in model.variables for e in (v.equation, v.initial)]
    while stack:
        match stack.pop():
            case Call(op, args):
                found.add(op)
                stack.extend(args)
            case Interpolate(_, x):
                stack.append(x)
    return found


TIME = Time()
ZERO, ONE = Number(0.0), Number(1.0)

# Vensim's names and operators that are one operator of ours.
SAME: dict[str, str] = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "^": "pow",
    "negative": "neg",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
    "=": "eq",
    "<>": "ne",
    ":and:": "and",
    ":or:": "or",
    ":not:": "not",
    "if_then_else": "if",
    "integer": "trunc",
    "power": "pow",
} | {
    name: name
    for name in (
        *("min", "max", "abs", "quantum", "xidz", "zidz", "sqrt", "exp", "ln"),
        *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh"),
    )
}


def call(op: str, *args: Expr) -> Expr:
    """An operator applied; a sign before a literal number is part of the number, and a power of 2 is a square."""
    match op, args:
        case "neg", (Number(value),):
            return Number(-value)
        case "pow", (base, Number(2.0)):
            return Call("square", (base,))
    return Call(op, args)


def modulo(x: Expr, divisor: Expr) -> Expr:
    return call("sub", x, call("quantum", x, divisor))


def log(x: Expr, base: Expr) -> Expr:
    return call("div", call("ln", x), call("ln", base))


def step(time_step: Expr, height: Expr, start: Expr) -> Expr:
    """`height` from the first step within half a step of `start` on."""
    half = Number(time_step.value / 2) if isinstance(time_step, Number) else call("div", time_step, Number(2.0))
    return call("mul", height, call("gt", call("add", TIME, half), start))


def ramp(slope: Expr, start: Expr, end: Expr) -> Expr:
    begun = call("gt", call("add", TIME, Number(SMALL)), start)
    return call("mul", call("mul", begun, slope), call("sub", call("min", end, TIME), start))


def pulse(start: Expr, width: Expr) -> Expr:
    begun = call("le", call("sub", start, Number(SMALL)), TIME)
    return call("if", call("and", begun, call("lt", TIME, call("add", start, width))), ONE, ZERO)


def pulse_train(start: Expr, interval: Expr, width: Expr, end: Expr) -> Expr:
    """Pulses each `interval` while start <= Time < end; one pulse where the interval is 0."""
    since = call("mod", call("add", call("sub", TIME, start), Number(SMALL)), interval)
    open_ = call("and", call("le", start, TIME), call("lt", TIME, end))
    train = call("if", call("and", open_, call("lt", since, width)), ONE, ZERO)
    match interval:
        case Number(value) if value != 0:
            return train
    return call("if", call("eq", interval, ZERO), pulse(start, width), train)


# -- XMILE's, where they differ from Vensim's -------------------------------------------------------------------------


def floor(x: Expr) -> Expr:
    """INT: the whole number below."""
    return call("sub", x, call("mod", x, ONE))


def rounded(x: Expr) -> Expr:
    """ROUND: the nearest whole number, of two the even one."""
    up = floor(call("add", x, Number(0.5)))
    tie = call("and", call("eq", call("sub", up, x), Number(0.5)), call("ne", call("mod", up, Number(2.0)), ZERO))
    return call("sub", up, tie)


def sign(x: Expr) -> Expr:
    return call("sub", call("gt", x, ZERO), call("lt", x, ZERO))


def safe_division(x: Expr, divisor: Expr, otherwise: Expr) -> Expr:
    """SAFEDIV and `//`: the quotient, unless the divisor is 0 itself."""
    return call("if", call("eq", divisor, ZERO), otherwise, call("div", x, divisor))


def pulse_of(time_step: Expr, volume: Expr, first: Expr, interval: Expr) -> Expr:
    """PULSE: a volume within one time step, at `first` and then each `interval`; once where that is 0."""
    since = call("add", call("sub", TIME, first), Number(SMALL))
    again = call("mod", since, interval) if interval != ZERO else since
    if not isinstance(interval, Number):
        again = call("if", call("eq", interval, ZERO), since, again)
    now = call("and", call("ge", since, ZERO), call("lt", again, time_step))
    return call("if", now, call("div", volume, time_step), ZERO)


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function of the language: number of arguments and what it becomes.

    Arguments used twice are shared: each is a number or a name, its value computed once (`shared`).
    """

    arity: int
    build: Callable[..., Expr]
    shared: bool = True
    stepped: bool = False  # takes the time step first


BUILTINS: dict[str, Builtin] = {
    name: Builtin(OPS[op].arity, functools.partial(call, op), shared=False) for name, op in SAME.items()
} | {
    "modulo": Builtin(2, modulo),
    "log": Builtin(2, log, shared=False),
    "step": Builtin(2, step, shared=False, stepped=True),
    "ramp": Builtin(3, ramp),
    "pulse": Builtin(2, pulse),
    "pulse_train": Builtin(4, pulse_train),
    "pi": Builtin(0, lambda: Number(math.pi), shared=False),
    "GAME": Builtin(1, lambda x: x, shared=False),
    "MOD": Builtin(2, functools.partial(call, "mod"), shared=False),  # with the sign of the divisor
    "FLOOR": Builtin(1, floor),
    "ROUND": Builtin(1, rounded),
    "SIGN": Builtin(1, sign),
    "SAFEDIV": Builtin(3, safe_division),
    "PULSE": Builtin(3, pulse_of, stepped=True),
}
