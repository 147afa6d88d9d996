"""Sensitivity from any sample, correlated inputs too: PAWN, delta and rank correlation of one output.

Nothing is asked of the design, so a factor that is correlated with others counts for what they bring as well.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from SALib.analyze.delta import bias_reduced_delta
from scipy.stats import norm, rankdata
from threadpoolctl import threadpool_limits

from huangpu.sweep.indices import CONSTANT, LEVEL, Indices, legacy_seed, nothing, refusal

SLICES = 10  # of PAWN: conditioning intervals with as many members each
FIRST, DELTA_FIRST = 15, 10  # factors by PAWN that have an interval, and delta, a tenth of a second each
TRACED = 6  # factors that have an interval on a part of the sample
RESAMPLES, DELTA_RESAMPLES = 50, 20
DELTA_MEMBERS = 2000  # evenly spread over the sample
DUMMIES = 200  # factors without effect, for PAWN's floor
FEW = 20  # different values of an output below which a density, so delta, means nothing
MEASURES = ("pawn", "delta", "rank")


def given_data(inputs: np.ndarray, outputs: np.ndarray, *, seed: int) -> Indices:
    """PAWN's median over its slices, delta, and Spearman's rank correlation, which alone has a sign.

    inputs (members, factors), outputs (members,). Members that are not finite are left out. `pawn_floor` among the
    values is what 19 in 20 factors without any effect stay below, the same for each factor.
    """
    x, y, dropped, note = _finite(inputs, outputs)
    measures, factors = (*MEASURES, "pawn_floor"), inputs.shape[1]
    if note:
        return nothing(measures, factors, len(y), dropped, note)
    values, half = ({measure: np.full(factors, np.nan) for measure in measures} for _ in range(2))
    values["pawn"], half["pawn"], order = _pawns(x, y, FIRST, seed)
    values["pawn_floor"] = np.full(factors, _floor(y, seed))
    values["rank"], half["rank"] = _rank(x, y)
    dense = len(np.unique(y)) >= FEW
    if dense:
        first = order[:DELTA_FIRST]
        values["delta"][first], half["delta"][first] = _delta(x[:, first], y, seed)
    return Indices(values, half, len(y), dropped, "" if dense else f"fewer than {FEW} different values: no delta")


def pawn_alone(inputs: np.ndarray, outputs: np.ndarray, *, seed: int) -> Indices:
    """PAWN of every factor and the intervals of the first: what is looked at on a part of the sample."""
    x, y, dropped, note = _finite(inputs, outputs)
    if note:
        return nothing(("pawn",), inputs.shape[1], len(y), dropped, note)
    values, half, _ = _pawns(x, y, TRACED, seed)
    return Indices({"pawn": values}, {"pawn": half}, len(y), dropped)


def _finite(inputs: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, int, str]:
    """The members that are finite, how many are not, and why there are no indices, if so."""
    good = np.isfinite(outputs) & np.isfinite(inputs).all(axis=1)
    x, y, dropped = inputs[good], outputs[good], int((~good).sum())
    note = refusal(dropped, len(outputs), "members") or (CONSTANT if len(y) and np.ptp(y) == 0 else "")
    return x, y, dropped, note or (f"fewer than {2 * SLICES} members" if len(y) < 2 * SLICES else "")


def _pawns(x: np.ndarray, y: np.ndarray, first: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """PAWN (factor,), half widths, nan but of so many `first` factors, and all factors from the largest down."""
    order = np.argsort(y, kind="stable")
    values = np.array([pawn(column, y, order) for column in x.T])
    ranked = np.argsort(-values, kind="stable")
    half = np.full(len(values), np.nan)
    half[ranked[:first]] = _pawn_half(x[:, ranked[:first]], y, seed)
    return values, half, ranked


def pawn(x: np.ndarray, y: np.ndarray, order: np.ndarray) -> float:
    """Median over slices of x of the largest distance between the distribution of y there and everywhere.

    order sorts y. Pianosi and Wagener (2018), eq. 2 to 4. SALib's `pawn` gives the same figure, but takes a hundred
    times longer, most of it for probabilities that nobody reads.
    """
    edges = np.quantile(x, np.linspace(0, 1, SLICES + 1))
    sorted_x, sorted_y = x[order], y[order]
    last = np.append(sorted_y[1:] != sorted_y[:-1], True)  # steps of the distribution: past the last of equal values
    everywhere = (np.flatnonzero(last) + 1) / len(y)
    found = []
    for low, high in pairwise(edges):
        inside = (sorted_x >= low) & (sorted_x < high)
        count = np.count_nonzero(inside)
        if count:
            found.append(np.abs(np.cumsum(inside)[last] / count - everywhere).max())
    return float(np.median(found)) if found else 0.0  # a factor that does not vary has no effect


def _floor(y: np.ndarray, seed: int) -> float:
    draws, order = np.random.default_rng((seed, 1)), np.argsort(y, kind="stable")
    return float(np.quantile([pawn(draws.permutation(len(y)), y, order) for _ in range(DUMMIES)], LEVEL))


def _pawn_half(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Half widths by a bootstrap over members, (factor,)."""
    draws = np.random.default_rng((seed, 2))
    found = []
    for _ in range(RESAMPLES):
        rows = draws.integers(len(y), size=len(y))
        order = np.argsort(y[rows], kind="stable")
        found.append([pawn(column, y[rows], order) for column in x[rows].T])
    return norm.ppf(0.5 + LEVEL / 2) * np.std(found, axis=0, ddof=1)


def _rank(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spearman's correlation with each factor, and half its interval: standard error of Bonett and Wright (2000), eq.
    3, on Fisher's scale, brought back by its slope 1 - r^2."""
    ranks = rankdata(x, axis=0)
    ranks = ranks - ranks.mean(axis=0)
    own = rankdata(y)
    own = own - own.mean()
    norms = np.sqrt((ranks**2).sum(axis=0) * (own**2).sum())
    r = np.divide((ranks * own[:, None]).sum(axis=0), norms, out=np.zeros(x.shape[1]), where=norms > 0)
    return r, norm.ppf(0.5 + LEVEL / 2) * np.sqrt((1 + r**2 / 2) / (len(y) - 3)) * (1 - r**2)


def _delta(x: np.ndarray, y: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Borgonovo's (2007) delta of each factor and half its interval, by SALib; Plischke et al. (2013), eq. 26 and 30.

    The sample is taken as it comes (`raw`): SALib's other modes even out the factor's distribution, another question.
    """
    rows = np.unique(np.linspace(0, len(y) - 1, min(DELTA_MEMBERS, len(y))).astype(int))
    x, y = x[rows], y[rows]
    exponent = 2 / (7 + np.tanh((1500 - len(y)) / 500))
    edges = np.linspace(0, len(y), int(min(np.ceil(len(y) ** exponent), 48)) + 1)
    grid = np.linspace(y.min(), y.max(), 100)
    values, half = np.full(x.shape[1], np.nan), np.full(x.shape[1], np.nan)
    for k, column in enumerate(x.T):
        if np.ptp(column) == 0:
            continue
        with legacy_seed(seed + k), threadpool_limits(1):  # small products: threads only cost
            values[k], half[k], _ = bias_reduced_delta(
                y, grid, column, edges, DELTA_RESAMPLES, LEVEL, len(y), "raw", None, f"x{k}", 0
            )
    return values, half
