"""INITIAL TIME, FINAL TIME, TIME STEP and SAVEPER: fixed numbers mostly, else variables that a run's steps follow.

A fixed one is folded into the equations that name it. Any other is expanded like a variable of the model (`loose`), and
what computes all of these is printed as a small text of its own, the `clock`, from which a run makes its steps before
the kernel moves a member: see `plainrun.py`.
"""

from __future__ import annotations

import math
from dataclasses import replace

from huangpu.compiler import plainrun, python
from huangpu.compiler.fixed import fixed, settled_by
from huangpu.compiler.making import Work
from huangpu.compiler.order import parts
from huangpu.compiler.pruning import needed
from huangpu.compiler.syntax import Ref, at
from huangpu.ir import Interpolate, ModelError, Ordered, Place, Variable

MAX_STEPS = 10_000_000
CONTROL = ("initial_time", "final_time", "time_step", "saveper")
POSITIVE = ("time_step", "saveper")


def title(name: str) -> str:
    return name.replace("_", " ").upper()


def control(name: str, work: Work) -> None:
    """Into `work.control` where it is a fixed number, else into `work.loose`."""
    element = work.elements.get(name)
    if element is None:
        if name == "saveper" and "time_step" in work.control:
            work.control[name] = work.control["time_step"]
            return
        raise ModelError("missing. Add it to the model's control variables.")
    definition = element.definitions[0]
    if len(element.definitions) > 1 or definition.subscripts or definition.kind != "equation":
        raise ModelError("must be one number for the whole model, without subscripts.")
    value = fixed(Ref(name), work.elements)
    if value is None:
        work.loose.append(name)
        return
    work.settled |= settled_by(Ref(name), work.elements)
    _check(name, value, definition.text)
    work.control[name] = float(value)
    if work.control.keys() >= {"initial_time", "final_time", "time_step"} and name == "time_step":
        _check_steps(*(work.control[n] for n in CONTROL[:3]))


def _check(name: str, value: float, text: str) -> None:
    positive = name in POSITIVE
    if not math.isfinite(value) or (positive and value <= 0):
        right = text.partition("=")[2].strip()[:60]
        raise ModelError(f"must be a number{' above 0' * positive}, not {right or 'nothing'}.")


def _check_steps(start: float, end: float, step: float) -> None:
    steps = (end - start) / step
    if not -1e-6 <= steps <= MAX_STEPS:
        raise ModelError(f"{steps:.6g} steps from INITIAL TIME to FINAL TIME; possible are 0 to {MAX_STEPS}.")


def clock(ordered: Ordered) -> tuple[Ordered, str, bool]:
    """The model with the values that its loose control variables have at the start, the text that computes them, and
    whether they may change after that."""
    loose = ordered.model.loose
    if not loose:
        return ordered, "", False
    alone = _alone(ordered, set(loose))
    start = 0.0
    for _ in range(2):  # the second time at the INITIAL TIME that the first has given
        known = {name: v for name, v in _values(alone).items() if name not in loose} | {"initial_time": start}
        alone = replace(alone, model=replace(alone.model, **{n: known.get(n, start) for n in CONTROL}))
        _, values = plainrun.run(python.emit(alone), final_time=start)
        known |= {name: float(values[name][0]) for name in loose}
        start = known["initial_time"]
    places = {v.id: v for v in ordered.model.variables}
    for name in CONTROL:
        variable = places.get(name, Variable(name, title(name), "constant", None, place=Place(ordered.model.name)))
        try:
            _check(name, known[name], variable.text)
            if name == "time_step":
                _check_steps(*(known[n] for n in CONTROL[:3]))
        except ModelError as error:
            raise ModelError(f"{at(variable.place)}: {title(name)}: at the start: {error}") from None
    settled_ = replace(alone, model=replace(alone.model, **known))
    moving = any(id_ in alone.step for id_ in loose)
    return replace(ordered, model=replace(ordered.model, **known)), python.emit(settled_), moving


def _values(ordered: Ordered) -> dict[str, float]:
    return {name: getattr(ordered.model, name) for name in CONTROL}


def _alone(ordered: Ordered, wanted: set[str]) -> Ordered:
    """The model without what the wanted variables do not need."""
    found = needed(ordered.model, wanted)
    variables = tuple(v for v in ordered.model.variables if v.id in found)
    nodes = (node for v in variables for expr in (v.equation, v.initial) for node in parts(expr))
    tables = {node.table for node in nodes if isinstance(node, Interpolate)}
    model = replace(ordered.model, variables=variables, tables=tuple(t for t in ordered.model.tables if t.id in tables))
    kept = {name: tuple(i for i in getattr(ordered, name) if i in found) for name in ("initial", "step", "driven")}
    return Ordered(model, **kept)
