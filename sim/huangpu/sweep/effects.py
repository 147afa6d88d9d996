"""Effects of a factor moved alone, and main effects of a full factorial, of one output. Exact on their grid: no
intervals."""

from __future__ import annotations

import numpy as np

from huangpu.sweep.indices import CONSTANT, Indices, nothing, refusal

MEASURES = ("swing", "low", "high")


def one_at_a_time(inputs: np.ndarray, outputs: np.ndarray) -> Indices:
    """What the output gains, in its own unit, where a factor has its lowest (`low`) and its highest value (`high`) and
    the others have that of the base; `swing` is its largest less its smallest value over all values of the factor.

    inputs (members, factors), outputs (members,); the first member is the base, in every other one factor differs.
    """
    factors = inputs.shape[1]
    moved = inputs != inputs[0]
    good = np.isfinite(outputs)
    dropped = int((~good).sum())
    if not good[0]:
        return nothing(MEASURES, factors, int(good.sum()), dropped, "the base itself is not finite")
    if np.ptp(outputs[good]) == 0:
        return nothing(MEASURES, factors, int(good.sum()), dropped, CONSTANT)
    values = {measure: np.full(factors, np.nan) for measure in MEASURES}
    alone = moved.sum(axis=1) == 1
    for k in range(factors):
        rows = np.flatnonzero(alone & moved[:, k])
        rows = np.append(0, rows)
        if len(rows) > 1 and good[rows].all():
            x, gain = inputs[rows, k], outputs[rows] - outputs[0]
            values["low"][k], values["high"][k] = gain[np.argmin(x)], gain[np.argmax(x)]
            values["swing"][k] = np.ptp(gain)
    lost = int(np.isnan(values["swing"]).sum())
    note = f"{lost} of {factors} factors have no effect computed: a member is not finite, or none moves them"
    return Indices(values, _none(factors), int(good.sum()), dropped, note if lost else "")


def factorial(inputs: np.ndarray, outputs: np.ndarray) -> Indices:
    """Mean of the output at the lowest and at the highest value of a factor less the mean of all, the largest less the
    smallest of these means, and S1, the share of the variance that is between them (balanced analysis of variance)."""
    factors = inputs.shape[1]
    good = np.isfinite(outputs)
    dropped = int((~good).sum())
    measures = (*MEASURES, "S1")
    note = refusal(dropped, len(outputs), "members")
    x, y = inputs[good], outputs[good]
    if note or np.ptp(y) == 0:
        return nothing(measures, factors, len(y), dropped, note or CONSTANT)
    values = {measure: np.full(factors, np.nan) for measure in measures}
    for k in range(factors):
        _, level, count = np.unique(x[:, k], return_inverse=True, return_counts=True)
        means = np.bincount(level, y) / count - y.mean()
        values["low"][k], values["high"][k], values["swing"][k] = means[0], means[-1], np.ptp(means)
        values["S1"][k] = (count * means**2).sum() / (len(y) * y.var())
    return Indices(values, {**_none(factors), "S1": np.full(factors, np.nan)}, len(y), dropped)


def _none(factors: int) -> dict[str, np.ndarray]:
    return {measure: np.full(factors, np.nan) for measure in MEASURES}
