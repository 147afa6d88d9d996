"""Which figure to collect next, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from huangpu.collect import Gain

BEST = 12  # figures that are shown over all targets
EACH = 3  # and for each target
LEAST = 0.001  # change of a probability that is worth a line


def print_gains(found: Sequence[Gain], title: str, console: Console) -> None:
    """The figures that tell most over all targets, then the best for each; what chance could do is left out."""
    console.print(Text(title, style="bold"))
    if not any(gain.tells_odds or gain.tells_value for gain in found):
        console.print("No figure is expected to tell more than chance would.")
        return
    console.print(_overall([gain for gain in found if _tells_odds(gain)]), Text(), _by_target(found), Text())
    words = (
        "Expected before the figure is known. Odds: drop of p (1 − p); change: mean absolute change of the probability "
        "in points; spread: drop of the variance of the number that decides, by its normal scores. What chance alone "
        "could bring is left out. ± after a figure is the reporting error that it is taken to have."
    )
    console.print(Text(words, style="dim"))


def _overall(told: Sequence[Gain]) -> Table:
    groups: dict[tuple[str, int], list[Gain]] = {}
    for gain in told:
        groups.setdefault((gain.quantity, gain.year), []).append(gain)
    table = _table("Figures that tell most of all targets", "Figure", "Targets", "Change, together")
    ranked = sorted(groups.values(), key=lambda gains: -sum(gain.met_change for gain in gains))
    for gains in ranked[:BEST]:
        table.add_row(_named(gains[0]), str(len(gains)), f"{100 * sum(g.met_change for g in gains):.1f} points")
    return table


def _by_target(found: Sequence[Gain]) -> Table:
    table = _table("For each target", "Target and figure", "Odds", "Change", "Spread")
    for _, of_target in groupby(found, key=lambda gain: gain.target_id):
        gains = list(of_target)
        told = [gain for gain in gains if gain.tells_odds or gain.tells_value]
        best = sorted(told, key=lambda g: (-g.met_drop * _tells_odds(g), -g.value_drop))[:EACH]
        table.add_row(Text(f"{gains[0].target} ({100 * gains[0].probability:.0f} %)", style="bold"))
        for gain in best:
            odds, change = f"−{100 * gain.met_drop:.0f} %", f"± {100 * gain.met_change:.1f}"
            spread = f"−{100 * gain.value_drop:.0f} %" if gain.tells_value else ""
            table.add_row(Text(f"  {_named(gain)}"), *((odds, change) if _tells_odds(gain) else ("", "")), spread)
        if not best:
            table.add_row(Text("  no figure tells more than chance would", style="dim"))
    return table


def _tells_odds(gain: Gain) -> bool:
    """And not only of a probability that stays next to 0 or 1."""
    return gain.tells_odds and gain.met_change >= LEAST


def _named(gain: Gain) -> str:
    error = f"{gain.error:.2g} points" if gain.error_in == "points" else f"{100 * gain.error:.2g} %"
    return f"{gain.figure}, {gain.year} (± {error})"


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, expand=True)
    table.add_column(first, ratio=1)
    for name in others:
        table.add_column(name, justify="right")
    return table
