"""A run whose paths are never kept: members go through the kernel in leaves, each leaf at once becomes a few numbers.

Memory is needed for the answers and for a few leaves, not for the members. A leaf is `LEAF` members, from a multiple of
`LEAF` on, whatever the machine; leaves are joined in a binary tree whose shape depends on their number alone. So the
answers have the same bits for any number of threads, in whatever order leaves are done. What is made of a leaf is in
`reducers.py` (moments, hits, scores) and `sketch.py` (quantiles); annual aggregates are made before, by a `Saving`.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import numpy as np

from huangpu.program import Program
from huangpu.runtime.drivers import Noise, Schedule
from huangpu.runtime.ensemble import Inputs, Progress, Runner, Saving, available_threads, parameter_rows

LEAF = 1024  # members; another number would be other bits

LeafInputs = Callable[[int, int], Inputs]  # (first member, count) -> the inputs of these members alone


@dataclasses.dataclass(frozen=True)
class Reducer:
    """What is made of the members, in three functions.

    leaf    (arrays, first) -> part: the savings' arrays (names, slots, count) of members first, first + 1, ...; the
            arrays are its to keep, several threads call it at once
    join    (part, next part) -> part of both
    result  part of all -> answer
    """

    leaf: Callable[[Sequence[np.ndarray], int], Any]
    join: Callable[[Any, Any], Any]
    result: Callable[[Any], Any]


def reduce(
    program: Program,
    size: int,
    inputs: LeafInputs,
    savings: Sequence[Saving],
    reducers: Sequence[Reducer],
    *,
    final_time: float | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list:
    """Run members 0 ... size - 1 and return the answer of each reducer.

    `inputs` gives a leaf's inputs when its turn comes: `slices` of arrays, or a function that draws them (its numbers
    may depend on the first member alone, for leaves are asked for in any order, by several threads at once). Where
    noise counts members, a leaf's first is added to the `first_member` that it gives.
    ValueError: as `simulate`, no members, inputs of another size than asked for.
    """
    if size < 1:
        raise ValueError(f"a run needs at least one member, not {size}")
    count = -(-size // LEAF)
    trees = [_Tree(reducer.join, count) for reducer in reducers]
    leaves, taking, done = iter(range(count)), threading.Lock(), [0]

    def work() -> None:
        runner = _Runner(program, savings, final_time)
        while True:
            with taking:
                leaf = next(leaves, None)
            if leaf is None:
                return
            first = leaf * LEAF
            members = min(LEAF, size - first)
            arrays = runner.run(inputs(first, members), first, members)
            parts = [reducer.leaf(arrays, first) for reducer in reducers]
            with taking:
                for tree, part in zip(trees, parts, strict=True):
                    tree.add(leaf, part)
                done[0] += members
                if progress:
                    progress(done[0], size)

    workers = max(1, min(threads or available_threads(), count))
    with ThreadPoolExecutor(workers) as pool:
        try:
            for future in as_completed([pool.submit(work) for _ in range(workers)]):
                future.result()
        finally:  # also when interrupted: the others end after their leaf
            with taking:
                leaves = iter(())
    return [reducer.result(tree.whole()) for reducer, tree in zip(reducers, trees, strict=True)]


def slices(inputs: Inputs) -> LeafInputs:
    """Leaves of inputs that exist as arrays."""

    def cut(values, first: int, count: int):
        match values:
            case Schedule(profiles, weights):
                return Schedule(profiles, np.asarray(weights)[:, first : first + count])
            case Noise(_, sd, _, tau, around):
                parts = {"sd": sd, "tau": tau, "around": around}
                return dataclasses.replace(values, **{name: cut(part, first, count) for name, part in parts.items()})
            case None:
                return None
            case _ if np.ndim(values):
                return np.asarray(values)[..., first : first + count]
        return values

    def leaf(first: int, count: int) -> Inputs:
        parameters = {id: cut(values, first, count) for id, values in inputs.parameters.items()}
        driven = {id: cut(values, first, count) for id, values in inputs.driven.items()}
        return dataclasses.replace(inputs, size=count, parameters=parameters, driven=driven)

    return leaf


class _Runner:
    """One thread's `Runner`, made when the names of the parameters are first known."""

    def __init__(self, program: Program, savings: Sequence[Saving], final_time: float | None):
        self._make = lambda names: Runner(program, savings, parameters=names, final_time=final_time, threads=1)
        self._names: tuple[str, ...] | None = None
        self._runner: Runner | None = None

    def run(self, inputs: Inputs, first: int, members: int) -> list[np.ndarray]:
        if inputs.size != members:
            raise ValueError(f"inputs of {inputs.size} members were given where {members} were asked for")
        names = tuple(inputs.parameters)
        if self._runner is None or names != self._names:
            self._names, self._runner = names, self._make(names)
        return self._runner.run(
            parameter_rows(inputs), inputs.driven, tables=inputs.tables, first_member=inputs.first_member + first
        )


class _Tree:
    """Joins neighbours as soon as both are there: parts 2k and 2k + 1 of a level become part k of the next.

    So few parts wait at a time, their number growing as the logarithm of the leaves'.
    """

    def __init__(self, join: Callable[[Any, Any], Any], leaves: int):
        self._join, self._leaves = join, leaves
        self._waiting: dict[tuple[int, int], Any] = {}

    def add(self, place: int, part: Any) -> None:
        level = 0
        while (level, place ^ 1) in self._waiting:
            other = self._waiting.pop((level, place ^ 1))
            part = self._join(other, part) if place & 1 else self._join(part, other)
            level, place = level + 1, place >> 1
        self._waiting[level, place] = part

    def whole(self) -> Any:
        """All in one; what found no neighbour is joined from the last, smallest part on."""
        parts = list(self._last_first())
        whole = parts[0]
        for part in parts[1:]:
            whole = self._join(part, whole)
        return whole

    def _last_first(self) -> Iterator[Any]:
        for level in range(self._leaves.bit_length()):
            if self._leaves >> level & 1:
                yield self._waiting[level, (self._leaves >> level) - 1]
