"""Every fitted row foretold from all other rows: how far off reality was, in the spread that was said.

Given a member, its exact rows are jointly Gaussian, so each has a closed-form distribution given the others: drivers,
walks, offsets and seasons are told from these, and the row's own reporting error is added (Rasmussen & Williams 2006,
eq. 5.12). That the member's parameters have seen the row is taken back by importance weights, 1 / p(row | other rows,
member), smoothed as in `update.weights` (Vehtari, Gelman & Gabry 2017). So what is compared is the leave-one-out
predictive distribution, a mixture over members; z is the normal score of the reported figure in it. A bound has no z
but the probability that the figure lies where the bound says, given all exact rows.

Were all right, z would be about standard normal. Neighbouring figures are foretold from one another, so their z are not
independent; and structure and priors were chosen with most of these figures in sight.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace

import numpy as np
from scipy.special import ndtr, ndtri

from huangpu import measurement
from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.fitted import fitted_scenario
from huangpu.forecast import METRICS, MODEL, OBSERVATIONS, POSTERIOR
from huangpu.measurement import Layer, one_thread
from huangpu.measurement.blocks import Block
from huangpu.measurement.censored import log_probability
from huangpu.measurement.likelihood import batches, covariance, sigmas
from huangpu.measurement.metrics import Quantity
from huangpu.measurement.observations import Observation
from huangpu.measurement.rows import Row
from huangpu.measurement.simulated import inverse
from huangpu.runtime.members import MembersError, read_members
from huangpu.update.density import densities
from huangpu.update.news import used_rows
from huangpu.update.weights import weights_of

FAR = 3.0  # |z| beyond which a row is flagged, and a bound with so small a probability
UNLIKELY = 0.0027
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
POINTS = ndtri((np.arange(10) + 0.5) / 10)  # stand for a normal distribution in a mixture's quantiles


@dataclass(frozen=True, slots=True)
class Line:
    """One row. Quantiles in the row's own unit: of the leave-one-out prediction, and of the model alone (its members'
    runs with neutral drivers, without discrepancy, offset or error).

    z      nan for a bound; probability  of what the bound says, nan for others
    khat   above 0.7 the row moves the parameters so much that the other figures alone might say something else
    """

    row_id: str
    metric: str
    scope: str
    kind: str
    basis: str
    year: int
    period: str
    quantity: str
    bound: str
    unit: str
    reported: float
    low_90: float
    low_50: float
    median: float
    high_50: float
    high_90: float
    alone_low_90: float
    alone_median: float
    alone_high_90: float
    z: float
    probability: float
    khat: float

    @property
    def flagged(self) -> bool:
        return abs(self.z) > FAR or self.probability < UNLIKELY


@dataclass(frozen=True, slots=True)
class Metric:
    """All rows of a metric. z of exact rows: mean, root mean square, the largest and whose it is; nan without any."""

    metric: str
    rows: int
    bounds: int
    z_mean: float
    z_rms: float
    largest: float
    row_id: str
    flagged: int


@dataclass(frozen=True)
class Foretold:
    """Of rows given the others, by member: mean, sd (row, member) in transformed units, log density (row, member)."""

    mean: np.ndarray
    sd: np.ndarray
    log: np.ndarray


def residuals(*, threads: int | None = None) -> tuple[Layer, tuple[Line, ...]]:
    """Of the shipped posterior and the rows that it was fitted to. Raises MembersError, DataError or ModelError."""
    program = compile_model(shipped(MODEL))
    members = read_members(shipped(POSTERIOR), program)
    scenario = fitted_scenario(members, program)
    if scenario is None:
        raise MembersError(f"{POSTERIOR}: was not fitted; run `huangpu calibrate`")
    used = set(used_rows(members))
    observations = measurement.read_observations(shipped(OBSERVATIONS))
    known = [o if o.row_id in used else replace(o, use="not fitted to") for o in observations]
    recalled = bool(members.attrs.get("recalled", False))
    metrics = measurement.read_metrics(shipped(METRICS))
    layer = measurement.build_layer(metrics, known, start=program.initial_time, recalled=recalled)
    found = densities(program, scenario, members, layer, threads)
    missed = measurement.residuals(found.layer, found.simulated)
    with one_thread():
        return found.layer, compare(found.layer, observations, missed, found.sizes)


def compare(
    layer: Layer, observations: Iterable[Observation], missed: np.ndarray, sizes: Mapping[str, np.ndarray]
) -> tuple[Line, ...]:
    """A line a row of the layer, with drivers; missed (row, member) reported less simulated with neutral drivers.

    sizes: sigma -> (member,). Members whose run is not finite are left out.
    """
    good = np.isfinite(missed).all(axis=0)
    told = missed[:, good]
    known = {name: values[good] for name, values in sizes.items()}
    of = {o.row_id: o for o in observations}
    found = foretell(layer, told, known)
    return tuple(
        _line(row, of[row.row_id], layer, Foretold(*(part[i] for part in vars(found).values())), row.y - told[i])
        for i, row in enumerate(layer.rows)
    )


def foretell(layer: Layer, missed: np.ndarray, sizes: Mapping[str, np.ndarray]) -> Foretold:
    """Each row given the exact ones among the others."""
    found = Foretold(*(np.empty(missed.shape) for _ in range(3)))
    for block in layer.blocks:
        if len(block.rows):
            sigma = sigmas(block, sizes, missed.shape[1])
            for part in batches(block, missed.shape[1]):
                _foretell(block, missed[block.rows, part], sigma[:, part], part, layer, found)
    return found


def _foretell(block: Block, missed: np.ndarray, sigma: np.ndarray, part: slice, layer: Layer, found: Foretold) -> None:
    """Fill in what concerns one block and these members; missed (n, member)."""
    n, exact = missed.shape[0], slice(0, block.exact)
    matrix = covariance(block, sigma, missed.shape[1])
    precision = np.linalg.inv(matrix[:, exact, exact])
    weights = np.einsum("mij,jm->im", precision, missed[exact])
    own = np.diagonal(precision, axis1=1, axis2=2).T
    centre, spread = np.empty(missed.shape), np.empty(missed.shape)
    centre[exact], spread[exact] = missed[exact] - weights / own, 1 / np.sqrt(own)
    across = matrix[:, block.exact : n, exact]
    centre[block.exact :] = np.einsum("mbe,em->bm", across, weights)
    solved = np.einsum("mbe,mef->mbf", across, precision)
    total = np.diagonal(matrix, axis1=1, axis2=2).T[block.exact :]
    spread[block.exact :] = np.sqrt(total - np.einsum("mbe,mbe->bm", solved, across))
    z = (missed - centre) / spread
    density = -0.5 * z**2 - np.log(spread)
    bounded = slice(block.exact, n)
    room = block.side[bounded, None] * -z[bounded]
    density[bounded] = log_probability(room, block.reach[bounded, None] / spread[bounded])
    reported = np.array([layer.rows[i].y for i in block.rows])[:, None]
    found.mean[block.rows, part] = reported - missed + centre
    found.sd[block.rows, part] = spread
    found.log[block.rows, part] = density


def _line(row: Row, o: Observation, layer: Layer, said: Foretold, alone: np.ndarray) -> Line:
    """said: of this row, (member,) each; alone (member,): the model's, transformed."""
    weights = weights_of(-said.log)
    exact = row.bound == "="
    quantity = layer.metrics.quantities[row.quantity]
    points = (said.mean[:, None] + said.sd[:, None] * POINTS).reshape(-1)
    shares = np.repeat(weights.share, len(POINTS))
    ends = [*_quantiles(points, shares), *np.quantile(alone, (0.05, 0.5, 0.95))]
    return Line(
        *(o.row_id, o.metric, o.scope, o.kind, o.basis, o.year, o.period, row.quantity, o.bound, o.unit, o.value),
        *(_in_unit(x, o, row, quantity) for x in ends),
        z=_score(row.y, said, weights.share) if exact else math.nan,
        probability=math.nan if exact else float(weights.share @ np.exp(said.log)),
        khat=weights.khat,
    )


