"""What the compiler hands the runtime: kernel text and tables of names. Plain data that goes to JSON and back."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One scalar quantity as the runtime sees it: its row in the kernel's workspace and what people call it."""

    id: str
    label: str
    kind: str
    base: str
    elements: tuple[str, ...]
    units: str
    doc: str
    hidden: bool


@dataclass(frozen=True)
class Control:
    """INITIAL TIME, FINAL TIME, TIME STEP or SAVEPER as the file has it, after `place` of the rows."""

    id: str
    label: str
    units: str
    place: int


@dataclass(frozen=True)
class Program:
    """A compiled model, before machine code.

    rows      one `Entry` a workspace row: constants, stocks, auxiliaries; row i of the kernel is `rows[i]`
    constants (row, default) of every constant, in the order of the kernel's parameter array
    driven    rows of the constants read from the driven array (time x member) instead, in its order
    tables    (id, xs, ys, extrapolate) of every lookup, in the kernel's order
    controls  the control variables that the file has, in its order
    clock     Python text that computes the control variables which are no fixed numbers; "" where all are
    moving    whether some of them change during a run
    """

    name: str
    hash: str  # of the model file's bytes, the compiler's version and the method
    model_hash: str  # of the model file's bytes alone: what a posterior is tied to
    method: str
    rows: tuple[Entry, ...]
    constants: tuple[tuple[int, float], ...]
    driven: tuple[int, ...]
    tables: tuple[tuple[str, tuple[float, ...], tuple[float, ...], bool], ...]
    subscripts: dict[str, tuple[str, ...]]
    dims: dict[str, tuple[str, ...]]
    views: dict[str, tuple[str, ...]]
    labels: dict[str, str]
    initial_time: float
    final_time: float
    time_step: float
    saveper: float
    kernel: str  # LLVM text
    readable: str  # Python text: the reference, and what `huangpu show` prints
    controls: tuple[Control, ...] = ()
    clock: str = ""
    moving: bool = False
    precision: str = "double"  # or "single": what the kernel computes with
    outputs: tuple[str, ...] = ()  # ids of what it was compiled for alone; () where all of the model is computed
    settled: tuple[str, ...] = ()  # base ids of constants that no run may change, as the order of a delay
    delayed: tuple[tuple[str, str], ...] = ()  # ids of the fixed delays and of how many steps they hold back
    delays: tuple[int, ...] = ()  # of each fixed delay, in order: the most steps that it holds back, 0 if that varies


def to_json(program: Program) -> str:
    """The program as plain JSON; `from_json` gives an equal one back."""
    return json.dumps(dataclasses.asdict(program), ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Program:
    """The program that `to_json` wrote. `ValueError`, `KeyError` or `TypeError` on any other text."""
    data = _tuples(json.loads(text))
    rows = tuple(Entry(**row) for row in data.pop("rows"))
    controls = tuple(Control(**control) for control in data.pop("controls"))
    return Program(rows=rows, controls=controls, **data)


def _tuples(value):
    """Lists inside, at any depth, as tuples."""
    match value:
        case list():
            return tuple(map(_tuples, value))
        case dict():
            return {key: _tuples(inner) for key, inner in value.items()}
    return value
