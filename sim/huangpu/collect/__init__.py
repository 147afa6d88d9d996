"""Which figure to collect next: what each would tell of the targets that are still open. Start reading here.

    candidates    figures that nobody has reported, with the error that they would have      candidates
    worth         what knowing each is expected to take from each target's uncertainty       worth
    gains         both together, from one run of a scenario                                  here
    report        the answer for people; imported apart, as rich is

All of it comes from the members' joint predictive draws: figures of one member hang together by its parameters, drivers
and discrepancies, as far as these are shared.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from huangpu.collect.candidates import Candidate, candidates, reported_as
from huangpu.collect.worth import normal_scores, worth
from huangpu.forecast import Forecast, Job
from huangpu.measurement import DataError, Predictions, one_thread
from huangpu.results import Answer
from huangpu.results.scorecard import met_by
from huangpu.results.writing import write_text

FEWEST = 200  # members below which a regression says nothing


@dataclass(frozen=True)
class Gain:
    """What one figure would tell of one target: a row of the CSV file, whose columns are these fields in this order.

    error        typical reporting error of the figure, in points or as a share
    met_drop     share of p (1 - p) that is expected to go; met_change: expected absolute change of the probability
    value_drop   share of the variance of the number that decides the target, by its normal scores
    *_floor      a drop up to it is not told from chance
    """

    target_id: str
    target: str
    probability: float
    quantity: str
    figure: str
    year: int
    error: float
    error_in: str
    met_drop: float
    met_floor: float
    met_change: float
    value_drop: float
    value_floor: float

    @property
    def tells_odds(self) -> bool:
        return self.met_drop > self.met_floor

    @property
    def tells_value(self) -> bool:
        return self.value_drop > self.value_floor


@dataclass(frozen=True)
class _Target:
    id: str
    label: str
    values: np.ndarray
    met: np.ndarray


def gains(job: Job, done: Forecast, plans: Sequence[str]) -> tuple[Gain, ...]:
    """Every target of these plans with a probability, every figure; the figure that tells most of a target first.

    DataError where too few members are there to tell anything.
    """
    predictions, seed = done.predictions, job.scenario.seed
    targets = [target for plan in plans for target in _targets(done.answer, predictions, plan)]
    figures = ((c, _normal(seed, c, predictions.size)) for c in candidates(job.layer, predictions))
    asked = [(c, reported_as(c, predictions, normal)) for c, normal in figures]
    asked = [(c, figure) for c, figure in asked if _varies(figure)]
    if not targets or not asked:
        return ()
    drawn, values = (np.array(each) for each in ([f for _, f in asked], [t.values for t in targets]))
    good = np.isfinite(drawn).all(axis=0) & np.isfinite(values).all(axis=0)
    if good.sum() < FEWEST:
        raise DataError(f"{good.sum()} members give all figures and targets; expected {FEWEST} or more, see `members`")
    order = _in_order(predictions)
    order = order[good[order]]
    met = np.array([target.met for target in targets], dtype=float)[:, order]
    with one_thread():
        of_values = worth(drawn[:, order], normal_scores(values[:, order]), seed)
        of_met = worth(drawn[:, order], met, seed)
    found = [
        Gain(
            target_id=target.id,
            target=target.label,
            probability=float(target.met.mean()),
            quantity=candidate.quantity,
            figure=candidate.label,
            year=candidate.year,
            error=candidate.error,
            error_in="points" if candidate.points else "share",
            met_drop=float(of_met.drop[f, t]),
            met_floor=float(of_met.floor[t]),
            met_change=float(of_met.change[f, t]),
            value_drop=float(of_values.drop[f, t]),
            value_floor=float(of_values.floor[t]),
        )
        for t, target in enumerate(targets)
        for f, (candidate, _) in enumerate(asked)
    ]
    return tuple(sorted(found, key=lambda g: (g.target_id, -g.met_drop, -g.value_drop)))


def _varies(figure: np.ndarray) -> bool:
    """Whether most members have the figure, and not all the same."""
    finite = figure[np.isfinite(figure)]
    return len(finite) > len(figure) / 2 and np.ptp(finite) > 0


def write_gains(found: Sequence[Gain], path: Path) -> None:
    """A header and a row a target and figure, numbers at full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Gain))
    writer.writerows(map(astuple, found))
    write_text(path, text.getvalue())


def _targets(answer: Answer, predictions: Predictions, plan: str) -> list[_Target]:
    found = []
    for score in answer.of_plan(plan):
        if score.probability is not None and score.bad_members < score.members / 2:
            reading = answer.questions.readings[score.target_id][0]
            values, _, met = met_by(predictions, reading, score.operator)
            found.append(_Target(score.target_id, score.label, values, met))
    return found


def _in_order(predictions: Predictions) -> np.ndarray:
    """Members by chain and draw, so that neighbours are as alike as the draws of one walker."""
    if predictions.chain is None or predictions.draw is None:
        return np.arange(predictions.size)
    return np.lexsort((predictions.draw, predictions.chain))


def _normal(seed: int, candidate: Candidate, size: int) -> np.ndarray:
    """Reporting errors of one figure, the same whatever other figures there are."""
    key = hashlib.sha256(f"{seed}|collect|{candidate.quantity}|{candidate.year}".encode()).digest()[:16]
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little"))).standard_normal(size)
