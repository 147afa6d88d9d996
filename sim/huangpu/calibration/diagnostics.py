"""Whether the chains agree, how many independent draws they are worth and whether walkers are lost, by ArviZ."""

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
LOST = 5.0  # standard deviations of log density below all others, in their median, from which a walker counts as lost
MAD = 1.4826  # standard deviations of a normal distribution in a median absolute deviation


@dataclass(frozen=True, slots=True)
class Convergence:
    """R-hat and effective sample sizes (bulk and tail) of one parameter; a size of 0 is one that cannot be told."""

    name: str
    rhat: float
    ess: float
    ess_tail: float

    @property
    def good(self) -> bool:
        return self.rhat <= RHAT and min(self.ess, self.ess_tail) >= ESS


@dataclass(frozen=True, slots=True)
class Walkers:
    """How many there are; still: those that never moved; lost: those whose log density stays far below the others'."""

    count: int
    still: int
    lost: int

    @property
    def good(self) -> bool:
        return not self.still and not self.lost


def convergence(names: Sequence[str], coordinates: np.ndarray) -> tuple[Convergence, ...]:
    """One row a parameter, worst R-hat first. coordinates (ensemble, step, walker, parameter).

    R-hat is rank-normalised and folded. It takes the walkers of an ensemble together as one chain and compares the
    early and the late half of each with all others: that is nested R-hat (Margossian et al. 2024), which sees whether
    ensembles that started apart have met, by the mean of many walkers; comparing walkers one by one would ask each to
    be long. For the sample size each walker is a chain, and one that hardly moves is worth a draw or two: enough of
    those pass, so it is R-hat that must see that they have not forgotten where they started.
    """
    ensembles, steps, walkers, _ = coordinates.shape
    found = []
    for k, name in enumerate(names):
        own = coordinates[..., k]
        rhat = array_stats.rhat(own.reshape(ensembles, steps * walkers), method="rank")
        by_walker = own.transpose(0, 2, 1).reshape(ensembles * walkers, steps)
        sizes = [array_stats.ess(by_walker, method=m, prob=p) for m, p in (("bulk", None), ("tail", (0.05, 0.95)))]
        found.append(Convergence(name, float(rhat), *(float(np.nan_to_num(size)) for size in sizes)))
    return tuple(sorted(found, key=lambda c: (-c.rhat, c.ess)))


def walkers(coordinates: np.ndarray, log_density: np.ndarray) -> Walkers:
    """coordinates (ensemble, step, walker, parameter) and log_density (ensemble, step, walker) of what was kept."""
    still = np.all(coordinates == coordinates[:, :1], axis=(1, 3))
    middle = np.median(log_density)
    spread = MAD * np.median(np.abs(log_density - middle))
    lost = np.median(log_density, axis=1) < middle - LOST * spread
    return Walkers(still.size, int(still.sum()), int(lost.sum()))


def converged(rows: Sequence[Convergence], found: Walkers) -> bool:
    return found.good and all(row.good for row in rows)


def print_convergence(rows: Sequence[Convergence], found: Walkers, console: Console, *, shown: int = 12) -> None:
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
    console.print(verdict(rows, found), highlight=False)


def verdict(rows: Sequence[Convergence], found: Walkers) -> str:
    """Whether R-hat, sample sizes and walkers are as they should be, how many are not, and what to do."""
    worst, fewest = max(r.rhat for r in rows), min(min(r.ess, r.ess_tail) for r in rows)
    summary = (
        f"largest R-hat {worst:.4f}, smallest effective sample {fewest:,.0f}; of {found.count:,} walkers "
        f"{found.still:,} never moved, {found.lost:,} stayed far below the others"
    )
    bad = sum(not row.good for row in rows)
    if converged(rows, found):
        return f"Converged: {summary}."
    if not bad:
        what, advice = "walkers are stuck", "Use a longer --burn, which brings them home, and another --seed."
    else:
        what = f"{bad} of {len(rows)} parameters have R-hat above {RHAT} or ESS below {ESS}"
        advice = "Use twice the --burn and --steps; where R-hat stays, ensembles sit on different maxima."
    return f"NOT converged: {what}; {summary}. {advice}"
