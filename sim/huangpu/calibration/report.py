"""Prior against posterior for people: a table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from huangpu.calibration.learnt import INFORMED, MOVED, Learnt


def print_learnt(rows: Sequence[Learnt], console: Console) -> None:
    """Every parameter, those that the figures say most about first, then which they say little about."""
    title = "Median and 90 % interval of each parameter, before and after the figures"
    table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    table.add_column("parameter and unit", overflow="fold")
    for column in ("prior", "posterior", "variance\ngone"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in sorted(rows, key=lambda r: (r.informed != "yes", -r.contraction)):
        table.add_row(
            escape(f"{row.parameter}, {row.unit}"),
            _interval(row.prior_median, row.prior_5, row.prior_95),
            _interval(row.posterior_median, row.posterior_5, row.posterior_95),
            f"{max(row.contraction, 0.0):.0%}",
            style=None if row.informed == "yes" else "dim",
        )
    console.print(table)
    console.print(informed_text(rows), highlight=False)
    names = [row.parameter for row in rows if row.informed != "yes"]
    if names:
        console.print(f"Not informed: {', '.join(names)}.", highlight=False, markup=False)


def informed_text(rows: Sequence[Learnt]) -> str:
    """One sentence: of how many parameters the figures say something, by which rule."""
    few = sum(row.informed != "yes" for row in rows)
    return (
        f"The figures inform {len(rows) - few} of {len(rows)} parameters: they take at least {INFORMED:.0%} of the "
        f"prior variance away or move the median by {MOVED} prior sd. The other {few} stay about where they were."
    )


def _interval(median: float, low: float, high: float) -> str:
    return f"{_number(median)} ({_number(low)} to {_number(high)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
