"""What new figures changed, in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from huangpu.results.wording import amount, chance, unit_text
from huangpu.update import Update
from huangpu.update.effects import Change, Effect
from huangpu.update.news import News
from huangpu.update.surprise import Surprise

CAUSES = 3  # figures that are named for a target
SHOWN = 12  # rows of a list that is of no great use beyond its first
LEAST = 0.001  # a Monte-Carlo error in print, a tenth of a point


def print_update(done: Update, plans: Sequence[str], console: Console) -> None:
    """New figures, what each did to the targets of these plans, how far the members can be trusted."""
    for line in [*_figures(done), *_targets(done, plans), *_quality(done)]:
        console.print(line, highlight=False)


def no_news(news: News) -> str:
    """In plain words, where the posterior knows every figure."""
    count = len(news.before.rows)
    return "\n".join([f"No new figure: the posterior has seen all {count} that enter.", *_left(news)])


def _figures(done: Update) -> Iterator[RenderableType]:
    news = done.request.news
    yield Text(f"{len(done.surprises)} new beside {len(news.before.rows)} known figures", style="bold")
    for found in done.surprises:
        o = found.observation
        value = f"{'' if o.bound == '=' else o.bound + ' '}{amount(o.value, o.unit)} {unit_text(o.unit)}"
        yield Text(f"  {o.row_id} {found.label}, {_period(found)}: {value}, {found.text}; published {o.published}")
    for line in _left(news):
        yield Text(f"  {line}", style="dim")


def _left(news: News) -> Iterator[str]:
    for row_id, reason in news.replaced:
        yield f"{row_id} goes: {reason}"
    for row_id, reason in news.refused[:SHOWN]:
        yield f"{row_id} is new but does not enter: {reason}"
    if len(news.refused) > SHOWN:
        yield f"{len(news.refused) - SHOWN} more new rows do not enter; `huangpu figures` says why"


def _targets(done: Update, plans: Sequence[str]) -> Iterator[RenderableType]:
    groups = [step.new for step in done.request.news.steps]
    by_row = {found.observation.row_id: found for found in done.surprises}
    steps = [[by_row[o.row_id] for o in new] for new in groups]
    for plan in plans:
        effects = [effect for effect in done.effects if effect.before.plan == plan]
        told = [effect for effect in effects if effect.change.told]
        yield Text(f"\nTargets of plan {plan}" if len(plans) > 1 else "\nTargets", style="bold")
        for effect in sorted(told, key=lambda e: -abs(e.change.value)):
            yield Padding(Text(f"{effect.before.label}, {effect.before.years}"), (0, 0, 0, 2))
            words = Text(f"{_odds(effect.before)} → {_odds(effect.after)}", style="bold")
            words.append(f" ({_points(effect.change)}): {_because(effect, steps)}", style="not bold")
            yield Padding(words, (0, 0, 0, 4))
        same = [effect for effect in effects if not effect.change.told]
        if same:
            names = "; ".join(f"{effect.before.label} {_odds(effect.after)}" for effect in same)
            yield Padding(Text.assemble(("Unchanged, as far as the members tell: ", "italic"), names), (0, 0, 0, 2))


def _because(effect: Effect, steps: Sequence[Sequence[Surprise]]) -> str:
    """The figures that moved it, the strongest first; with one step, that one."""
    parts = sorted(zip(effect.parts, steps, strict=True), key=lambda pair: -abs(pair[0].value))
    if len(parts) == 1:
        return _named(parts[0][1])
    told = [f"{_points(part)} as {_named(step)}" for part, step in parts if part.told][:CAUSES]
    rest = f"little or nothing by the other {len(parts) - len(told)}" if told else "no figure alone did it"
    return "; ".join([*told, *([rest] if len(told) < len(parts) else [])])


def _named(step: Sequence[Surprise]) -> str:
    """E.g. `2025 came in 1.3 sd low (o0999 Industrial investment)`."""
    return ", ".join(
        f"{_period(found)} {'came in' if found.chance is None else 'has'} {found.text} ({found.observation.row_id} "
        f"{found.label})"
        for found in step
    )


def _period(found: Surprise) -> str:
    o = found.observation
    return str(o.year) if o.period in ("FY", "as_of", "") else f"{o.period} {o.year}" if not o.span else o.period


def _odds(score) -> str:
    return chance(score.probability, score.finest)


def _points(change: Change) -> str:
    """E.g. `−14.2 ± 0.8 points`, the error rounded up."""
    return f"{100 * change.value:+.1f} ± {100 * max(change.error, LEAST):.1f} points".replace("-", "−")


def _quality(done: Update) -> Iterator[RenderableType]:
    size = len(done.draws)
    khat = f"k-hat {done.weights.khat:.2f}" if abs(done.weights.khat) < 10 else "equal weights"
    text = f"\n{size:,} members, weighed by the new figures, are worth {done.weights.effective:,.0f}; {khat}."
    if done.request.earlier < 1:
        text += f" With earlier updates {done.effective:.0%} of the draws that were fitted."
    yield Text(text + " ± is one Monte-Carlo standard error; a change within three is none.", style="dim")
    if done.due:
        yield Group(
            Text("A refit is due: run `huangpu calibrate`.", style="bold yellow"),
            *(Text(f"  {line}") for line in done.due),
        )
