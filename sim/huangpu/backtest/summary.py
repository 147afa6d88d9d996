"""An evaluation in numbers: coverage, skill and Brier scores of all and of groups, with their clustered intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from huangpu.backtest import bootstrap, brier, scores
from huangpu.backtest.bootstrap import Interval
from huangpu.backtest.evaluate import MODEL, POOL, RESCALED, Evaluation, Line, TargetLine
from huangpu.backtest.naive import FORECASTERS
from huangpu.backtest.scores import Scores

RIVALS = ("smoothing", "mean")  # the forecasters to beat
HORIZONS = ((1, 1), (2, 2), (3, 3), (4, 5), (6, 99))  # years
FIT = ("figures", "parameters", "rhat", "ess", "walkers_lost", "converged")  # what a repeated fit repeats
Entry = dict[str, object]


def summary(evaluation: Evaluation) -> dict[str, object]:
    """What summary.json holds: `overall`, and entries by origin, metric, kind and horizon."""
    lines, targets = evaluation.lines, evaluation.targets
    fits = {one.origin: {name: one.fit[name] for name in FIT} for one in evaluation.said}
    by_origin = {
        str(origin): entry(of, [t for t in targets if t.origin == origin]) | {"fit": fits[origin]}
        for origin, of in grouped(lines, lambda line: line.held.origin).items()
    }
    by_metric = {
        metric: entry(of, [t for t in targets if t.metric == metric])
        for metric, of in grouped(lines, lambda line: line.held.metric).items()
    }
    return {
        "overall": entry(lines, targets) | {"left_out": len(evaluation.left)},
        "by_origin": by_origin,
        "by_metric": by_metric,
        "by_kind": {kind: entry(of) for kind, of in grouped(lines, lambda line: line.held.kind).items()},
        "by_horizon": {name: entry(of) for name, of in grouped(lines, horizon_of).items()},
    }


def grouped(lines: Sequence[Line], key: Callable[[Line], object]) -> dict:
    """Group -> its lines, groups in order."""
    found: dict = {}
    for line in lines:
        found.setdefault(key(line), []).append(line)
    return dict(sorted(found.items()))


def horizon_of(line: Line) -> str:
    years = line.held.horizon
    first, last = next((a, b) for a, b in HORIZONS if a <= years <= b)
    return f"{first}" if first == last else f"{first}+" if last > 50 else f"{first}-{last}"


def entry(lines: Sequence[Line], targets: Sequence[TargetLine] = ()) -> Entry:
    """Numbers of a group. Skill is 1 less the ratio of mean CRPS to a naive forecaster's, on rows that both forecast.

    rows      figures forecast, bounds apart; rows_all_forecast: those that every naive forecaster could forecast too
    crps_skill, _low, _high   against the forecaster of RIVALS that is harder to beat, named in crps_skill_against
    skill     forecaster -> [skill, low, high]; also of those with rescaled intervals
    pool_skill, pool_coverage_90   of the pool of model and naive forecaster: over the model alone, on all rows
    """
    own, series, years = of(lines, MODEL), [line.held.series for line in lines], [line.held.year for line in lines]
    figures = ~np.isnan(own.crps)
    inside = {name: bootstrap.mean(getattr(own, name), series, years) for name in ("inside_50", "inside_90")}
    skills = {name: _skill(lines, MODEL, name) for name in (*FORECASTERS, *(n + RESCALED for n in FORECASTERS))}
    hardest = min((skills[name] for name in RIVALS), key=lambda s: (math.isnan(s.estimate), s.estimate))
    return {
        "rows": int(figures.sum()),
        "bounds": int((~figures).sum()),
        "rows_all_forecast": len(common(lines)),
        "coverage_50": _number(inside["inside_50"].estimate),
        "coverage_50_low": _number(inside["inside_50"].low),
        "coverage_50_high": _number(inside["inside_50"].high),
        "coverage_90": _number(inside["inside_90"].estimate),
        "coverage_90_low": _number(inside["inside_90"].low),
        "coverage_90_high": _number(inside["inside_90"].high),
        "crps": _mean(own.crps),
        "log_score": _mean(own.log),
        "crps_skill": _number(hardest.estimate),
        "crps_skill_low": _number(hardest.low),
        "crps_skill_high": _number(hardest.high),
        "crps_skill_against": next((name for name in RIVALS if skills[name] is hardest), None),
        "skill": {name: [_number(s.estimate), _number(s.low), _number(s.high)] for name, s in skills.items()},
        "pool_skill": [_number(x) for x in _parts(_skill(lines, POOL, MODEL, everywhere=True))],
        "pool_coverage_90": _mean(of(lines, POOL).inside_90),
        **_brier(targets),
    }


def of(lines: Sequence[Line], forecaster: str) -> Scores:
    """Its scores of the lines, nan where it could not forecast."""
    none = scores.Score(*[math.nan] * 5)
    return scores.table(line.scores.get(forecaster, none) for line in lines)


def common(lines: Sequence[Line]) -> list[Line]:
    """The figures, bounds apart, that every naive forecaster could forecast too."""
    return [line for line in lines if not line.held.bounded and line.scores.keys() >= FORECASTERS.keys()]


def _skill(lines: Sequence[Line], one: str, other: str, *, everywhere: bool = False) -> Interval:
    rows = lines if everywhere else common(lines)
    series, years = [line.held.series for line in rows], [line.held.year for line in rows]
    return bootstrap.skill(of(rows, one).crps, of(rows, other).crps, series, years)


def _brier(targets: Sequence[TargetLine]) -> Entry:
    """Scores of targets with a known outcome; of all if the unknown ones were none or all met."""
    said, naive, met = (np.array([getattr(t, name) for t in targets]) for name in ("chance", "naive", "met"))
    if not len(met):
        return {"brier": None, "brier_naive": None, "targets": 0, "targets_unknown": 0}
    parts, missing = brier.murphy(said, met), brier.missing(said, met)
    return {
        "brier": _number(parts.score),
        "brier_naive": _number(brier.brier(naive, met)),
        "targets": parts.count,
        "targets_unknown": missing.unknown,
        "targets_met": _mean(met),
        "reliability": _number(parts.reliability),
        "resolution": _number(parts.resolution),
        "uncertainty": _number(parts.uncertainty),
        "within": _number(parts.within),
        "brier_if_unknown_not_met": _number(missing.none_met),
        "brier_if_unknown_met": _number(missing.all_met),
        "brier_if_unknown_as_said": _number(missing.as_said),
        "brier_naive_if_unknown_not_met": _number(brier.missing(naive, met).none_met),
        "brier_naive_if_unknown_met": _number(brier.missing(naive, met).all_met),
    }


def _parts(interval: Interval) -> tuple[float, float, float]:
    return interval.estimate, interval.low, interval.high


def _mean(values: np.ndarray) -> float | None:
    return _number(float(np.nanmean(values))) if np.isfinite(values).any() else None


def _number(x: float) -> float | None:
    """For JSON, which has no nan; six digits are more than the bootstrap knows."""
    return round(float(x), 6) if math.isfinite(x) else None


def worse_kinds(found: Mapping[str, object], limit: float = 0.1) -> list[tuple[str, str, float]]:
    """(kind, rival, skill) where the model is more than `limit` worse than a rival."""
    return [
        (kind, rival, skill)
        for kind, numbers in found["by_kind"].items()
        for rival in RIVALS
        if (skill := numbers["skill"][rival][0]) is not None and skill < -limit
    ]
