"""What new figures did to the odds of each target, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from huangpu.forecast import Forecast
from huangpu.results import Answer, Questions, Score
from huangpu.results.probability import batches_of, mean_error
from huangpu.results.scorecard import met_by

TOLD = 3.0  # Monte-Carlo standard errors that a change must pass to be called one: of 30 targets none by chance


@dataclass(frozen=True)
class Change:
    """Of a probability, with one Monte-Carlo standard error."""

    value: float
    error: float

    @property
    def told(self) -> bool:
        return abs(self.value) > TOLD * self.error


@dataclass(frozen=True)
class Effect:
    """before, after: the default reading of one target; change between them; parts, one a step, add up to it."""

    before: Score
    after: Score
    change: Change
    parts: tuple[Change, ...]


def effects(answers: Sequence[tuple[np.ndarray, Forecast]], questions: Questions) -> tuple[Effect, ...]:
    """For every target with a probability before and after.

    answers: before, and after each step: which members (member,) of the file were run, and what came of it.
    """
    predictions = answers[0][1].predictions
    batches = batches_of(predictions.chain, predictions.draw)
    ends = zip(_defaults(answers[0][1].answer), _defaults(answers[-1][1].answer), strict=True)
    found = []
    for before, after in ends:
        if before.probability is None or after.probability is None:
            continue
        reading = questions.readings[before.target_id][0]
        met = [(draws, met_by(done.predictions, reading, before.operator)[2]) for draws, done in answers]
        parts = tuple(change(*pair, batches) for pair in pairwise(met))
        found.append(Effect(before, after, change(met[0], met[-1], batches), parts))
    return tuple(found)


def change(
    before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray], batches: list[np.ndarray]
) -> Change:
    """Of the share of members that meet a target; each side is (draws (member,) of one file, met (member,) bool).

    The error is that of a difference of two weighted means over the same members: each member's part in it is what its
    copies after contribute less what its copies before do.
    """
    size = len(before[0])
    part = np.zeros(size)
    for sign, (draws, met) in ((-1.0, before), (1.0, after)):
        part += sign * np.bincount(draws, weights=met - met.mean(), minlength=size)
    return Change(float(after[1].mean() - before[1].mean()), mean_error(part, batches))


def _defaults(answer: Answer) -> list[Score]:
    return [score for score in answer.scores if answer.is_default(score)]
