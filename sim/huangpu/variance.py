"""What brings the spread of each target: `huangpu variance`.

The forecast is run with all its sources of uncertainty, then with each of them switched off, then with each alone, on
the same draws. Off is

    parameters   and sizes of drivers and discrepancies: every member has their medians
    delivery     of the plans' levers: its mean
    drivers      so far: their mean given the member's figures
    shocks       to come: no innovation of drivers
    definitions  offsets of statistical bases: their mean given the member's figures and drivers
    discrepancy  past and to come: its mean given the member's figures, drivers and offsets

in this order, each given the ones before, so that what the figures tie together stays together. `alone` is the part of
the variance that a source brings by itself, `lost` the part that goes when it is switched off: the first-order and the
total index of a variance decomposition (Homma & Saltelli 1996) whose other sources stand at one point. Where sources
only add up the two agree and sum to 1; parameters and deliveries, which the posterior ties to one another, and sizes,
which say how wide others are, make them differ.

Variances of amounts and multiples are of logarithms, or the few widest members would decide.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from huangpu import forecast
from huangpu.forecast import Job
from huangpu.measurement import Predictions
from huangpu.response import settled
from huangpu.results import Reading, Target
from huangpu.results.scorecard import met_by
from huangpu.results.writing import write_text
from huangpu.runtime.members import Members
from huangpu.runtime.scenario import ScenarioError

# source -> how the table calls it; the order is that in which they are drawn
SOURCES = {
    "parameters": "parameters",
    "delivery": "delivery",
    "drivers": "past drivers",
    "shocks": "shocks to come",
    "definitions": "definitions",
    "discrepancy": "discrepancy",
}
IN_LOGS = ("level", "cumulative", "every_year", "multiple")

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Share:
    """What one source brings to one target: a row of the CSV file, whose columns are these fields in this order.

    sd           standard deviation of the target's number over members, all sources on; of its logarithm for amounts
    probability  of the target, all sources on; probability_without this one, probability_alone with this one only
    alone, lost  parts of the variance, see above
    """

    target_id: str
    plan: str
    label: str
    source: str
    alone: float
    lost: float
    probability: float
    probability_alone: float
    probability_without: float
    sd: float
    members: int


def shares(job: Job, *, threads: int | None = None, progress: Report | None = None) -> tuple[Share, ...]:
    """A row a target (its default reading) and source. Raises ScenarioError where there is nothing to take apart."""
    if job.scenario.posterior == "none":
        raise ScenarioError(
            f"{job.scenario.file}: posterior: none has no spread to take apart; name a posterior, or leave the key out"
        )
    everything = frozenset(SOURCES)
    switched = [frozenset(), *({s} for s in SOURCES), *(everything - {s} for s in SOURCES)]
    seen = []
    for done, off in enumerate(switched):
        seen.append(_seen(without(job, off), threads))
        if progress:
            progress(done + 1, len(switched))
    return tuple(_rows(job, seen))


def without(job: Job, off: Collection[str]) -> Job:
    """The job with some of SOURCES off."""
    scenario, history = job.scenario, job.history
    if "delivery" in off:
        scenario, history = settled(scenario), settled(history) if history else None
    members = _members(job, off)
    return replace(job, scenario=scenario, history=history, members=members, still=job.still | set(off))


def _members(job: Job, off: Collection[str]) -> Members:
    """With medians for parameters and sizes, or means for deliveries."""
    members = job.members
    scenarios = [scenario for scenario in (job.scenario, job.history) if scenario]
    delivered = {w.delivery for s in scenarios for w in (*s.levers, *s.drivers) if isinstance(w.delivery, str)}

    def held(name: str, values: np.ndarray) -> np.ndarray:
        if name in delivered:
            return np.full_like(values, values.mean()) if "delivery" in off else values
        sized = name in members.parameters or name.startswith("sigma.")
        return np.full_like(values, np.median(values)) if sized and "parameters" in off else values

    parameters, columns = ({n: held(n, v) for n, v in part.items()} for part in (members.parameters, members.columns))
    return replace(members, parameters=parameters, columns=columns)


@dataclass(frozen=True)
class _Number:
    """What the members say of a target: variance of the finite ones, share that meets it."""

    variance: float
    probability: float


def _seen(job: Job, threads: int | None) -> dict[str, _Number]:
    """Target id -> what the forecast says of it."""
    predictions = forecast.score(job, forecast.simulate(job, threads=threads)).predictions
    return {
        target.id: _number(predictions, target, reading)
        for target, reading in _asked(job)
        if reading.first >= predictions.years[0] and reading.last <= predictions.years[-1]
    }


def _asked(job: Job) -> Iterator[tuple[Target, Reading]]:
    """Targets that are scored, under their default readings."""
    for target in job.questions.targets:
        if not target.left_out:
            yield target, job.questions.readings[target.id][0]


def _number(predictions: Predictions, target: Target, reading: Reading) -> _Number:
    values, finite, met = met_by(predictions, reading, target.operator)
    with np.errstate(invalid="ignore", divide="ignore"):
        numbers = np.log(values) if reading.statistic in IN_LOGS else values
    kept = numbers[finite & np.isfinite(numbers)]
    return _Number(float(kept.var()) if len(kept) else float("nan"), float(met.mean()))


def _rows(job: Job, seen: Sequence[dict[str, _Number]]) -> Iterator[Share]:
    whole, rest = seen[0], seen[1:]
    off, alone = rest[: len(SOURCES)], rest[len(SOURCES) :]
    for target, _ in _asked(job):
        if target.id not in whole:
            continue
        number = whole[target.id]
        for source, less, only in zip(SOURCES, off, alone, strict=True):
            yield Share(
                target.id,
                target.plan,
                target.label,
                source,
                _part(only[target.id].variance, number.variance),
                1 - _part(less[target.id].variance, number.variance),
                number.probability,
                only[target.id].probability,
                less[target.id].probability,
                float(np.sqrt(number.variance)),
                job.members.size,
            )


def _part(variance: float, whole: float) -> float:
    return variance / whole if whole > 0 else float("nan")


def write_shares(rows: Sequence[Share], path: Path) -> None:
    """A header and a row a target and source."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Share)])
    writer.writerows([f"{v:.6g}" if isinstance(v, float) else v for v in astuple(row)] for row in rows)
    write_text(path, text.getvalue())


def print_shares(rows: Sequence[Share], plans: Sequence[str], title: str, console: Console) -> None:
    """For each target of these plans: variance alone / lost by source, then the probability without each source."""
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("Target", ratio=1)
    for name in ("", *SOURCES.values()):
        table.add_column(name, justify="right")
    for target_id in dict.fromkeys(row.target_id for row in rows if row.plan in plans):
        each = [row for row in rows if row.target_id == target_id]
        table.add_row(each[0].label, "variance", *(f"{_percent(r.alone)} / {_percent(r.lost)}" for r in each))
        chances = (_percent(row.probability_without) for row in each)
        table.add_row("", Text(_percent(each[0].probability), style="bold"), *chances, style="dim")
    console.print(Group(Text(title, style="bold"), Text(), table, Text(), Text(FOOT, style="dim")))


FOOT = (
    "Percent of the variance that each source brings alone / that goes without it; below, in percent, the probability "
    "with all of them (bold) and without each."
)


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else str(round(100 * share))
