"""Seconds of calls that take turns.

The machine's speed wobbles, so what is compared is measured in the same process in turns, and ratios are taken round by
round. One thread is timed in CPU seconds of the process, which other work on the machine disturbs least; several
threads and whole commands are timed by the wall.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping

import numpy as np

CPU, WALL = time.process_time, time.perf_counter
Call = Callable[[], object]


def in_turns(calls: Mapping[str, Call], rounds: int, *, clock=CPU, warm: bool = True) -> dict[str, np.ndarray]:
    """Seconds of every call in every round, {name: (rounds,)}; who goes first changes. `warm`: once before, untimed."""
    names = list(calls)
    if warm:
        for call in calls.values():
            call()
    seconds: dict[str, list[float]] = {name: [] for name in names}
    enabled = gc.isenabled()
    gc.disable()
    try:
        for round_ in range(rounds):
            first = round_ % len(names)
            for name in names[first:] + names[:first]:
                start = clock()
                calls[name]()
                seconds[name].append(clock() - start)
    finally:
        if enabled:
            gc.enable()
    return {name: np.array(values) for name, values in seconds.items()}
