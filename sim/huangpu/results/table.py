"""The scorecard in a terminal. Reads well from 100 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from huangpu.results.scorecard import NOT_MODELLED, PRIOR_ONLY, Score
from huangpu.results.wording import amount, chance_with_error, goal

THEMES = {
    "output": "Output",
    "structure": "Structure",
    "investment": "Investment",
    "robots": "Robots",
    "digital": "Digital",
    "energy_green": "Energy and green",
    "innovation": "Innovation",
    "enterprises": "Enterprises",
    "land_space": "Land and space",
    "finance": "Finance",
    "services": "Services",
    "talent": "Talent",
    "other": "Other",
}

WIDTHS = (24, 25, 13, 10)  # goal, projected, probability, figures


def scorecard_table(scores: Sequence[Score], title: str) -> Group:
    """The scorecard as rich shows it: scored targets by theme, then what stands behind them and what is left out."""
    scored = [score for score in scores if score.status != NOT_MODELLED]
    lines: list[RenderableType] = [Text(title, style="bold"), Text()]
    lines.append(_row("Target, and what it is taken to mean", "Goal", "Projected, 90 %", "Probability", "Figures"))
    for theme in dict.fromkeys([*THEMES, *(score.theme for score in scored)]):
        rows = [score for score in scored if score.theme == theme]
        if rows:
            lines.append(Text(THEMES.get(theme, theme), style="bold cyan"))
        for score in rows:
            lines += _lines(score)
    return Group(*lines, Text(), *_footer(scores, scored))


def print_scorecard(scores: Sequence[Score], title: str, console: Console | None = None) -> None:
    (console or Console()).print(scorecard_table(scores, title))


def _row(first: str | Text, *cells: str | Text) -> Table:
    """One line of the table. The first column takes the room that the others leave."""
    row = Table.grid(expand=True, padding=(0, 2, 0, 0), pad_edge=False)
    row.add_column(ratio=1)
    for width in WIDTHS:
        row.add_column(justify="right", width=width)
    row.add_row(first, *cells)
    return row


def _lines(score: Score) -> list[RenderableType]:
    """Two lines a target: its name and reading over the full width, then its numbers in their columns."""
    name = Text(score.label)
    name.append(f" – {score.reading}", style="dim")
    interval = Text(amount(score.median, score.unit), style="bold")
    interval.append(f" ({amount(score.p05, score.unit)} to {amount(score.p95, score.unit)})", style="not bold")
    behind = Text(PRIOR_ONLY, style="yellow") if score.status == PRIOR_ONLY else Text(str(score.observations))
    numbers = _row(
        Text(f"    {score.years}", style="dim"),
        goal(score.operator, score.threshold, score.threshold_high, score.unit),
        interval,
        Text(chance_with_error(score.probability, score.mc_error, score.effective_members), style="bold"),
        behind,
    )
    return [Padding(name, (0, 0, 0, 2)), numbers]


def _footer(scores: Sequence[Score], scored: Sequence[Score]) -> list[RenderableType]:
    lines: list[RenderableType] = []
    if scored:
        lines.append(
            Text(
                f"Median and 90 % interval of {scored[0].members:,} members; ± is one Monte-Carlo standard error. "
                "Figures: reported figures that the quantity was fitted to; prior only: none, so the odds are those "
                "of the assumptions.",
                style="dim",
            )
        )
    lines += [Text(f"{score.label}: {score.note}", style="yellow") for score in scored if score.bad_members]
    left = [score for score in scores if score.status == NOT_MODELLED]
    if left:
        lines += [Text(), Text(f"Not modelled yet: {len(left)} of {len(scores)} targets", style="bold")]
    for reason in dict.fromkeys(score.note for score in left):
        rows = [score for score in left if score.note == reason]
        names = "; ".join(f"{score.label} ({_goal(score)})" for score in rows)
        lines.append(Padding(Text.assemble((f"{reason}: ", "italic"), names), (0, 0, 0, 2)))
    return lines


def _goal(score: Score) -> str:
    if score.threshold is None:
        return "no number"
    return goal(score.operator, score.threshold, score.threshold_high, score.unit)
