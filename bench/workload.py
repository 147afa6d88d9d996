"""What every engine is given: a model, which constants differ from member to member, what is saved and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from huangpu.compiler import compile_model
from huangpu.program import Program
from huangpu.runtime.ensemble import Runner, Saving, points, step_times

VARIED, SAVED = 10, 5
SPREAD = 0.01  # members' constants lie within 1 % of the model's own: every member stays a sensible run


@dataclass(frozen=True)
class Workload:
    """`varied` constants and `saved` variables by id, none with subscripts; saved at `times`."""

    name: str
    path: Path
    program: Program
    varied: tuple[str, ...]
    saved: tuple[str, ...]
    times: np.ndarray

    @property
    def steps(self) -> int:
        return len(step_times(self.program)) - 1

    def label(self, id: str) -> str:
        """The name in the model file."""
        return next(row.label for row in self.program.rows if row.id == id)

    def what(self, members: int, threads: int = 1) -> str:
        """The sentence that says what is the same for all that are compared."""
        varied, saved = len(self.varied), len(self.saved)
        return (
            f"same model ({self.name}), {_many(members, 'member')}, {_many(varied, 'constant')} varied, "
            f"{_many(saved, 'variable')} saved at {_many(len(self.times), 'time')}, {_many(threads, 'thread')}"
        )


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def workload(name: str, path: Path, *, varied=None, saved=None, every: float | None = None) -> Workload:
    """A model's workload: what is varied and saved is spread over the file, or as given; saved `every` so much time."""
    program = compile_model(path)
    driven = set(program.driven)
    if varied is None:
        constants = [row for row, value in program.constants if value and row not in driven]
        varied = _spread([program.rows[row].id for row in constants if not program.rows[row].elements], VARIED)
    if saved is None:
        plain = [row for row in program.rows if not row.elements and not row.hidden]
        saved = _spread([row.id for row in plain if row.kind == "stock"], 2)
        saved += _spread([row.id for row in plain if row.kind == "auxiliary"], SAVED - len(saved))
    grid = step_times(program)
    stride = max(1, round((every or program.saveper) / program.time_step))
    return Workload(name, Path(path), program, tuple(varied), tuple(saved), grid[::stride])


def _spread(items: list, count: int) -> list:
    """`count` of the items, evenly from the first to the last."""
    if len(items) <= count:
        return items
    return [items[round(k * (len(items) - 1) / (count - 1))] for k in range(count)]


def draw(work: Workload, members: int) -> np.ndarray:
    """Values of the varied constants, (varied, members); member k is the same whatever the number of members."""
    own = {work.program.rows[row].id: value for row, value in work.program.constants}
    moves = np.random.default_rng(1).uniform(-SPREAD, SPREAD, (members, len(work.varied))).T
    return np.array([own[id] for id in work.varied])[:, None] * (1.0 + moves)


def saving(work: Workload) -> Saving:
    slot, weight = points(work.program, work.times)
    return Saving(work.saved, slot, weight)


def kernel(work: Workload, values: np.ndarray, threads: int = 1) -> Callable[[], np.ndarray]:
    """Our own engine: a call that runs all members and returns (saved, times, members)."""
    runner = Runner(work.program, [saving(work)], parameters=work.varied, threads=threads)
    return lambda: runner.run(values)[0]
