"""Lookups that are not straight lines: how a series of data is read between its points, and Python's words for it.

    look_forward   y of the first point at or after x, beyond the last point its y
    hold_backward  y of the last point at or before x, before the first point its y
    raw            y of a point within `SMALL` of x, nan elsewhere

Each mode is a function of its own beside the straight lines of `python.py` and `vector.py`, so that these stay as they
are; `scan.py` has the kernel's.
"""

from __future__ import annotations

from huangpu.compiler.functions import SMALL, TIME, call
from huangpu.ir import Expr, Number

MODES = {"look_forward": "lookup_forward", "hold_backward": "lookup_backward", "raw": "lookup_raw"}  # -> Python name

PYTHON = {
    "look_forward": '''\
def lookup_forward(x, table):
    """The y of the first point at or after x."""
    xs, ys, _ = (np.asarray(part) for part in table)
    i = np.clip(np.searchsorted(xs, x, side="left"), 0, len(xs) - 1)
    return np.where(np.isnan(x), x, ys[i])
''',
    "hold_backward": '''\
def lookup_backward(x, table):
    """The y of the last point at or before x."""
    xs, ys, _ = (np.asarray(part) for part in table)
    i = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(xs) - 1)
    return np.where(np.isnan(x), x, ys[i])
''',
    "raw": f'''\
def lookup_raw(x, table):
    """The y of a point at x, nan where there is none."""
    xs, ys, _ = (np.asarray(part) for part in table)
    near = np.abs(np.asarray(x)[..., np.newaxis] - xs) <= {SMALL!r}
    i = len(xs) - 1 - np.argmax(near[..., ::-1], axis=-1)
    return np.where(near.any(axis=-1), ys[i], np.nan)
''',
}


def moment(mode: str) -> Expr:
    """The time at which data are read, moved a little so that a point hit but for rounding counts as hit."""
    match mode:
        case "hold_backward":
            return call("add", TIME, Number(SMALL))
        case "look_forward":
            return call("sub", TIME, Number(SMALL))
    return TIME
