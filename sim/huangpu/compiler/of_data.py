"""Functions that ask a series of data directly, whatever the time is: one row each, by Vensim's manual.

A row takes a `Reader`, which makes the series readable in a mode, and the other arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from huangpu.compiler.functions import call
from huangpu.compiler.modes import moment
from huangpu.ir import Expr, ModelError, Number

AFTER = {-1.0: "hold_backward", 0.0: "interpolate", 1.0: "look_forward"}  # GET DATA BETWEEN TIMES's last argument


@dataclass(frozen=True)
class Reader:
    """A series: its first and last point's x, the way in which the asking variable reads data, and `read(mode, x)`."""

    first: float
    last: float
    mode: str
    read: Callable[[str, Expr], Expr]


def at_time(series: Reader, time: Expr) -> Expr:
    """The value of a point, nan where there is none."""
    return series.read("raw", time)


def between_times(series: Reader, time: Expr, way: Expr) -> Expr:
    """The value between points; nan before the first and after the last."""
    if not isinstance(way, Number) or way.value not in AFTER:
        raise ModelError("GET DATA BETWEEN TIMES takes -1, 0 or 1 as its last argument, typed as a number.")
    outside = call("or", call("lt", time, Number(series.first)), call("gt", time, Number(series.last)))
    return call("if", outside, Number(math.nan), series.read(AFTER[way.value], time))


def first_time(series: Reader) -> Expr:
    return Number(series.first)


def last_time(series: Reader) -> Expr:
    return Number(series.last)


def time_shift(series: Reader, shift: Expr) -> Expr:
    """The series as it will be `shift` from now."""
    return series.read(series.mode, call("add", moment(series.mode), shift))


@dataclass(frozen=True, slots=True)
class OfData:
    """A row: number of arguments, the data variable included, and builder."""

    arity: int
    build: Callable[..., Expr]


OF_DATA: dict[str, OfData] = {
    "get_data_at_time": OfData(2, at_time),
    "get_data_between_times": OfData(3, between_times),
    "get_data_first_time": OfData(1, first_time),
    "get_data_last_time": OfData(1, last_time),
    "time_shift": OfData(2, time_shift),
}
