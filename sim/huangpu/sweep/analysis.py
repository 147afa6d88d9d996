"""From a finished sweep to what moves each output: the measures that suit the design, on a bounded part of the sample.

Read output by output, so memory does not grow with their number; a sample larger than `MOST` allows is used in part,
and how much was used is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from huangpu.sweep import effects, indices
from huangpu.sweep.convergence import Step, Verdict, judge, sizes
from huangpu.sweep.designs import Design
from huangpu.sweep.given_data import given_data, pawn_alone
from huangpu.sweep.indices import Indices, nothing

if TYPE_CHECKING:
    import xarray as xr

MOST = 2**24  # numbers of a sample held at once: 128 MiB
SAMPLE = 2**15  # members that given-data measures use; their cost grows with it, their answer hardly
RUNS = 16  # runs of neighbouring members that such a part is taken from, evenly over the sweep


CHANCE = "no factor stands out from chance"

Find = Callable[[np.ndarray | None, np.ndarray, Design], Indices]


@dataclass(frozen=True)
class Method:
    """lead    the measure that ranks the factors
    measures all, the leading one first
    block   members that belong together, of a design; called: what such blocks are
    find    inputs (members, factors), outputs (members,), design -> indices; quick: the leading measure alone
    inputs  whether it reads what the members had
    part    how a part of the sample is taken: its first blocks, spread members, or not at all
    least   blocks below which a part is not tried
    tolerance as in `convergence.judge`
    """

    lead: str
    measures: tuple[str, ...]
    block: Callable[[Design], int]
    find: Find
    quick: Find
    called: str = "members"
    inputs: bool = True
    part: str = "none"
    least: int = 0
    tolerance: float = np.inf


def _sobol(x, y, design: Design) -> Indices:
    return indices.sobol(y, len(design.factors), second_order=design.second_order, seed=design.seed)


def _sobol_quick(x, y, design: Design) -> Indices:
    """Without the members of second order, which ST does not read."""
    groups = y.reshape(-1, design.group)
    kept = np.delete(groups, np.s_[len(design.factors) + 1 : -1], axis=1)
    return indices.sobol(kept.ravel(), len(design.factors), second_order=False, seed=design.seed)


def _group(design: Design) -> int:
    return design.group


def _morris(x, y, design: Design) -> Indices:
    return indices.morris(x, y, levels=design.levels, seed=design.seed)


def _fast(x, y, design: Design) -> Indices:
    return indices.fast(y, len(design.factors), seed=design.seed)


def _given(x, y, design: Design) -> Indices:
    return given_data(x, y, seed=design.seed)


def _given_quick(x, y, design: Design) -> Indices:
    return pawn_alone(x, y, seed=design.seed)


def _alone(x, y, design: Design) -> Indices:
    return effects.one_at_a_time(x, y)


def _factorial(x, y, design: Design) -> Indices:
    return effects.factorial(x, y)


def _one(design: Design) -> int:
    return 1


GIVEN = Method(
    "pawn", ("pawn", "delta", "rank", "pawn_floor"), _one, _given, _given_quick, part="spread", least=250, tolerance=0.2
)
# design kind -> its method. Screening by Morris asks for less: it is for the order, with tens of trajectories
METHODS: Mapping[str, Method] = {
    "sobol": Method(
        "ST",
        ("ST", "S1"),
        _group,
        _sobol,
        _sobol_quick,
        called="groups",
        inputs=False,
        part="first",
        least=32,
        tolerance=0.1,
    ),
    "morris": Method(
        "mu_star",
        ("mu_star", "mu", "sigma"),
        _group,
        _morris,
        _morris,
        called="trajectories",
        part="first",
        least=4,
        tolerance=0.25,
    ),
    "fast": Method("ST", ("ST", "S1"), _one, _fast, _fast, called="curves", inputs=False),
    "one_at_a_time": Method("swing", effects.MEASURES, _one, _alone, _alone),
    "factorial": Method("swing", (*effects.MEASURES, "S1"), _one, _factorial, _factorial),
    "latin": GIVEN,
    "posterior": GIVEN,
    "file": GIVEN,
}


@dataclass(frozen=True)
class Finding:
    """Of one output: its indices, the growing parts they were tried on, the verdict, and members used of how many."""

    output: int
    indices: Indices
    steps: tuple[Step, ...]
    verdict: Verdict
    members: int
    of: int


def analyse(
    data: xr.Dataset, design: Design, progress: Callable[[int, int], None] | None = None
) -> tuple[Finding, ...]:
    """A finding an output. data: inputs (member, factor), outputs (member, output), as a sweep's store is read."""
    method = METHODS[design.kind]
    total, count = data["outputs"].shape
    rows = _rows(method, design, total)
    if rows is None:
        return tuple(_too_large(method, design, output, total) for output in range(count))
    x = _read(data["inputs"], rows) if method.inputs else None
    found = []
    for output in range(count):
        found.append(_finding(method, design, x, _read(data["outputs"], rows, output), output, total))
        if progress:
            progress(output + 1, count)
    return tuple(found)


