"""What one core could do at most, to read the figures against: a roofline.

The arithmetic a member-step needs is counted in the ordered model, one operation for each + - * comparison, choice;
divisions apart, for they have a unit of their own. Functions count as the fewest operations that such formulas take,
a lookup as a search through its knots in a register, three choices and a line. Each variable is written once a step
and read once, through the smallest cache that holds one vector of members; a model whose variables fit into the
registers moves nothing. Probes in C measure how fast this machine does each; the slowest of the three is the ceiling of
the model as it is written: who replaces a division by a product may pass it.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bench.clock import CPU, in_turns
from bench.gcc import HERE, build
from bench.rows import Row, figure
from bench.setting import Setting
from bench.workload import Workload, draw, kernel
from huangpu.compiler import ordered_model
from huangpu.compiler.order import parts
from huangpu.ir import Call, Expr, Interpolate, Name, Ordered

# fewest operations: reduction, a polynomial of the degree that double needs, putting together; divisions apart
FUNCTIONS = {"exp": 16, "ln": 22, "pow": 40, "sin": 20, "cos": 20, "tan": 30, "arcsin": 25, "arccos": 25, "arctan": 25}
FUNCTIONS |= {"sinh": 30, "cosh": 30, "tanh": 30, "mod": 10, "quantum": 4, "xidz": 3, "zidz": 3, "min": 1, "max": 1}
DIVIDES = ("div", "xidz", "zidz", "quantum", "mod", "sqrt", "tan", "tanh")
REGISTERS = 32
L1, L2 = 1 << 10, 1 << 15  # doubles in each of the probe's two arrays: 16 KiB together, and 512 KiB
CHAINS = 12  # as in probe.c


@dataclass(frozen=True)
class Work:
    """Of one member-step: operations, divisions, bytes to and from the workspace; `rows` of the workspace."""

    operations: int
    divisions: int
    bytes: int
    rows: int


def count(ordered: Ordered) -> Work:
    variables = {v.id: v for v in ordered.model.variables}
    stocks = [v for v in ordered.model.variables if v.kind == "stock"]
    knots = {t.id: len(t.xs) for t in ordered.model.tables}
    equations = [variables[id].equation for id in ordered.step] + [v.equation for v in stocks]
    nodes = [node for equation in equations for node in parts(equation)]
    operations = sum(_operations(node, knots) for node in nodes) + 2 * len(stocks)  # stock + dt * flow
    divisions = sum(isinstance(node, Call) and node.op in DIVIDES for node in nodes)
    read = {node.id for node in nodes if isinstance(node, Name)} | {v.id for v in stocks}
    return Work(operations, divisions, 8 * (len(read) + len(equations)), len(variables) + len(stocks))


def _operations(node: Expr, knots: dict[str, int]) -> int:
    match node:
        case Interpolate(table, _):
            return 2 + math.ceil(math.log2(max(2, knots[table]))) + 3 + 3
        case Call("div" | "sqrt", _):
            return 0
        case Call(op, _):
            return FUNCTIONS.get(op, 1)
    return 0


def measure(setting: Setting) -> Iterator[Row]:
    library = build(HERE / "probe.c", setting.folder / "probe.so")
    probes = _probes(library, setting)
    yield figure("machine.arithmetic", "G operations/s", probes["arithmetic"] / 1e9, "x * a + b, not fused, 1 core")
    yield figure("machine.division", "G divisions/s", probes["division"] / 1e9)
    for cache in ("l1", "l2"):
        yield figure(f"machine.{cache}", "GB/s", probes[cache] / 1e9, "scaled copy, read and written, 1 core")
    peak = {name: float(np.median(values)) for name, values in probes.items()} | {"lanes": library.lanes()}
    for work in setting.models():
        yield from _roofline(work, peak, setting)


def _probe(library: ctypes.CDLL, name: str, rounds: int) -> Callable[[], object]:
    function = getattr(library, name)
    return lambda: function(ctypes.c_long(rounds))


def _copy(library: ctypes.CDLL, rounds: int, size: int) -> Callable[[], object]:
    arrays = np.ones(2 * size + 8)
    start = arrays.ctypes.data + (-arrays.ctypes.data % 64)
    return lambda kept=arrays: library.scale(rounds, size, start, start + 8 * size)


def _roofline(work: Workload, peak: dict[str, float], setting: Setting) -> Iterator[Row]:
    needs = count(ordered_model(work.path))
    ways = {"arithmetic": needs.operations / peak["arithmetic"], "division": needs.divisions / peak["division"]}
    if needs.rows > REGISTERS:
        cache = "l1" if needs.rows * 8 * peak["lanes"] <= _l1_bytes() else "l2"
        ways[cache] = needs.bytes / peak[cache]
    slowest = max(ways, key=ways.get)
    most = 1e-6 / ways[slowest]
    yield Row(f"{work.name}.ceiling", most, "million member-steps/s", f"bound by {slowest}; {_text(needs, ways)}")
    call = kernel(work, draw(work, setting.members))
    rate = setting.members * work.steps / in_turns({"call": call}, setting.rounds)["call"] / 1e6
    against = f"the ceiling of this machine; {work.what(setting.members)}"
    yield figure(f"{work.name}.of_ceiling", "million member-steps/s", rate, against, most)


def _text(needs: Work, ways: dict[str, float]) -> str:
    counted = f"{needs.operations:,} operations, {needs.divisions:,} divisions, {needs.bytes:,} bytes a member-step"
    return f"{counted} take at least {', '.join(f'{s * 1e9:.1f} ns ({way})' for way, s in ways.items())}"


def _l1_bytes() -> int:
    try:
        return os.sysconf("SC_LEVEL1_DCACHE_SIZE") or 32768
    except (ValueError, OSError, AttributeError):
        return 32768


def _probes(library: ctypes.CDLL, setting: Setting) -> dict[str, np.ndarray]:
    """Operations, divisions and bytes a second."""
    lanes = library.lanes()
    library.scale.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    rounds = {"arithmetic": 2_000_000, "division": 100_000, "l1": 40_000, "l2": 1_000}
    calls = {name: _probe(library, name, rounds[name]) for name in ("arithmetic", "division")}
    amount = {name: CHAINS * lanes * rounds[name] for name in calls}
    amount["arithmetic"] *= 2
    for name, size in (("l1", L1), ("l2", L2)):
        calls[name] = _copy(library, rounds[name], size)
        amount[name] = 16 * size * rounds[name]
    return {name: amount[name] / seconds for name, seconds in in_turns(calls, setting.rounds, clock=CPU).items()}
