"""What the engine should reach, and whether it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.rows import Row


@dataclass(frozen=True)
class Goal:
    """The `ratio` or the `value` of `row`, which `part` measures; `least` where more is better."""

    what: str
    part: str
    row: str
    goal: float
    stretch: float | None = None
    of: str = "ratio"
    least: bool = True
    unit: str = "×"


GOALS = (
    Goal(
        "World3 ensemble against SIMD C printed from the same IR", "peers", "world3.ensemble.against_c_simd", 1.0, 1.4
    ),
    Goal("World3 ensemble against simlin", "peers", "world3.ensemble.against_simlin", 80, 130),
    Goal("World3 ensemble against PySD", "peers", "world3.ensemble.against_pysd", 100_000),
    Goal("own ensemble against SIMD C printed from the same IR", "peers", "own.ensemble.against_c_simd", 1.0, 1.4),
    Goal("own ensemble against simlin", "peers", "own.ensemble.against_simlin", 80, 130),
    Goal("own ensemble against PySD", "peers", "own.ensemble.against_pysd", 100_000),
    Goal("SIR, 1 step in 32 saved, against hand-written C", "peers", "sir.ensemble.against_c_by_hand", 0.25, 0.7),
    Goal("World3, two threads against one", "threads", "world3.two_threads", 1.7, 1.9),
    Goal("own model, two threads against one", "threads", "own.two_threads", 1.7, 1.9),
    Goal(
        *("cold compile of a 250-equation model, after reading", "compile", "generated.equations_250.compile"),
        *(1.5, 0.4, "value", False, " s"),
    ),
    Goal(
        *("compile time, 250 to 5,000 equations, grows as n to the", "compile", "generated.compile_growth"),
        *(1.3, None, "value", False, ""),
    ),
    Goal(
        *("warm `huangpu run --no-plots`, 1,024 members", "command", "command.warm"),
        *(1.0, 0.4, "value", False, " s"),
    ),
    Goal("sweep into a store against the bare kernel, same saved figures", "sweep", "sweep.rate", 0.85, 0.95),
    Goal("sweep, two worker processes against one", "sweep", "sweep.two_workers", 1.7),
    Goal(
        *("World3 against Vensim's saved run, worst column not named #…#", "vensim", "world3.vensim.worst"),
        *(1e-5, None, "value", False, ""),
    ),
    Goal("World3 columns within 1e-6 of it", "vensim", "world3.vensim.within_1e-6", 250, None, "value", True, ""),
)
HEAD = ("what", "goal", "stretch", "measured", "reached", "command")


def table(rows: Mapping[str, Row], *, world3: bool) -> list[tuple[str, ...]]:
    """Lines of the goals table, those of World3 or the others; `-` where a row was not measured."""
    return [_line(goal, rows.get(goal.row)) for goal in GOALS if goal.row.startswith("world3") == world3]


def _line(goal: Goal, row: Row | None) -> tuple[str, ...]:
    value = None if row is None else getattr(row, goal.of)
    command = f"`huangpu bench --only {goal.part}{' --world3 DIR' if goal.row.startswith('world3') else ''}`"
    words = [_number(goal, goal.goal), "-" if goal.stretch is None else _number(goal, goal.stretch)]
    if value is None:
        return (goal.what, *words, "not measured", "-", command)
    better = value >= goal.goal if goal.least else value <= goal.goal
    best = goal.stretch is not None and (value >= goal.stretch if goal.least else value <= goal.stretch)
    reached = "stretch" if best else "yes" if better else "no"
    return (goal.what, *words, f"{short(value)}{goal.unit}", reached, command)


def _number(goal: Goal, value: float) -> str:
    return f"{'≥' if goal.least else '≤'} {short(value)}{goal.unit}"


def short(value: float) -> str:
    """Three significant digits, as people write them."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.1e}" if abs(value) < 1e-3 else f"{value:.3g}"