def _rows(method: Method, design: Design, total: int) -> list[slice] | None:
    """The members that are used, as runs of neighbours; None where all are needed and cannot be held."""
    width = len(design.factors) if method.inputs else 1
    if method.part == "spread":
        most = min(SAMPLE, max(MOST // width, RUNS))
        if total <= most:
            return [slice(0, total)]
        starts = np.linspace(0, total - most // RUNS, RUNS).astype(int)
        return [slice(int(start), int(start) + most // RUNS) for start in starts]
    block = method.block(design)
    blocks = total // block
    if total * width <= MOST:
        return [slice(0, blocks * block)]
    if method.part == "none":
        return None
    return [slice(0, 2 ** int(np.log2(MOST // (width * block))) * block)]


def _read(variable: xr.DataArray, rows: Sequence[slice], column: int | None = None) -> np.ndarray:
    chosen = variable if column is None else variable[:, column]
    return np.concatenate([np.asarray(chosen[run].values, dtype=float) for run in rows])


def _finding(method: Method, design: Design, x: np.ndarray | None, y: np.ndarray, output: int, total: int) -> Finding:
    whole = method.find(x, y, design)
    steps = [_step(method, design, whole, len(y))]
    if method.part != "none" and not np.isnan(whole.values[method.lead]).all():
        block = method.block(design)
        for size in reversed(sizes(len(y) // block, method.least)[:-1]):
            part = _part(method, len(y), size * block)
            found = method.quick(None if x is None else x[part], y[part], design)
            if not np.isnan(found.values[method.lead]).all():  # a target that few members meet may not move in a part
                steps.insert(0, _step(method, design, found, size * block))
        verdict = judge(steps, method.tolerance, design.kind == "sobol")
        if "pawn_floor" in whole.values and _chance(whole):
            verdict = Verdict(None, verdict.width, None, CHANCE)
    else:
        there = not np.isnan(whole.values[method.lead]).all()
        verdict = Verdict(None, np.nan, None, _unasked(design.kind) if there else "")
    return Finding(output, whole, tuple(steps), verdict, len(y), total)


def _chance(found: Indices) -> bool:
    """Whether no interval of PAWN lies above what factors without effect have."""
    lowest = found.values["pawn"] - np.nan_to_num(found.half["pawn"])
    return bool((lowest <= found.values["pawn_floor"]).all())


def _part(method: Method, members: int, size: int) -> slice:
    return slice(0, size) if method.part == "first" else slice(0, None, members // size)


def _step(method: Method, design: Design, found: Indices, members: int) -> Step:
    return Step(max(members // method.block(design), 1), members, found.values[method.lead], found.half[method.lead])


def _unasked(kind: str) -> str:
    match kind:
        case "one_at_a_time" | "factorial":
            return "exact on its grid"
        case "fast":
            return "a search curve has no parts: compare with a sweep twice the size"
    return ""


def _too_large(method: Method, design: Design, output: int, total: int) -> Finding:
    note = f"{total:,} members are more than the analysis of this design can hold"
    empty = nothing(method.measures, len(design.factors), 0, 0, note)
    return Finding(output, empty, (), Verdict(None, np.nan, None, "no indices"), 0, total)
