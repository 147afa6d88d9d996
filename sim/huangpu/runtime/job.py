"""What a run is told, as `driver.ll` reads it: savings, lookups, the room that fixed delays need, seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from huangpu.program import Program
from huangpu.runtime.arrays import address, check_shape, doubles, find

MAX_RINGS = 2**30  # bytes a thread may set aside for what fixed delays hold back
_ZERO = np.zeros(1)
_NO_RINGS = np.zeros((0, 2), dtype=np.int64)


@dataclass(frozen=True)
class PreparedSaving:
    """A `Saving` as `driver.ll` reads it; `arrays` are what the words point to."""

    words: list[int]
    slots: int
    names: int
    whole: bool  # every slot is written
    arrays: tuple[np.ndarray, ...]

    def output(self, members: int) -> np.ndarray:
        return (np.empty if self.whole else np.zeros)((self.names, self.slots, members))


def prepared_saving(saving, rows: Mapping[str, int], steps: int, program: Program) -> PreparedSaving:
    """saving: an `ensemble.Saving`."""
    picked = np.array([find(name, rows, "variable", program) for name in saving.names], dtype=np.int64)
    slot, weight = np.ascontiguousarray(saving.slot, dtype=np.int64), doubles(saving.weight)
    check_shape("saving", "slot", slot, (steps + 1,))
    check_shape("saving", "weight", weight, (steps + 1,))
    used, firsts = np.unique(slot, return_index=True)
    used, firsts = used[used >= 0], firsts[used >= 0]
    fresh = np.zeros(steps + 1, dtype=np.int64)
    fresh[firsts] = 1
    slots = int(used[-1]) + 1 if len(used) else 0
    arrays = (picked, slot, fresh, weight)
    return PreparedSaving([len(picked), *map(address, arrays)], slots, len(picked), len(used) == slots, arrays)


def check_settled(program: Program, parameters: Sequence[str]) -> None:
    for id in parameters:
        if id.partition("[")[0] in program.settled:
            raise ValueError(
                f"'{id}' cannot be changed by a run: it decides how many stocks the model has. Change the file."
            )


def word(seed: int) -> int:
    """A seed as the int64 of the same bits."""
    if not 0 <= seed < 2**64:
        raise ValueError(f"the seed is {seed}, not a whole number from 0 to 2^64 - 1")
    return seed - 2**64 if seed >= 2**63 else seed


def rings(program: Program, steps: int, block: int) -> np.ndarray:
    """(delays, 2): where each delay's ring begins, counted from the first, and the most steps it may have to hold.

    The memory is only reserved: a block writes to as much of it as its members' own delays need.
    """
    room = np.array([min(longest or steps, max(steps, 1)) for longest in program.delays], dtype=np.int64)
    if 8 * block * room.sum() > MAX_RINGS:
        raise ValueError(
            f"model '{program.name}': its {len(room)} fixed delays may hold back up to {room.max()} steps, which"
            f" takes {8 * block * room.sum() / 2**30:.1f} GiB a thread, more than {MAX_RINGS / 2**30:.0f}. Make the run"
            " shorter or the time step longer, or write the delay times as numbers."
        )
    return np.stack([np.concatenate([[0], np.cumsum(room + 1)[:-1]]), room], axis=1) if len(room) else _NO_RINGS


def ring_rows(rings: np.ndarray) -> int:
    return int(rings[-1].sum()) + 1 if len(rings) else 0


def lookups(tables: Mapping[str, tuple[np.ndarray, np.ndarray, bool]], real: type) -> np.ndarray:
    """All lookups in a row: xs, ys, slopes each; see `vector.lookup` for the last slope."""
    parts = [_ZERO]
    for xs, ys, extrapolate in tables.values():
        with np.errstate(all="ignore"):
            slopes = np.diff(ys) / np.diff(xs)
        last = slopes[-1:] if extrapolate and len(slopes) else _ZERO
        parts += [xs, ys, slopes, last]
    return np.concatenate(parts)[1:].astype(real)
