"""What a fan chart shows, worked out before anything is drawn: bands, reported figures, targets, words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from huangpu.measurement.metrics import Metrics
from huangpu.measurement.observations import Observation
from huangpu.measurement.simulated import Predictions
from huangpu.results.figures import Figure, figures_of
from huangpu.results.probability import OPERATORS
from huangpu.results.readings import Reading
from huangpu.results.scorecard import Answer, Score
from huangpu.results.targets import Target
from huangpu.results.wording import amount, chance, goal

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Goal:
    """A target on the axis: a point (one x), or a line where it speaks of several years. Unit of the quantity."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    high: float | None
    operator: str
    label: str


@dataclass(frozen=True)
class Fan:
    """One chart. years (year,); bands (quantile, year), quantiles as in QUANTILES, in `unit`."""

    quantity: str
    title: str
    odds: tuple[str, ...]  # a line for each target that is read from it
    unit: str
    basis: str  # definition of the bands; figures on another one stand apart
    years: np.ndarray
    bands: np.ndarray
    figures: tuple[Figure, ...]
    goals: tuple[Goal, ...]


def fans(
    predictions: Predictions, answer: Answer, metrics: Metrics, observations: Sequence[Observation], used: Iterable[str]
) -> list[Fan]:
    """A fan for every quantity that a core target of the latest plan is read from, then for those that metrics.yaml
    wants charted.

    The targets of every plan on a quantity's metric and scope are marked; the odds are those of the latest plan under
    its default readings. `used` holds the row ids that the calibration used.
    """
    core = {target.id for target in answer.questions.targets if target.modelled_as == "core"}
    names = [n for s in answer.latest if s.target_id in core and s.quantity for n in _reading(s, answer).quantities]
    names += [name for name, quantity in metrics.quantities.items() if quantity.chart]
    drawn = []
    for name in dict.fromkeys(names):
        if name in predictions.values:
            known_as = _names(name, answer, metrics)
            figures = figures_of(observations, known_as, used, metrics.season_of(name))
            drawn.append(_fan(name, predictions, metrics, answer, known_as, figures))
    return drawn


def _names(quantity: str, answer: Answer, metrics: Metrics) -> set[tuple[str, str]]:
    """Every (metric, scope) that the level of a quantity goes by: in figures, and in targets that are read from it."""
    reported = {(s.metric, s.scope) for s in metrics.series if s.quantity == quantity and s.form == "level"}
    return reported | {(s.metric, s.scope) for s in answer.latest if s.quantity == quantity}


def _reading(score: Score, answer: Answer) -> Reading:
    """The default reading, which the charts show."""
    return answer.questions.readings[score.target_id][0]


def _fan(
    name: str,
    predictions: Predictions,
    metrics: Metrics,
    answer: Answer,
    known_as: set[tuple[str, str]],
    figures: Sequence[Figure],
) -> Fan:
    quantity = metrics.quantities[name]
    years = predictions.years
    bands = _bands(predictions.values[name])
    medians = dict(zip(years.tolist(), bands[QUANTILES.index(0.5)].tolist(), strict=True))
    scores = [score for score in answer.latest if score.quantity == name and score.probability is not None]
    goals = [_level_goal(t) for t in answer.questions.targets if (t.metric, t.scope) in known_as and _is_level(t)]
    goals += [g for s in scores if (g := _path_goal(s, _reading(s, answer), medians, quantity.unit))]
    return Fan(
        quantity=name,
        title=quantity.label or name,
        odds=tuple(_odds(score, _reading(score, answer), metrics) for score in scores),
        unit=quantity.unit,
        basis=_basis(name, metrics),
        years=years.astype(float),
        bands=bands,
        figures=tuple(f for f in figures if f.unit == quantity.unit and years[0] <= f.x <= years[-1]),
        goals=tuple(g for g in goals if g.x[0] >= years[0] and g.x[-1] <= years[-1]),
    )


def _basis(name: str, metrics: Metrics) -> str:
    """The definition on which a quantity is predicted; a derived one is on that of its first part."""
    quantity = metrics.quantities[name]
    return _basis(quantity.parts[0], metrics) if quantity.derived else quantity.basis


def _bands(values: np.ndarray) -> np.ndarray:
    """Quantiles over the members with a finite value; nan in a year without one. (year, member) -> (quantile, year)."""
    bands = np.full((len(QUANTILES), len(values)), np.nan)
    for i, members in enumerate(values):
        finite = members[np.isfinite(members)]
        if finite.size:
            bands[:, i] = np.quantile(finite, QUANTILES)
    return bands


def _is_level(target: Target) -> bool:
    known = OPERATORS.get(target.operator)
    return target.value is not None and known is not None and known.statistics == ("level",)


def _level_goal(target: Target) -> Goal:
    words = goal(target.operator, target.value, target.high, target.unit)
    return Goal((target.year,), (target.value,), target.high, target.operator, words)


def _path_goal(score: Score, reading: Reading, medians: Mapping[int, float], unit: str) -> Goal | None:
    """A target on a sum, a growth or a multiple, as the path of the quantity that would just meet it."""
    words = goal(score.operator, score.threshold, score.threshold_high, score.unit)
    years = np.arange(reading.first, reading.last + 1)
    match reading.statistic:
        case "every_year":
            path = np.full(len(years), score.threshold)
        case "cumulative":
            path = np.full(len(years), score.threshold / len(years))
            words = f"{goal(OPERATORS[score.operator].sign, path[0], None, unit)} a year"
        case "mean_growth":
            path = medians[reading.first] * (1 + score.threshold / 100) ** (years - reading.first)
        case "multiple":
            years, path = years[-1:], np.array([medians[reading.first] * score.threshold])
        case _:
            return None
    return Goal(tuple(years.tolist()), tuple(path.tolist()), None, score.operator, words)


def _odds(score: Score, reading: Reading, metrics: Metrics) -> str:
    """E.g. `2027: ≥ 25 %, probability <0.1 % (median 20.1, 90 % 18.9 to 21.4)`."""
    unit = score.unit
    text = goal(score.operator, score.threshold, score.threshold_high, unit)
    other = metrics.quantities[reading.other].label if reading.other else ""
    over = f" over {other[:1].lower()}{other[1:]}" if other else ""
    odds = chance(score.probability, score.finest)
    interval = f"90 % {amount(score.p05, unit)} to {amount(score.p95, unit)}"
    return f"{score.years}: {text}{over}, probability {odds} (median {amount(score.median, unit)}, {interval})"
