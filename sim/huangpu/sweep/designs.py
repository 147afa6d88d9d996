"""Designs: which values the factors have in each member. Any slice of members can be had by itself, and is the same
whatever the slicing: a member's values depend on its number alone.

Layouts are SALib's, so that its analyses take the outputs in the order of the members: a Saltelli group or a trajectory
is a run of neighbours, a FAST curve too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from SALib.sample import fast_sampler
from scipy.stats import qmc

from huangpu.sweep.factors import Factor

Array = np.ndarray
LATIN = 8192  # members of one Latin hypercube; a larger sample is several, so that no more than one is ever held
# Of FAST: six harmonics. With four, what lies beyond is lost or lands on others (0.05 of Ishigami's variance, 0.01 with
# six); eight gain little and ask for nearly twice the members.
HARMONICS = 6
FAST_VALUES = 2**25  # of a FAST sample, which SALib lays out as a whole: 256 MB


@dataclass(frozen=True)
class Design:
    """Members by number.

    n, levels, second_order  as in the sweep file, 0 and False where they mean nothing
    table     values of a file, or joint draws of the posterior, (row, factor); of a factor that has no draws nan
    """

    kind: str
    size: int
    factors: tuple[Factor, ...]
    seed: int
    n: int = 0
    levels: int = 0
    second_order: bool = False
    table: Array = field(default_factory=lambda: np.zeros((0, 0)), repr=False, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(factor.name for factor in self.factors)

    @property
    def independent(self) -> bool:
        """Whether the factors are drawn or set apart from one another."""
        return KINDS[self.kind].independent

    @property
    def group(self) -> int:
        """Neighbouring members that an analysis needs together: a Saltelli group, a trajectory; else 1."""
        match self.kind:
            case "sobol":
                return saltelli(len(self.factors), self.second_order)
            case "morris":
                return len(self.factors) + 1
            case "fast":
                return self.n
        return 1

    def rows(self, start: int, stop: int) -> Array:
        """Values of the factors, (stop - start, factor), of members `start` to `stop` - 1."""
        if not 0 <= start <= stop <= self.size:
            raise ValueError(f"members {start} to {stop} of {self.size}")
        return np.ascontiguousarray(KINDS[self.kind].rows(self, start, stop))

    def problem(self) -> dict:
        """SALib's description of the factors, with what else of the design an analysis needs."""
        ends = [tuple(map(float, factor.values(np.array([0.0, 1.0])))) for factor in self.factors]
        described = {"num_vars": len(self.factors), "names": list(self.names), "bounds": [list(e) for e in ends]}
        return described | {
            "kind": self.kind,
            "N": self.n,
            "num_levels": self.levels,
            "calc_second_order": self.second_order,
            "group": self.group,
        }


def saltelli(factors: int, second_order: bool) -> int:
    """Members of a group: A, each AB, with second order each BA, B."""
    return (2 if second_order else 1) * factors + 2


