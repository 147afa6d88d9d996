"""Arrays as the kernel reads them: whole, of the shape that was asked for, at an address. Names that must be known."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import numpy as np

from huangpu.program import Program


def find(id: str, known: Mapping, what: str, program: Program):
    """known[id], or a ValueError that names the nearest."""
    if id in known:
        return known[id]
    near = difflib.get_close_matches(id, list(known), n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    if what == "variable" and program.outputs:
        hint = "; it was compiled for other outputs alone" + hint
    raise ValueError(f"model '{program.name}' has no {what} '{id}'{hint}")


def check_shape(id: str, what: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    """ValueError where an array has another shape."""
    if array.shape != shape:
        raise ValueError(f"'{id}': {what} have shape {array.shape}, not {shape}")


def doubles(values) -> np.ndarray:
    """The values as doubles one after another."""
    return np.ascontiguousarray(values, dtype=float)


def address(array: np.ndarray) -> int:
    """Where its first element is; the caller keeps the array alive."""
    return array.ctypes.data


def aligned(count: int) -> np.ndarray:
    """`count` zeros whose first begins on a multiple of 64 bytes."""
    raw = np.zeros(count + 8)
    skip = (-address(raw) % 64) // 8
    return raw[skip : skip + count]
