"""Checks for people: as tables and in words."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from huangpu.checks.recovery import WRONG, Recovery


def print_recovery(found: Recovery, console: Console) -> None:
    """Groups as a table, then the least even quantities in words."""
    title = (
        f"{len(found.places)} worlds, {len(found.lines)} quantities, {found.draws:,} draws a fit worth "
        f"{found.worth:,.0f} independent ones"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("group")
    for column in ("quantities", "p, ranks uniform", "50 % interval holds", "90 % interval holds"):
        table.add_column(column, justify="right")
    for name, group in found.groups.items():
        shares = [f"{100 * share:.1f} ± {100 * error:.1f} %" for share, error in group.coverage.values()]
        table.add_row(name, str(group.quantities), f"{group.band.p:.3f}", *shares)
    console.print(table)
    for line in verdict(found):
        console.print(escape(line), highlight=False)


def verdict(found: Recovery, shown: int = 5) -> tuple[str, ...]:
    """In plain words: whether ranks are uniform, and which are least so."""
    small = sum(line.p < WRONG for line in found.lines)
    uneven = [line for line in found.lines if line.p_holm < WRONG]
    least = sorted(found.lines, key=lambda line: line.p)[:shown]
    names = ", ".join(f"{line.name} {line.p:.2g} (corrected {line.p_holm:.2g})" for line in least)
    said = (
        f"Ranks are NOT uniform for {len(uneven)} of {len(found.lines)} quantities, corrected for their number."
        if uneven
        else f"No quantity has ranks that are not uniform, corrected for their number ({len(found.lines)})."
    )
    expected = WRONG * len(found.lines)
    return (
        said,
        f"p below {WRONG}, not corrected: {small}; about {expected:.0f} are to be expected. Smallest: {names}.",
        "Groups: worlds are the witnesses; ± is one standard error over worlds.",
    )
