"""What the engine should reach, and whether it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.rows import Row


@dataclass(frozen=True)
class Goal:
    """`row` of the measurements, its `ratio` or its `value`; `least` where more is better. Numbers as in the table."""

    what: str
    row: str
    goal: float
    stretch: float | None = None
    of: str = "ratio"
    least: bool = True
    unit: str = "×"


GOALS = (
    Goal("World3 ensemble against SIMD C printed from the same IR", "world3.ensemble.against_c_simd", 1.0, 1.4),
    Goal("World3 ensemble against simlin", "world3.ensemble.against_simlin", 80, 130),
    Goal("World3 ensemble against PySD", "world3.ensemble.against_pysd", 100_000),
    Goal("own model's ensemble against SIMD C printed from the same IR", "own.ensemble.against_c_simd", 1.0, 1.4),
    Goal("own model's ensemble against simlin", "own.ensemble.against_simlin", 80, 130),
    Goal("own model's ensemble against PySD", "own.ensemble.against_pysd", 100_000),
    Goal("SIR, 1 step in 32 saved, against hand-written C", "sir.ensemble.against_c_by_hand", 0.25, 0.7),
    Goal("World3, two threads against one", "world3.two_threads", 1.7, 1.9),
    Goal("own model, two threads against one", "own.two_threads", 1.7, 1.9),
    Goal(
        "cold compile of a 250-equation model, after reading",
        *("generated.equations_250.compile", 1.5, 0.4, "value", False, " s"),
    ),
    Goal(
        "compile time from 250 to 5,000 equations grows as n to the",
        *("generated.compile_growth", 1.3, None, "value", False, ""),
    ),
    Goal("warm `huangpu run --no-plots`, 1,024 members", "command.warm", 1.0, 0.4, "value", False, " s"),
    Goal(
        "World3 against Vensim's saved run, worst column not named #…#",
        *("world3.vensim.worst", 1e-5, None, "value", False, ""),
    ),
    Goal("World3 columns within 1e-6 of it", "world3.vensim.within_1e-6", 250, None, "value", True, ""),
)
HEAD = ("what", "goal", "stretch", "measured", "reached")


def table(rows: Mapping[str, Row], *, world3: bool) -> list[tuple[str, ...]]:
    """Lines of the goals table, those of World3 or the others; `-` where a row was not measured."""
    return [_line(goal, rows.get(goal.row)) for goal in GOALS if goal.row.startswith("world3") == world3]


def _line(goal: Goal, row: Row | None) -> tuple[str, ...]:
    value = None if row is None else getattr(row, goal.of)
    words = [_number(goal, goal.goal), "-" if goal.stretch is None else _number(goal, goal.stretch)]
    if value is None:
        return (goal.what, *words, "not measured", "-")
    better = value >= goal.goal if goal.least else value <= goal.goal
    best = goal.stretch is not None and (value >= goal.stretch if goal.least else value <= goal.stretch)
    return (goal.what, *words, f"{short(value)}{goal.unit}", "stretch" if best else "yes" if better else "no")


def _number(goal: Goal, value: float) -> str:
    return f"{'≥' if goal.least else '≤'} {short(value)}{goal.unit}"


def short(value: float) -> str:
    """Three significant digits, as people write them."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.1e}" if abs(value) < 1e-3 else f"{value:.3g}"
