"""Runs the readable text as plain Python: the reference for the kernel, and what makes a run's steps (`control.py`)."""

from __future__ import annotations

import functools
import operator

import numpy as np

from huangpu.compiler.methods import METHODS, Method
from huangpu.ir import ModelError

MAX_STEPS = 200_000  # that are run in Python: some seconds for a few equations


class _Values:
    """The variables' values: numpy's, even where the text has a plain number, so that 1 / 0 is inf and no error."""

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, np.asarray(value, dtype=float)[()])


def run(
    text: str,
    *,
    method: str = "euler",
    final_time: float | None = None,
    parameters=None,
    driven=None,
    tables=None,
    seed: int = 0,
    member=0,
    begin: tuple[float, int, float] | None = None,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Integrate the text that `emit` gave: (times, {id: values (time, ...)}), every step saved. Slow and plain.

    parameters: {id: number or (member,) array} instead of the file's values
    driven: {id: (time,) or (time, member) array}, one value a step, held through it
    seed, member: of the run, and the number or numbers (member,) that random functions know the members by
    tables: {table's Python name: (xs, ys, extrapolate)} instead of the file's
    begin: (time, steps, length): the first time is that many steps of that length after this one
    Control variables among the model's variables decide after each step whether and how far it goes on.
    """
    code: dict = {}
    exec(compile(text, "<model>", "exec"), code)
    first, last, dt = code["TIMES"]
    begun, count, dt = begin or (first, 0, dt)
    known, names, v = code["TABLES"] | (tables or {}), code["NAMES"], _Values()

    def set_(values: dict, at: int | None = None) -> None:
        for id_, value in values.items():
            setattr(v, names[id_], value if at is None else value[at])

    with np.errstate(all="ignore"):
        draw = code.get("draw", lambda *_: None)
        code["constants"](v)
        set_(parameters or {})
        set_(driven or {}, 0)
        draw(v, seed, member, 0)
        code["once"](v, known)
        time = begun + dt * count
        code["start"](v, known, time)
        saved: dict[str, list] = {id_: [] for id_ in names}
        inside: dict[str, list] = {name: [] for name in code.get("DELAYS", ())}
        times = []
        while True:
            times.append(time)
            set_(driven or {}, len(times) - 1)
            draw(v, seed, member, len(times) - 1)
            for name, taken in inside.items():
                setattr(v, name, _emerged(getattr(v, name), taken, getattr(v, code["DELAYS"][name]), len(times) - 1))
            code["step"](v, known, time)
            for id_, name in names.items():
                saved[id_].append(getattr(v, name))
            end = _now("final_time", v, names, last) if final_time is None else final_time
            length = _now("time_step", v, names, dt)
            if length != dt:
                begun, count, dt = time, 0, length
            if time >= end or not _more(begun, end, dt, count, len(times)):
                break
            carried = dict(code["carried"](v, known, time)) if "carried" in code else {}
            _advance(code, v, known, time, dt, METHODS[method])
            for name, value in carried.items():
                if name in inside:
                    inside[name].append(np.asarray(value, dtype=float))
                else:
                    setattr(v, name, value)
            count += 1
            time = begun + dt * count
    return np.array(times), {id_: np.stack(np.broadcast_arrays(*values)) for id_, values in saved.items()}


def ids(text: str) -> tuple[str, ...]:
    """Ids of the variables of the text that `emit` gave."""
    code: dict = {}
    exec(compile(text, "<model>", "exec"), code)
    return tuple(code["NAMES"])


def _now(name: str, v: _Values, names: dict[str, str], fixed: float) -> float:
    """A control variable at this time: one number for all members."""
    if name not in names:
        return fixed
    values = np.unique(getattr(v, names[name]))
    if len(values) > 1:
        raise ModelError(
            f"{name.replace('_', ' ').upper()} differs between members: from {values[0]:g} to {values[-1]:g}."
        )
    return float(values[0])


def _more(begun: float, end: float, dt: float, count: int, steps: int) -> bool:
    """Whether another step of `dt` after `count` from `begun` ends in time."""
    if not (dt > 0 and np.isfinite([dt, end]).all()):
        raise ModelError(f"TIME STEP becomes {dt:g} and FINAL TIME {end:g} during the run, after {steps - 1} steps.")
    if steps > MAX_STEPS:
        raise ModelError(f"more than {MAX_STEPS:,} steps. Raise TIME STEP or lower FINAL TIME.")
    return int(np.floor((end - begun) / dt + 1e-6)) > count


def _advance(code: dict, v: _Values, known: dict, time: float, dt: float, method: Method) -> None:
    """Move the stocks one step on; `v` comes with everything computed for its beginning."""
    begin = {name: getattr(v, name) for name in code["STOCKS"]}
    flows: list[dict] = []
    for node, weights in zip(method.nodes, method.stages, strict=True):
        if flows:
            _move(v, begin, dt, flows, weights)
            code["step"](v, known, time + dt * node)
        flows.append(dict(code["flows"](v, known, time + dt * node)))
    _move(v, begin, dt, flows, method.weights)
    for name in code.get("NOT_BELOW_ZERO", ()):
        setattr(v, name, np.maximum(getattr(v, name), 0.0))


def _emerged(value, taken: list[np.ndarray], steps, now: int) -> np.ndarray:
    """What a delay gives at step `now`: what it took in `steps` before, or still its value where that is too early."""
    steps, value = np.broadcast_arrays(steps, value, *taken[:1])[:2]
    result = np.array(value)
    for at in np.ndindex(steps.shape):
        if steps[at] <= now:
            result[at] = np.broadcast_to(taken[now - int(steps[at])], steps.shape)[at]
    return result


def _move(v: _Values, begin: dict, dt: float, flows: list[dict], weights: tuple[float, ...]) -> None:
    """Stocks from the beginning of the step along the weighted sum of flows, as `methods.py` prescribes."""
    for name, value in begin.items():
        terms = [f[name] if w == 1.0 else w * f[name] for w, f in zip(weights, flows, strict=True) if w]
        setattr(v, name, value + dt * functools.reduce(operator.add, terms))
