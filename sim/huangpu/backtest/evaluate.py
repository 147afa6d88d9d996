"""What was said at the origins against what came: each held-out row with every forecaster's score, each target.

Naive forecasters get the rows that were known at the origin, by the same cell rule, and forecast the rows whose series
they know. They say of a target that asks for a level what the random walk with drift of the series says; of any other
that it is met as often as targets whose verdict was known by then (one half before any was).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from huangpu.backtest import brier, naive, scores, student, weights
from huangpu.backtest.engine import Inputs
from huangpu.backtest.held import axis, histories, on_scale, series_name
from huangpu.backtest.scores import Score
from huangpu.backtest.store import Said, TargetSaid
from huangpu.backtest.student import Student
from huangpu.backtest.types import Forecast, Held, History, transform_of
from huangpu.backtest.vintage import known_rows, last_day
from huangpu.backtest.weights import Pair, Weight
from huangpu.measurement.observations import Observation
from huangpu.results.probability import Threshold
from huangpu.results.readings import Reading
from huangpu.results.targets import Target

MODEL, POOL = "model", "pool"
RESCALED = ", rescaled"
DRIFT = "random walk with drift"
BASE_RATE = "base rate"
VERDICTS = {"yes": 1.0, "no": 0.0}
CHANGES = 2  # yearly changes known of a series that make its spread known
SPREAD = {"log": 0.1, "points": 3.0}  # of yearly change where it is not: a tenth, three points


@dataclass(frozen=True, eq=False)
class Line:
    """One forecast of one row. scores: forecaster -> its score, of those that could forecast; weight: of the pool."""

    row: Observation
    forecast: Forecast
    scores: Mapping[str, Score]
    weight: Weight

    @property
    def held(self) -> Held:
        return self.forecast.held


@dataclass(frozen=True)
class TargetLine:
    """One target at one origin. met: 1 yes, 0 no, nan unknown; naive: chance by the forecaster that `by` names."""

    origin: int
    target_id: str
    plan: str
    metric: str
    year: int
    said: TargetSaid
    naive: float
    by: str
    met: float

    @property
    def chance(self) -> float:
        """Never 0 or 1: no nearer to them than members can tell."""
        return min(max(self.said.probability, self.said.finest), 1 - self.said.finest)


@dataclass(frozen=True)
class Evaluation:
    """lines, targets: of all origins in order; left: (origin, row, reason) of rows that nothing could predict;

    silent: (origin, target id, reason) of due targets without a probability; said: as kept
    """

    lines: tuple[Line, ...]
    targets: tuple[TargetLine, ...]
    left: tuple[tuple[int, Observation, str], ...]
    silent: tuple[tuple[int, str, str], ...]
    said: tuple[Said, ...]


def evaluate(inputs: Inputs, said: Sequence[Said]) -> Evaluation:
    rows = {o.row_id: o for o in inputs.observations}
    lines: list[Line] = []
    targets: list[TargetLine] = []
    silent: list[tuple[int, str, str]] = []
    pairs: list[Pair] = []
    for one in sorted(said, key=lambda s: s.origin):
        known = known_rows(inputs.observations, last_day(one.origin))
        series = histories(known)
        field = naive.field([series[name] for name in sorted(series)])
        taught = weights.learn(weights.known(pairs, one.origin))
        fresh = [
            _pair(rows[id], draws, one.origin, series, field) for id, draws in zip(one.rows, one.draws, strict=True)
        ]
        for pair in fresh:
            lines.append(_line(rows[pair.forecast.held.row], pair, series, field, taught))
        pairs += fresh
        found, quiet = _targets(inputs, one, series, field)
        targets += found
        silent += quiet
    left = tuple((s.origin, rows[id], reason) for s in sorted(said, key=lambda s: s.origin) for id, reason in s.left)
    return Evaluation(tuple(lines), tuple(targets), left, tuple(silent), tuple(said))


# ---- rows


def _pair(o: Observation, draws: np.ndarray, origin: int, series: Mapping[str, History], field: naive.Field) -> Pair:
    name = series_name(o)
    history = series.get(name, series.get(f"{o.metric}/{o.scope}/{o.kind}/{o.basis}"))
    spread = naive.spread(field, o.kind, history) if history is not None and len(history) > CHANGES else None
    held = Held(
        row=o.row_id,
        origin=origin,
        series=name,
        metric=o.metric,
        kind=o.kind,
        year=o.year,
        time=axis(o),
        observed=on_scale(o)[0],
        bound=o.bound,
        scale=spread or SPREAD[transform_of(o.kind)],
        published=o.published,
    )
    return Pair(Forecast(held, draws[np.isfinite(draws)].astype(float)), _naive(held, series, field))


def _naive(
    held: Held, series: Mapping[str, History], field: naive.Field, *, rescaled: bool = False
) -> dict[str, Student]:
    history = series.get(held.series)
    if history is None or held.time <= history.times[-1]:
        return {}
    said = {name: naive.predict(field, name, history, held.time, rescaled=rescaled) for name in naive.FORECASTERS}
    return {name: one for name, one in said.items() if one is not None}


def _line(o: Observation, pair: Pair, series, field: naive.Field, taught: Mapping[str, Weight]) -> Line:
    held, weight = pair.forecast.held, weights.of(taught, pair.forecast.held.kind)
    wider = _naive(held, series, field, rescaled=True)
    found = {MODEL: scores.score(pair.forecast), POOL: scores.score(weights.pooled(pair.forecast, pair.naive, weight))}
    found |= {name: scores.score_student(held, said) for name, said in pair.naive.items()}
    found |= {name + RESCALED: scores.score_student(held, said) for name, said in wider.items()}
    return Line(o, pair.forecast, found, weight)


# ---- targets


def _targets(inputs: Inputs, said: Said, series: Mapping[str, History], field: naive.Field):
    """(lines of the targets due after the origin, (origin, target, reason) of those without a probability)."""
    questions = inputs.questions
    base = _base_rate(inputs, said.origin)
    by_id = {target.target_id: target for target in said.targets}
    found, silent = [], []
    for target in questions.targets:
        outcome = questions.outcomes.get(target.id)
        if outcome is None or not said.origin < target.year <= inputs.vintages.due:
            continue
        if "" < inputs.verdicts[target.id] <= last_day(said.origin):
            silent.append((said.origin, target.id, "its outcome was known by then"))
            continue
        told = by_id.get(target.id)
        if told is None or told.probability is None:
            silent.append((said.origin, target.id, target.left_out or "the run has no number"))
            continue
        chance, by = _naive_chance(questions.readings[target.id][0], target, series, field) or (base, BASE_RATE)
        met = VERDICTS.get(outcome.met, math.nan)
        found.append(TargetLine(said.origin, target.id, target.plan, target.metric, target.year, told, chance, by, met))
    return found, silent


def _base_rate(inputs: Inputs, origin: int) -> float:
    """Of the verdicts that could be read by then."""
    out = [o for id, o in inputs.questions.outcomes.items() if "" < inputs.verdicts[id] <= last_day(origin)]
    return brier.base_rate(np.array([VERDICTS.get(o.met, math.nan) for o in out]))


def _naive_chance(reading: Reading, target: Target, series: Mapping[str, History], field: naive.Field):
    """(chance, forecaster) for a target on the level of a reported series; None for all others."""
    if reading.statistic != "level":
        return None
    names = [f"{target.metric}/{target.scope}/{kind}/" for kind in ("level", "count", "share")]
    known = [history for name, history in series.items() if name.startswith(tuple(names)) and name.count("/") == 3]
    known = sorted(known, key=lambda history: history.times[-1])
    for history in reversed(known):
        due = float(target.year) if history.kind == "share" or _yearly(history) else target.year + 1.0
        if due <= history.times[-1]:
            continue
        said = naive.predict(field, DRIFT, history, due)
        if said is not None:
            return _meets(target.operator, reading.asked, said, history.kind), DRIFT
    return None


def _yearly(history: History) -> bool:
    """Whether the figures are of years, not of days."""
    return bool((history.times == np.round(history.times)).all())


def _meets(operator: str, asked: Threshold, said: Student, kind: str) -> float:
    """Chance that a level meets what is asked for."""
    low, high = _ends(operator, asked)
    return student.below(said, _on_axis(high, kind)) - student.below(said, _on_axis(low, kind))


def _ends(operator: str, asked: Threshold) -> tuple[float, float]:
    if "between" in operator:
        return asked.value, asked.high
    if operator.endswith("~="):
        return asked.value - asked.tolerance[0], asked.value + asked.tolerance[1]
    return (-math.inf, asked.value) if "<" in operator else (asked.value, math.inf)


def _on_axis(value: float, kind: str) -> float:
    if math.isinf(value) or transform_of(kind) == "points":
        return value
    return math.log(value) if value > 0 else -math.inf
