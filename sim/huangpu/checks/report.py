"""Checks for people: as tables and in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from huangpu.checks.recovery import WRONG, Recovery
from huangpu.checks.residuals import FAR, Line, by_metric
from huangpu.update import KHAT


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
    uneven = [line for line in found.lines if line.uneven]
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


def print_residuals(lines: Sequence[Line], console: Console) -> None:
    """A row a metric, the worst first; then the rows that are flagged."""
    exact = np.array([line.z for line in lines if not np.isnan(line.z)])
    title = f"{len(lines)} rows, each foretold from all others; of {len(exact)} z rms {np.sqrt((exact**2).mean()):.2f}"
    table = Table(title=title, title_justify="left")
    table.add_column("metric")
    for column in ("rows", "mean z", "rms z", "largest", "flagged"):
        table.add_column(column, justify="right")
    table.add_column("row of the largest")
    for m in by_metric(lines):
        numbers = ["" if np.isnan(v) else f"{v:+.2f}" for v in (m.z_mean, m.z_rms, m.largest)]
        rows = f"{m.rows}" + (f", {m.bounds} bound{'s' * (m.bounds > 1)}" if m.bounds else "")
        numbers[1] = numbers[1].removeprefix("+")
        table.add_row(escape(m.metric), rows, *numbers, str(m.flagged or ""), escape(m.row_id))
    console.print(table)
    for line in residual_verdict(lines):
        console.print(escape(line), highlight=False)


def residual_verdict(lines: Sequence[Line]) -> tuple[str, ...]:
    """In words: what is flagged, and whose weights cannot be trusted."""
    flagged = [_flag(line) for line in lines if line.flagged]
    unsure = [line.row_id for line in lines if line.khat > KHAT]
    found = [f"Beyond {FAR:g} standard deviations: {', '.join(flagged) or 'none'}."]
    if unsure:
        said = "These rows move the parameters so much that what they would be without them is uncertain, and z with it"
        found.append(f"{said} (k-hat above {KHAT}): {', '.join(unsure)}.")
    return tuple(found)


def _flag(line: Line) -> str:
    return (
        f"{line.row_id} ({line.probability:.1g} of a bound)" if np.isnan(line.z) else f"{line.row_id} ({line.z:+.1f})"
    )
