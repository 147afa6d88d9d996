"""Functions with a memory -> stocks, one row of `DYNAMICS` each, by the formulas of Vensim's manual.

A builder takes a `Maker`, which makes the hidden variables, and the arguments; it gives the function's value.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from huangpu.compiler.functions import call
from huangpu.compiler.random import RANDOM
from huangpu.ir import Expr, Number


class Maker(Protocol):
    """Makes hidden variables in the name of the variable whose equation is being expanded."""

    def share(self, value: Expr, role: str) -> Expr:
        """The value as a name (or a number): of an auxiliary unless it is one already."""

    def stock(self, role: str, initial: Expr, flow: Callable[[Expr], Expr], *, non_negative: bool = False) -> Expr:
        """A stock; `flow` is given its name and returns its net flow."""

    def frozen(self, initial: Expr) -> Expr:
        """A value computed once, at the start."""

    def active(self, equation: Expr, initial: Expr) -> Expr:
        """An auxiliary with a value of its own at the start."""

    def memory(self, role: str, initial: Expr) -> Expr:
        """A value that stays until `carry` changes it."""

    def carry(self, memory: Expr, value: Expr) -> None:
        """What the memory holds from the next step on."""

    def delayed(self, role: str, value: Expr, initial: Expr, steps: Expr) -> Expr:
        """The value as it was some steps ago."""

    def draw(self, seed: Expr) -> Expr:
        """A random number in (0, 1), a new one each step; the seed is a number or a constant."""

    @property
    def time_step(self) -> Expr:
        """The time step, fixed or at the start."""


ROUND = 0.5 + 1e-6  # so that a delay of 2.5 steps is one of 3


def integ(make: Maker, flow: Expr, initial: Expr) -> Expr:
    return make.stock("stock", initial, lambda stock: flow)


def non_negative(make: Maker, flow: Expr, initial: Expr) -> Expr:
    return make.stock("stock", initial, lambda stock: flow, non_negative=True)


def initial(make: Maker, value: Expr) -> Expr:
    return make.frozen(value)


def active_initial(make: Maker, equation: Expr, value: Expr) -> Expr:
    return make.active(equation, value)


def smooth(make: Maker, target: Expr, time: Expr, initial: Expr, order: int) -> Expr:
    """SMOOTH, SMOOTH3, SMOOTH N: `order` stocks in a row, each drawn to the one before."""
    time = make.share(time, "smooth_time")
    for number in range(1, order + 1):
        role = "smooth" if order == 1 else f"smooth_{number}"
        target = make.stock(role, initial, lambda stock, target=target: _drawn(stock, target, time, order))
    return target


def _drawn(stock: Expr, target: Expr, time: Expr, order: int) -> Expr:
    gap = call("sub", target, stock)
    return call("div", gap if order == 1 else call("mul", gap, Number(float(order))), time)


def delay(make: Maker, inflow: Expr, time: Expr, initial: Expr, order: int, *, short: bool = False) -> Expr:
    """DELAY1, DELAY3, DELAY N: a material delay. Each of `order` stocks holds its outflow times the delay time.

    short: the delay time may be too short for `order` stocks, of one step each at least.
    """
    time = make.share(time, "delay_time")
    return _chain(make, inflow, [time] * order, time, initial, _stages(make, time, order) if short else order)


def delay_n(
    make: Maker, inflow: Expr, time: Expr, initial: Expr, order: int, *, short: bool = False, moving: bool = False
) -> Expr:
    """DELAY N: as `delay`, but what is on its way keeps the delay time that it came with.

    moving: the time changes, so that each stock empties with the time of as many steps ago as there are stocks before
    it. As PySD does it.
    """
    if not moving:
        return delay(make, inflow, time, initial, order, short=short)
    time = make.share(time, "delay_time")
    times = [time]
    for number in range(1, max(order, 2)):
        memory = make.memory(f"delay_time_{number}", time)
        make.carry(memory, times[-1])
        times.append(memory)
    return _chain(make, inflow, times[:order], times[1], initial, _stages(make, time, order) if short else order)


def _stages(make: Maker, time: Expr, order: int) -> Expr:
    """How many stocks the delay time at the start has room for, one at least."""
    steps = (call("mul", Number(float(number)), make.time_step) for number in range(2, order + 1))
    return make.frozen(
        functools.reduce(lambda sum_, room: call("add", sum_, call("le", room, time)), steps, Number(1.0))
    )


def _chain(make: Maker, inflow: Expr, times: list[Expr], last: Expr, initial: Expr, stages: Expr | int) -> Expr:
    """Stocks in a row, each with a time to empty in; what the last, or number `stages`, gives over time `last`."""
    full, order = call("mul", initial, times[0]), len(times)
    rate = Number(float(stages)) if isinstance(stages, int) else stages
    outflows = []
    for number, time in enumerate(times, start=1):
        role = "delay" if order == 1 else f"delay_{number}"
        stock = make.stock(role, full, lambda stock, inflow=inflow, time=time: _passed(stock, inflow, time, rate))
        inflow = call("div", stock, time)
        outflows.append(call("div", stock, last))
    if isinstance(stages, int):
        return outflows[-1]
    chosen = outflows[0]
    for number, outflow in enumerate(outflows[1:], start=2):
        chosen = call("if", call("ge", stages, Number(float(number))), outflow, chosen)
    return chosen


def _passed(stock: Expr, inflow: Expr, time: Expr, rate: Expr) -> Expr:
    net = call("sub", inflow, call("div", stock, time))
    return net if rate == Number(1.0) else call("mul", net, rate)


def delay_fixed(make: Maker, value: Expr, time: Expr, initial: Expr) -> Expr:
    """DELAY FIXED: what the value was `time` ago, to the nearest step and one step at least; `time` is read at the
    start."""
    count = call("max", call("div", time, make.time_step), Number(1.0))
    return make.delayed("delay", value, initial, call("trunc", call("add", count, Number(ROUND))))


def sample_if_true(make: Maker, condition: Expr, value: Expr, initial: Expr) -> Expr:
    """SAMPLE IF TRUE: the value while the condition holds, afterwards what it was when it last held."""
    memory = make.memory("sample", initial)
    now = make.share(call("if", condition, value, memory), "sampled")
    make.carry(memory, now)
    return now


def trend(make: Maker, value: Expr, time: Expr, initial_trend: Expr) -> Expr:
    """TREND: fractional growth of a value against its own average."""
    value, time = make.share(value, "trend_input"), make.share(time, "trend_time")
    start = call("div", value, call("add", Number(1.0), call("mul", initial_trend, time)))
    average = _average(make, "trend", value, time, start)
    return call("zidz", call("sub", value, average), call("mul", time, call("abs", average)))


def forecast(make: Maker, value: Expr, time: Expr, horizon: Expr, initial_trend: Expr) -> Expr:
    """FORECAST: the value carried on along its trend."""
    value, time = make.share(value, "forecast_input"), make.share(time, "forecast_time")
    start = call("div", value, call("add", Number(1.0), initial_trend))
    average = _average(make, "forecast", value, time, start)
    growth = call("zidz", call("sub", value, average), call("mul", time, average))
    return call("mul", value, call("add", Number(1.0), call("mul", growth, horizon)))


def npv(make: Maker, stream: Expr, rate: Expr, initial: Expr, factor: Expr) -> Expr:
    """NPV: what a stream of money is worth at the start, discounted at `rate` and multiplied by a factor."""
    stream = make.share(stream, "npv_stream")
    discount = make.stock("npv_discount", Number(1.0), lambda stock: call("neg", call("mul", stock, rate)))
    worth = make.stock("npv_worth", initial, lambda stock: call("mul", stream, discount))
    now = call("mul", call("mul", stream, make.time_step), discount)
    return call("mul", call("add", worth, now), factor)


def _average(make: Maker, role: str, value: Expr, time: Expr, start: Expr) -> Expr:
    return make.stock(role, start, lambda stock: call("div", call("sub", value, stock), time))


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A row: number of arguments, builder; `ordered`: the last argument is an order, fixed in the file."""

    arity: int
    build: Callable[..., Expr]
    ordered: bool = False


DYNAMICS: dict[str, Dynamic] = {
    **{name: Dynamic(arity, build) for name, (arity, build) in RANDOM.items()},
    "INTEG": Dynamic(2, integ),
    "INTEG NON NEGATIVE": Dynamic(2, non_negative),
    "INITIAL": Dynamic(1, initial),
    "active_initial": Dynamic(2, active_initial),
    "SMOOTH": Dynamic(4, smooth, ordered=True),
    "DELAY": Dynamic(4, delay, ordered=True),
    "DELAY N": Dynamic(4, delay_n, ordered=True),
    "DELAY FIXED": Dynamic(3, delay_fixed),
    "SAMPLE IF TRUE": Dynamic(3, sample_if_true),
    "TREND": Dynamic(3, trend),
    "FORECAST": Dynamic(4, forecast),
    "npv": Dynamic(4, npv),
}