def numbers(there: int, seed: int, start: int, stop: int) -> Array:
    """Which of the `there` draws of a posterior members `start` to `stop` - 1 are: all in file order, then all again
    mixed anew, and so on."""
    found = [np.zeros(0, dtype=np.int64)]
    for cycle in range(start // there, -(-stop // there)):
        order = np.arange(there) if cycle == 0 else np.random.default_rng([seed, cycle]).permutation(there)
        found.append(order[max(start - cycle * there, 0) : stop - cycle * there])
    return np.concatenate(found)


# -- shares of 1 ------------------------------------------------------------------------------------------------------


def _values(design: Design, shares: Array) -> Array:
    return np.column_stack([factor.values(column) for factor, column in zip(design.factors, shares.T, strict=True)])


def _levels(design: Design, places: Array) -> Array:
    return np.column_stack([factor.levels(column) for factor, column in zip(design.factors, places.T, strict=True)])


def _groups(design: Design, start: int, stop: int) -> tuple[int, int, slice]:
    """First group and group after the last that members lie in, and where in these groups they are."""
    first, last = start // design.group, -(-stop // design.group)
    return first, last, slice(start - first * design.group, stop - first * design.group)


def _sobol(design: Design, start: int, stop: int) -> Array:
    """Saltelli's layout of a scrambled Sobol sequence in twice as many dimensions (Saltelli 2002, as SALib has it)."""
    if start == stop:
        return np.zeros((0, len(design.factors)))
    first, last, part = _groups(design, start, stop)
    each = len(design.factors)
    base = _sequence(2 * each, design.seed, first, last)
    a, b = base[:, :each], base[:, each:]
    rows = np.repeat(a[:, None], design.group, axis=1)
    at = np.arange(each)
    rows[:, 1 + at, at] = b
    if design.second_order:
        rows[:, 1 + each :] = b[:, None]
        rows[:, 1 + each + at, at] = a
    rows[:, -1] = b
    return _values(design, rows.reshape(-1, each)[part])


def _sequence(dimensions: int, seed: int, first: int, last: int) -> Array:
    engine = qmc.Sobol(dimensions, scramble=True, rng=seed)
    if first:
        engine.fast_forward(first)
        return engine.random(last - first)
    # one and then the rest: a first draw of another number of points than a power of two would warn
    return np.concatenate([engine.random(1), engine.random(last - 1)]) if last > 1 else engine.random(1)


def _morris(design: Design, start: int, stop: int) -> Array:
    first, last, part = _groups(design, start, stop)
    each = len(design.factors)
    walks = [_walk(each, design.levels, np.random.default_rng([design.seed, k])) for k in range(first, last)]
    return _levels(design, np.concatenate([np.zeros((0, each)), *walks])[part])


def _walk(factors: int, levels: int, rng: np.random.Generator) -> Array:
    """One trajectory (factors + 1, factors): from a point of the lower half of the grid, or half the levels above it,
    each factor in turn goes the other way, in any order (Morris, 1991, section 3).

    SALib makes the same of products of matrices, which for two hundred factors takes as long as computing a fifth of
    the members.
    """
    low = rng.integers(levels // 2, size=factors) / (levels - 1)
    high = low + levels / (2 * (levels - 1))
    up, turn = rng.integers(2, size=factors).astype(bool), rng.permutation(factors)
    gone = turn < np.arange(factors + 1)[:, None]
    return np.where(gone == up, high, low)


def _latin(design: Design, start: int, stop: int) -> Array:
    return _values(design, _hypercubes(len(design.factors), design.size, design.seed, start, stop))


def _hypercubes(dimensions: int, size: int, seed: int, start: int, stop: int) -> Array:
    parts = [np.zeros((0, dimensions))]
    for block in range(start // LATIN, -(-stop // LATIN)):
        first = block * LATIN
        engine = qmc.LatinHypercube(dimensions, rng=np.random.default_rng([seed, block]))
        part = engine.random(min(LATIN, size - first))
        parts.append(part[max(start - first, 0) : stop - first])
    return np.concatenate(parts)


def _fast(design: Design, start: int, stop: int) -> Array:
    return _values(design, _fast_sample(design.n, len(design.factors), design.seed)[start:stop])


@lru_cache(maxsize=1)
def _fast_sample(n: int, factors: int, seed: int) -> Array:
    unit = {"num_vars": factors, "names": [str(k) for k in range(factors)], "bounds": [[0.0, 1.0]] * factors}
    return fast_sampler.sample(unit, n, M=HARMONICS, seed=seed)


def least_fast(factors: int) -> int:
    """Members a factor below which SALib gives two factors of a curve the same frequency, so the same values, or only
    frequencies 1 to 3, harmonics of one another: shares of ten equal factors came out at half or less."""
    return 4 * HARMONICS**2 * max(factors - 1, 4) + 1


# -- levels -----------------------------------------------------------------------------------------------------------


def _factorial(design: Design, start: int, stop: int) -> Array:
    """All combinations of the levels, the last factor moving fastest."""
    powers = design.levels ** np.arange(len(design.factors) - 1, -1, -1, dtype=np.int64)
    digits = np.arange(start, stop)[:, None] // powers % design.levels
    return _levels(design, digits / (design.levels - 1))


def _one_at_a_time(design: Design, start: int, stop: int) -> Array:
    """All at their base; then each factor in turn at each of its levels from low to high, the others at their base."""
    rows = np.tile([factor.base for factor in design.factors], (stop - start, 1))
    which, level = np.divmod(np.arange(start, stop) - 1, design.levels)
    for k, factor in enumerate(design.factors):
        mine = which == k
        rows[mine, k] = factor.levels(level[mine] / (design.levels - 1))
    return rows


# -- tables -----------------------------------------------------------------------------------------------------------


def _file(design: Design, start: int, stop: int) -> Array:
    return design.table[start:stop]


def _posterior(design: Design, start: int, stop: int) -> Array:
    """Joint draws; factors of which the posterior knows nothing, such as levers, by a Latin hypercube beside them."""
    rows = design.table[numbers(len(design.table), design.seed, start, stop)]
    own = np.isnan(design.table[0])
    if own.any():
        shares = _hypercubes(int(own.sum()), design.size, design.seed, start, stop)
        factors = [factor for factor, alone in zip(design.factors, own, strict=True) if alone]
        rows[:, own] = np.column_stack([f.values(column) for f, column in zip(factors, shares.T, strict=True)])
    return rows


@dataclass(frozen=True)
class Kind:
    """needs: keys of the sweep file that it must have; takes: that it may have, with what they are without.

    size    (options, factors) -> members
    others  whether parameters that do not vary may have draws: not where an analysis compares members that differ in
            one factor alone, or reads a curve
    """

    needs: tuple[str, ...]
    takes: Mapping[str, object]
    size: Callable[[Mapping, int], int]
    rows: Callable[[Design, int, int], Array]
    independent: bool = True
    others: bool = False


KINDS = {
    "sobol": Kind(("n",), {"second_order": True}, lambda o, d: o["n"] * saltelli(d, o["second_order"]), _sobol),
    "morris": Kind(("trajectories",), {"levels": 4}, lambda o, d: o["trajectories"] * (d + 1), _morris, others=True),
    "latin": Kind(("n",), {}, lambda o, d: o["n"], _latin, others=True),
    "fast": Kind(("n",), {}, lambda o, d: o["n"] * d, _fast),
    "factorial": Kind(("levels",), {}, lambda o, d: o["levels"] ** d, _factorial),
    "one_at_a_time": Kind((), {"levels": 2}, lambda o, d: 1 + o["levels"] * d, _one_at_a_time),
    "file": Kind(("path",), {}, lambda o, d: 0, _file, independent=False, others=True),
    "posterior": Kind((), {"n": None}, lambda o, d: o["n"] or 0, _posterior, independent=False, others=True),
}
