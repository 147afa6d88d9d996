"""Sensitivity indices of one output from a design that SALib laid out: Sobol, Morris, FAST.

Members come in blocks that belong together: a group of Saltelli's scheme, a trajectory, a search curve. One member that
is not finite spoils its block, which is left out whole and counted.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from SALib.analyze import fast as salib_fast
from SALib.analyze import morris as salib_morris
from SALib.analyze import sobol as salib_sobol

from huangpu.sweep.bootstrap import sobol_half_widths
from huangpu.sweep.designs import HARMONICS

LEVEL = 0.95  # of every interval
RESAMPLES = 400
SPOILT = 0.05  # share of blocks with a member that is not finite beyond which there are no indices


@dataclass(frozen=True)
class Indices:
    """What a sample tells of one output.

    values  measure -> (factor,); half: the same measures -> half the width of their 95 % interval, nan where there is
            none
    pairs   measure -> (factor, factor), above the diagonal; pairs_half alike
    blocks  groups, trajectories, curves or members that were used; dropped: left out since not finite
    note    why there is no value, or what to know of it; empty where all is as usual
    """

    values: Mapping[str, np.ndarray]
    half: Mapping[str, np.ndarray]
    blocks: int
    dropped: int = 0
    note: str = ""
    pairs: Mapping[str, np.ndarray] = field(default_factory=dict)
    pairs_half: Mapping[str, np.ndarray] = field(default_factory=dict)


def nothing(measures: tuple[str, ...], factors: int, blocks: int, dropped: int, note: str) -> Indices:
    """No values, and why."""
    empty = {measure: np.full(factors, np.nan) for measure in measures}
    return Indices(empty, empty, blocks, dropped, note)


def refusal(dropped: int, blocks: int, what: str) -> str:
    """Why a sample with that many spoilt blocks has no indices; empty where it has."""
    if dropped <= SPOILT * blocks:
        return ""
    wrong = "are not finite" if what == "members" else "hold a member that is not finite"
    return f"{dropped:,} of {blocks:,} {what} {wrong}, more than {100 * SPOILT:.0f} %"


CONSTANT = "the output is the same for every member"


def sobol(outputs: np.ndarray, factors: int, *, second_order: bool, seed: int) -> Indices:
    """First, total and, where the design has it, second order of Saltelli's scheme.

    outputs (members,), group by group as SALib's sampler lays them out: A, AB of each factor, BA of each factor where
    second_order, B. Estimators of Saltelli et al. (2010) and Saltelli (2002); intervals by a bootstrap over groups.
    """
    groups = outputs.reshape(-1, (2 * factors if second_order else factors) + 2)
    good = groups[np.isfinite(groups).all(axis=1)]
    dropped = len(groups) - len(good)
    measures = ("S1", "ST")
    note = refusal(dropped, len(groups), "groups") or (CONSTANT if good.size == 0 or np.ptp(good) == 0 else "")
    if note or len(good) < 2:
        return nothing(measures, factors, len(good), dropped, note or "fewer than two groups")
    problem = {"num_vars": factors, "names": [f"x{k}" for k in range(factors)]}
    found = salib_sobol.analyze(problem, good.ravel(), calc_second_order=second_order, num_resamples=2, seed=1)
    half = sobol_half_widths(good, factors, second_order=second_order, resamples=RESAMPLES, level=LEVEL, seed=seed)
    pairs, pairs_half = ({"S2": found["S2"]}, {"S2": half.pop("S2")}) if second_order else ({}, {})
    return Indices({m: np.asarray(found[m]) for m in measures}, half, len(good), dropped, "", pairs, pairs_half)


def morris(inputs: np.ndarray, outputs: np.ndarray, *, levels: int, seed: int) -> Indices:
    """Mean, mean of the absolute value and standard deviation of elementary effects, per whole range of the factor.

    inputs (members, factors), outputs (members,), trajectory by trajectory. Morris (1991), Campolongo et al. (2007).
    """
    factors = inputs.shape[1]
    y = outputs.reshape(-1, factors + 1)
    good = np.isfinite(y).all(axis=1)
    dropped = int((~good).sum())
    measures = ("mu_star", "mu", "sigma")
    note = refusal(dropped, len(y), "trajectories") or (CONSTANT if good.any() and np.ptp(y[good]) == 0 else "")
    if note or good.sum() < 2:
        return nothing(measures, factors, int(good.sum()), dropped, note or "fewer than two trajectories")
    x = inputs.reshape(-1, factors + 1, factors)[good].reshape(-1, factors)
    problem = {"num_vars": factors, "names": [f"x{k}" for k in range(factors)], "bounds": [[0, 1]] * factors}
    found = salib_morris.analyze(
        problem, x, y[good].ravel(), num_resamples=RESAMPLES, conf_level=LEVEL, num_levels=levels, seed=seed
    )
    values = {measure: np.asarray(found[measure], dtype=float) for measure in measures}
    none = np.full(factors, np.nan)
    half = {"mu_star": np.asarray(found["mu_star_conf"], dtype=float), "mu": none, "sigma": none}
    return Indices(values, half, int(good.sum()), dropped)


def fast(outputs: np.ndarray, factors: int, *, seed: int) -> Indices:
    """First and total order of extended FAST (Saltelli, Tarantola and Chan 1999).

    outputs (members,), search curve by search curve, one a factor. A curve cannot be thinned: a member that is not
    finite takes its factor's indices. SALib's intervals come from half curves and are indicative only, as it says.
    """
    curves = outputs.reshape(factors, -1)
    good = np.isfinite(curves).all(axis=1)
    dropped = int((~good).sum())
    measures = ("S1", "ST")
    note = refusal(dropped, factors, "curves") or (CONSTANT if np.ptp(curves[good]) == 0 else "")
    if note:
        return nothing(measures, factors, factors - dropped, dropped, note)
    names = [f"x{k}" for k in range(factors - dropped)]
    with legacy_seed(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # on its intervals, said above
        problem = {"num_vars": len(names), "names": names}
        found = salib_fast.analyze(problem, curves[good].ravel(), M=HARMONICS, conf_level=LEVEL)
    values, half = ({m: np.full(factors, np.nan) for m in measures} for _ in range(2))
    for measure in measures:
        values[measure][good] = found[measure]
        half[measure][good] = found[f"{measure}_conf"]
    return Indices(values, half, factors - dropped, dropped)


@contextmanager
def legacy_seed(seed: int) -> Iterator[None]:
    """For code that draws from numpy's global generator: seeded here, put back as it was afterwards."""
    before = np.random.get_state()
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        np.random.set_state(before)
