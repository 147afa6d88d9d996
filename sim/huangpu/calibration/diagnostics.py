"""Whether the chains agree and how many independent draws they are worth, by ArviZ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from arviz_stats.base import array_stats
from rich.console import Console
from rich.markup import escape
from rich.table import Table

RHAT = 1.01  # Vehtari et al. (2021): above this chains have not mixed
ESS = 400  # and below this neither R-hat nor quantiles can be trusted


@dataclass(frozen=True, slots=True)
class Convergence:
    """R-hat and effective sample sizes (bulk and tail) of one parameter."""

    name: str
    rhat: float
    ess: float
    ess_tail: float

    @property
    def good(self) -> bool:
        return self.rhat <= RHAT and min(self.ess, self.ess_tail) >= ESS


def convergence(names: Sequence[str], coordinates: np.ndarray) -> tuple[Convergence, ...]:
    """One row a parameter, worst R-hat first. coordinates (ensemble, step, walker, parameter).

    Each ensemble is one chain, since its walkers learn from one another. For R-hat its draws follow in time, so that
    the two halves that are compared are early and late; for the sample size they follow walker by walker, so that
    neighbours are as alike as a walker's steps are.
    """
    ensembles = coordinates.shape[0]
    found = []
    for k, name in enumerate(names):
        in_time = coordinates[..., k].reshape(ensembles, -1)
        by_walker = coordinates[..., k].transpose(0, 2, 1).reshape(ensembles, -1)
        sizes = [
            float(array_stats.ess(by_walker, method=m, prob=p)) for m, p in (("bulk", None), ("tail", (0.05, 0.95)))
        ]
        found.append(Convergence(name, float(array_stats.rhat(in_time, method="rank")), *sizes))
    return tuple(sorted(found, key=lambda c: (-c.rhat, c.ess)))


def print_convergence(rows: Sequence[Convergence], console: Console, *, shown: int = 12) -> None:
    """The worst parameters as a table, then in plain words whether to trust the draws."""
    table = Table(
        title=f"Convergence, the worst {min(shown, len(rows))} of {len(rows)} parameters", title_justify="left"
    )
    table.add_column("parameter")
    for column in ("R-hat", "ESS", "ESS of tails"):
        table.add_column(column, justify="right")
    for row in rows[:shown]:
        table.add_row(escape(row.name), f"{row.rhat:.4f}", f"{row.ess:,.0f}", f"{row.ess_tail:,.0f}")
    console.print(table)
    console.print(verdict(rows), highlight=False)


def verdict(rows: Sequence[Convergence]) -> str:
    """One sentence: whether R-hat and sample sizes are as they should be, and how many are not."""
    worst, fewest = max(r.rhat for r in rows), min(min(r.ess, r.ess_tail) for r in rows)
    summary = f"largest R-hat {worst:.4f}, smallest effective sample {fewest:,.0f}"
    bad = [row for row in rows if not row.good]
    if not bad:
        return f"Converged: {summary}."
    limits = f"R-hat above {RHAT} or ESS below {ESS}"
    return f"NOT converged: {len(bad)} of {len(rows)} parameters have {limits}; {summary}. Use more steps."
