"""The scorecard in a terminal. Reads well from 100 columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from huangpu.results.scorecard import HINDSIGHT, LEFT_OUT, PRIOR_ONLY, Answer, Score
from huangpu.results.wording import amount, chance_with_error, goal, unit_text

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


def scorecard_table(answer: Answer, plans: Sequence[str], title: str) -> Group:
    """The scorecard as rich shows it, a part for each of these plans under their default readings: scored targets by
    theme, what stands behind them, alternative readings, and what is left out."""
    lines: list[RenderableType] = [Text(title, style="bold")]
    for plan in plans:
        lines += [Text(), *([Text(f"Plan {plan}", style="bold")] if len(plans) > 1 else [])]
        lines += _plan(answer.of_plan(plan), answer.others(plan))
    return Group(*lines)


def print_scorecard(answer: Answer, plans: Sequence[str], title: str, console: Console | None = None) -> None:
    (console or Console()).print(scorecard_table(answer, plans, title))


def _plan(scores: Sequence[Score], others: Sequence[Score]) -> list[RenderableType]:
    scored = [score for score in scores if score.probability is not None]
    lines: list[RenderableType] = []
    if scored:
        lines.append(_row("Target, and what it is taken to mean", "Goal", "Projected, 90 %", "Probability", "Figures"))
    for theme in dict.fromkeys([*THEMES, *(score.theme for score in scored)]):
        rows = [score for score in scored if score.theme == theme]
        if rows:
            lines.append(Text(THEMES.get(theme, theme), style="bold cyan"))
        for score in rows:
            lines += _lines(score)
    answered = [score for score in others if score.probability is not None]
    return [*lines, *_footer(scored), *_others(answered), *_left(scores)]


def _row(first: str | Text, *cells: str | Text) -> Table:
    """One line of the table. The first column takes the room that the others leave."""
    row = Table.grid(expand=True, padding=(0, 2, 0, 0), pad_edge=False)
    row.add_column(ratio=1)
    for width in WIDTHS:
        row.add_column(justify="right", width=width)
    row.add_row(first, *cells)
    return row


def _lines(score: Score) -> list[RenderableType]:
    """Two lines a target: its name and reading over the full width, then its numbers in their columns. A third for what
    was reported of a target that was due."""
    name = Text(score.label)
    name.append(f" – {score.reading}", style="dim")
    interval = Text(amount(score.median, score.unit), style="bold")
    interval.append(f" ({amount(score.p05, score.unit)} to {amount(score.p95, score.unit)})", style="not bold")
    numbers = _row(
        Text(f"    {score.years}", style="dim"),
        goal(score.operator, score.threshold, score.threshold_high, score.unit),
        interval,
        Text(chance_with_error(score.probability, score.mc_error, score.finest), style="bold"),
        Text(str(score.observations)) if score.observations else Text(PRIOR_ONLY, style="yellow"),
    )
    lines: list[RenderableType] = [Padding(name, (0, 0, 0, 2)), numbers]
    if score.status == HINDSIGHT and score.met:
        lines.append(Padding(Text(_outcome(score), style="magenta"), (0, 0, 0, 4)))
    return lines


def _outcome(score: Score) -> str:
    """E.g. `Outcome: met, 13,212 bn yuan reported (quoted)`."""
    verdict = {"yes": "met", "no": "not met"}.get(score.met, "not known")
    if score.outcome is None:
        return f"Outcome: {verdict}"
    reported = f"{amount(score.outcome, score.unit)} {unit_text(score.unit)} reported"
    return f"Outcome: {verdict}, {reported} ({score.verification})"


def _footer(scored: Sequence[Score]) -> list[RenderableType]:
    if not scored:
        return []
    words = (
        f"Median and 90 % interval of {scored[0].members:,} members; ± is one Monte-Carlo standard error. Figures: "
        "reported figures that the quantity was fitted to; prior only: none, so the odds are those of the assumptions."
    )
    lines: list[RenderableType] = [Text(), Text(words, style="dim")]
    back = sum(score.status == HINDSIGHT for score in scored)
    if back:
        text = f"{back} of {len(scored)} targets were due before the last figure that the model was fitted to: "
        lines.append(Text(f"{text}their odds are a look back with hindsight, no forecast.", style="magenta"))
    return lines + [Text(f"{score.label}: {score.note}", style="yellow") for score in scored if score.bad_members]


def _others(others: Sequence[Score]) -> list[RenderableType]:
    """The alternative readings, a row each."""
    if not others:
        return []
    table = Table(title="Other readings", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.expand = True
    for name in ("Target", "Reading"):
        table.add_column(name, ratio=1)
    for name in ("Threshold", "Median", "Probability"):
        table.add_column(name, justify="right")
    last = ""
    for score in others:
        label = score.label if score.target_id != last else ""
        asked = goal(score.operator, score.threshold, score.threshold_high, score.unit)
        chance = chance_with_error(score.probability, score.mc_error, score.finest)
        table.add_row(label, f"{score.reading} ({score.years})", asked, amount(score.median, score.unit), chance)
        last = score.target_id
    return [Text(), table]


def _left(scores: Sequence[Score]) -> list[RenderableType]:
    """Targets without a probability: how many, and by reason which."""
    left = [score for score in scores if score.probability is None]
    if not left:
        return []
    lines: list[RenderableType] = [Text(), Text(f"Not scored: {len(left)} of {len(scores)} targets", style="bold")]
    for status, note in dict.fromkeys((score.status, score.note) for score in left):
        rows = [score for score in left if (score.status, score.note) == (status, note)]
        names = "; ".join(
            f"{score.label} ({goal(score.operator, score.threshold, score.threshold_high, score.unit)})"
            for score in rows
        )
        reason = note if status == LEFT_OUT else f"{status}, {note}"
        lines.append(Padding(Text.assemble((f"{reason}: ", "italic"), names), (0, 0, 0, 2)))
    return lines
