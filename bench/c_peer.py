"""Engines in C: printed from the ordered model, and SIR by hand. A call returns (saved, times, members)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench import c_printer
from bench.gcc import HERE, build
from bench.workload import Workload, saving
from huangpu.compiler import ordered_model
from huangpu.runtime.ensemble import step_times

_P, _L = ctypes.c_void_p, ctypes.c_long


class Job(ctypes.Structure):
    """`job` of driver.c."""

    _fields_ = (
        *(("members", _L), ("steps", _L), ("dt", ctypes.c_double), ("clock", _P), ("constants", _P), ("strides", _P)),
        *(("profile", _P), ("saved", _L), ("rows", _P), ("slot", _P), ("slots", _L), ("out", _P)),
    )


def printed(work: Workload, folder: Path, *, lanes: int | None = None) -> Callable:
    """Compile the model as C. Returns `prepare(values) -> call`, `values` being (varied, members)."""
    source = folder / f"{work.name}.c"
    source.write_text(c_printer.emit(ordered_model(work.path)), encoding="utf-8")
    library = build(source, folder / f"{work.name}-{lanes or 'native'}.so", lanes=lanes)
    library.workspace.restype = _L
    return lambda values: _prepare(library, work, values)


def _prepare(library: ctypes.CDLL, work: Workload, values: np.ndarray) -> Callable[[], np.ndarray]:
    program, clock, save = work.program, step_times(work.program), saving(work)
    rows = {row.id: k for k, row in enumerate(program.rows)}
    own = np.array([value for _, value in program.constants])
    order = [program.rows[row].id for row, _ in program.constants]
    given = {id: np.ascontiguousarray(row) for id, row in zip(work.varied, values, strict=True)}
    constants = np.array(
        [given[id].ctypes.data if id in given else own.ctypes.data + 8 * k for k, id in enumerate(order)], np.int64
    )
    strides = np.array([id in given for id in order], np.int64)
    profile, picked = np.ones(len(clock)), np.array([rows[id] for id in work.saved], np.int64)
    space = _aligned(library.workspace())
    members, kept = values.shape[1], (own, given)  # what `constants` points to

    def call(kept=kept) -> np.ndarray:
        out = np.empty((len(work.saved), len(work.times), members))
        parts = (clock, constants, strides, profile, picked, save.slot, out)
        clock_, constants_, strides_, profile_, rows_, slot_, out_ = (part.ctypes.data for part in parts)
        job = Job(
            *(members, work.steps, program.time_step, clock_, constants_, strides_, profile_),
            *(len(picked), rows_, slot_, len(work.times), out_),
        )
        library.run(ctypes.byref(job), _P(space.ctypes.data))
        return out

    return call


def _aligned(count: int) -> np.ndarray:
    raw = np.zeros(count + 8)
    return raw[(-raw.ctypes.data % 64) // 8 :]


def by_hand(work: Workload, folder: Path, *, lanes: int | None = None) -> Callable:
    """SIR by hand. Returns `prepare(values) -> call`; values are contact rates and durations, (2, members)."""
    library = build(HERE / "sir.c", folder / f"sir-by-hand-{lanes or 'native'}.so", lanes=lanes)
    real = ctypes.c_double
    library.sir.argtypes = (_L, _L, _L, real, _P, _P, real, real, _P)
    library.sir.restype = None
    own = {work.program.rows[row].id: value for row, value in work.program.constants}
    each = work.steps // (len(work.times) - 1)

    def prepare(values: np.ndarray) -> Callable[[], np.ndarray]:
        contact, duration = (np.ascontiguousarray(row) for row in values)
        members = values.shape[1]

        def call() -> np.ndarray:
            out = np.empty((len(work.saved), len(work.times), members))
            library.sir(
                *(members, work.steps, each, work.program.time_step, contact.ctypes.data, duration.ctypes.data),
                *(own["population"], own["first_cases"], out.ctypes.data),
            )
            return out

        return call

    return prepare