def _score(y: float, said: Foretold, share: np.ndarray) -> float:
    """Normal score of y in the mixture, by the tail that is smaller and so keeps its digits."""
    z = (y - said.mean) / said.sd
    below, above = share @ ndtr(z), share @ ndtr(-z)
    return float(ndtri(below) if below < above else -ndtri(above))


def _quantiles(points: np.ndarray, shares: np.ndarray) -> np.ndarray:
    order = np.argsort(points, kind="stable")
    reached = np.cumsum(shares[order]) - 0.5 * shares[order]
    return np.interp(QUANTILES, reached / shares.sum(), points[order])


def _in_unit(x: float, o: Observation, row: Row, quantity: Quantity) -> float:
    """What would have been reported for x, in the transformed unit: the inverse of the row's own equation."""
    if row.form == "growth":
        average = o.span is not None and o.span[0] == "avg"
        return 100 * math.expm1(x / (o.span[2] - o.span[1] + 1 if average else 1))
    value, own = (float(inverse(quantity, np.array([each]))[0]) for each in (x, row.y))
    return o.value * value / own if quantity.transform == "log" else value + o.value - own


def by_metric(lines: Sequence[Line]) -> tuple[Metric, ...]:
    """Those with the largest |z| first; metrics with bounds alone last."""
    of: dict[str, list[Line]] = {}
    for line in lines:
        of.setdefault(line.metric, []).append(line)
    found = [_metric(name, own) for name, own in of.items()]
    return tuple(sorted(found, key=lambda m: -1.0 if math.isnan(m.largest) else abs(m.largest), reverse=True))


def _metric(name: str, lines: Sequence[Line]) -> Metric:
    exact = [line for line in lines if not math.isnan(line.z)]
    flagged, bounds = sum(line.flagged for line in lines), len(lines) - len(exact)
    if not exact:
        return Metric(name, len(lines), bounds, math.nan, math.nan, math.nan, "", flagged)
    z, worst = np.array([line.z for line in exact]), max(exact, key=lambda line: abs(line.z))
    rms = float(np.sqrt((z**2).mean()))
    return Metric(name, len(lines), bounds, float(z.mean()), rms, worst.z, worst.row_id, flagged)


def as_csv(rows: Sequence[Line] | Sequence[Metric]) -> str:
    """A table with a header; numbers that are not there are empty."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([field.name for field in fields(rows[0])])
    for row in rows:
        table.writerow([_cell(value) for value in astuple(row)])
    return text.getvalue()


def _cell(value: object) -> object:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.6g}"
