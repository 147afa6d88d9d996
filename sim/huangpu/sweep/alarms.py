"""What should make a reader of a sweep stop: factors that move nothing, scenarios that are one, members that are no
answer.

A factor is dead for an output that did not change by a single bit in any pair of members that differ in the factor
alone. Sobol's, Morris' and one-at-a-time designs are made of such pairs; for other designs, and for a factor that a
design never moves alone, `PROBED` members are run again with that factor taken from the member before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from huangpu.response import settled
from huangpu.runtime.scenario import ScenarioError, check
from huangpu.sweep.evaluate import evaluate
from huangpu.sweep.plan import Sweep
from huangpu.sweep.review import LISTED, QUARANTINED, Review, write_table

ALARMS = "alarms.csv"
PROBED = 16  # members
FIRST = 5  # of a kind that are written out


@dataclass(frozen=True)
class Alarm:
    """kind: dead, dead_output, unmoved, never, same, outside or not_finite; factor and output: whom it concerns, or
    empty; text: one line for a person."""

    kind: str
    factor: str
    output: str
    text: str

    @property
    def shown(self) -> bool:
        """Whether it goes to the terminal: a factor that moves some outputs and not others is for the table."""
        return self.kind != "dead_output"


def alarms(sweep: Sweep, found: Review, *, threads: int | None = None) -> tuple[Alarm, ...]:
    """All of a sweep, the gravest first. Runs up to `PROBED` members a factor."""
    return (
        *_members(found),
        *_never(sweep, found),
        *_scenarios(sweep, threads),
        *_unmoved(sweep, *moved(sweep, found, threads=threads)),
    )


def told(rows: tuple[Alarm, ...]) -> list[str]:
    """What goes to the terminal: the first of each kind, and how many more there are."""
    lines = []
    for kind in dict.fromkeys(row.kind for row in rows if row.shown):
        texts = [row.text for row in rows if row.kind == kind]
        lines += texts[:FIRST]
        if more := len(texts[FIRST:]):
            lines.append(f"{more:,} more like the last, see {ALARMS}")
    return lines


def write_alarms(rows: tuple[Alarm, ...], folder: Path) -> None:
    """alarms.csv, a row an alarm; only its head where there is none."""
    lines = [[row.kind, row.factor, row.output, row.text] for row in rows]
    write_table(folder / ALARMS, ["kind", "factor", "output", "text"], lines)


# -- members ----------------------------------------------------------------------------------------------------------


def _members(found: Review) -> Iterator[Alarm]:
    if found.not_finite:
        more = f", the first {LISTED:,} listed" if found.not_finite > LISTED else ""
        share = found.not_finite / found.members
        yield Alarm(
            *("not_finite", "", ""),
            f"{found.not_finite:,} of {found.members:,} members ({share:.2%}) gave an output that is not finite; they "
            f"are quarantined: flagged in the store, left out of summary.csv and of the indices of the outputs "
            f"concerned, see {QUARANTINED}{more}",
        )
    if found.outside:
        share = found.outside / found.members
        yield Alarm(
            *("outside", "", ""),
            f"{found.outside:,} of {found.members:,} members ({share:.0%}) lie outside the calibrated range of a "
            "parameter: what they say rests on no figure",
        )


def _never(sweep: Sweep, found: Review) -> Iterator[Alarm]:
    for output, finite in zip(sweep.outputs, found.finite, strict=True):
        if not finite:
            yield Alarm("never", "", output.name, f"output '{output.name}' is finite in no member")


# -- scenarios --------------------------------------------------------------------------------------------------------


def _scenarios(sweep: Sweep, threads: int | None) -> Iterator[Alarm]:
    """Bases of the scenario that give the same outputs, bit by bit."""
    own = None
    size = min(PROBED, sweep.design.size)
    for base in sweep.scenario.bases:
        try:
            below = settled(check(base, sweep.program))
        except ScenarioError:
            continue  # what the file mends in its base is a difference
        own = evaluate(sweep, 0, size, threads=threads).outputs if own is None else own
        other = evaluate(replace(sweep, scenario=below), 0, size, threads=threads).outputs
        if np.array_equal(own, other, equal_nan=True):
            yield Alarm(
                *("same", "", ""),
                f"scenario {sweep.scenario.file} gives the same outputs as its base {base.file}, bit by bit, in {size} "
                "members: what sets the two apart moves none of them",
            )


# -- factors ----------------------------------------------------------------------------------------------------------


def moved(sweep: Sweep, found: Review, *, threads: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(factor, output) twice: whether the output moves with the factor, in the sweep's own pairs or in a probe; and
    whether any pair could tell, both of its outputs being finite."""
    moves, known = found.moved.copy(), found.pairs > 0
    unseen = np.flatnonzero(~known.all(axis=1))
    if len(unseen):
        there, told = _probe(sweep, unseen, threads)
        moves[unseen] |= there
        known[unseen] |= told
    return moves, known


def _probe(sweep: Sweep, factors: np.ndarray, threads: int | None) -> tuple[np.ndarray, np.ndarray]:
    """As `moved`, of these factors: members from all over the sweep, since in the first of a factorial the slowest
    factors stand still, each run again with the factor of the one before."""
    size = sweep.design.size
    numbers = np.unique(np.linspace(0, size - 1, min(PROBED, size)).astype(np.int64))
    rows = np.concatenate([sweep.design.rows(int(k), int(k) + 1) for k in numbers])

    def outputs(values: np.ndarray) -> np.ndarray:
        given = replace(sweep.design, kind="file", size=len(values), table=values)
        return evaluate(replace(sweep, design=given), 0, len(values), threads=threads).outputs

    own = outputs(rows)
    moves, known = np.zeros((2, len(factors), len(sweep.outputs)), dtype=bool)
    for place, factor in enumerate(factors):
        other = rows.copy()
        other[:, factor] = np.roll(rows[:, factor], 1)
        there = outputs(other)
        told = (np.isfinite(own) & np.isfinite(there))[other[:, factor] != rows[:, factor]]
        known[place] = told.any(axis=0)
        moves[place] = (told & (own != there)[other[:, factor] != rows[:, factor]]).any(axis=0)
    return moves, known


def _unmoved(sweep: Sweep, moves: np.ndarray, known: np.ndarray) -> Iterator[Alarm]:
    """Dead factors, outputs that nothing moves, and the single pairs of both; see `moved`."""
    live = moves.any(axis=1) | ~known.any(axis=1)
    for factor in (f for f, alive in zip(sweep.factors, live, strict=True) if not alive):
        yield Alarm("dead", factor.name, "", f"{factor.kind} '{factor.name}' moves no output at all")
    if not live.any():
        return
    still = ~moves.any(axis=0) & known.any(axis=0)
    for output in (o for o, unmoved in zip(sweep.outputs, still, strict=True) if unmoved):
        yield Alarm("unmoved", "", output.name, f"output '{output.name}' is the same whatever the factors")
    for row, column in zip(*np.nonzero(~moves & known & live[:, None] & ~still), strict=True):
        factor, output = sweep.factors[row], sweep.outputs[column]
        text = f"{factor.kind} '{factor.name}' does not move output '{output.name}'"
        yield Alarm("dead_output", factor.name, output.name, text)
