"""What a study of worlds says: whether ranks are uniform and parameters are found again, by group and by quantity.

A parameter is informed where the figures take at least half of its prior variance away, averaged over worlds.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np

from huangpu.calibration.priors import DELIVERY
from huangpu.calibration.sbc import DENSITIES, FIGURE, Replicate, Study
from huangpu.checks.ranks import Band, holm, of_many, of_one, positions

INFORMED = 0.5  # share of the prior variance
GROUPS = ("informed parameters", "other parameters", "deliveries", "sizes", "densities", "figures ahead")
WRONG = 0.05  # p-value, corrected, below which ranks are not uniform


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity over all worlds.

    place         mean place of the truth among the draws, 0.5 where all is right
    p, p_holm     that its ranks are uniform; corrected for all quantities
    within_50, within_90  share of worlds whose truth lies in the central interval of the draws
    contraction   share of the prior variance that the fit takes away; nan for what is no parameter
    correlation   of truths and means over worlds
    z_mean, z_sd  of (truth - mean) / sd over worlds: 0 and 1 where all is right
    """

    name: str
    group: str
    worlds: int
    place: float
    p: float
    p_holm: float
    within_50: float
    within_90: float
    contraction: float
    correlation: float
    z_mean: float
    z_sd: float

    @property
    def uneven(self) -> bool:
        return self.p_holm < WRONG


@dataclass(frozen=True)
class Pooled:
    """A group: its distribution of ranks, and coverage with the standard error that worlds as witnesses give."""

    quantities: int
    band: Band
    coverage: Mapping[int, tuple[float, float]]


@dataclass(frozen=True)
class Recovery:
    """lines by quantity; groups; places (world, quantity) of truths among draws, nan where there is none.

    truth, mean, sd (world, quantity); worth: independent draws of a fit, median of worlds; redrawn: truths that did not
    run
    """

    lines: tuple[Line, ...]
    groups: Mapping[str, Pooled]
    places: np.ndarray
    truth: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    draws: int
    worth: float
    redrawn: int

    @property
    def worst(self) -> Line:
        return min(self.lines, key=lambda line: (line.p_holm, line.p))


def recovery(study: Study, done: Sequence[Replicate]) -> Recovery:
    """Of at least two worlds."""
    draws = done[0].draws
    rank = np.array([r.rank for r in done])
    places = np.where(rank >= 0, positions(rank, draws), np.nan)
    truth, mean, sd = (np.array([getattr(r, name) for r in done]) for name in ("truth", "mean", "sd"))
    parameters = len(study.question.priors.names)
    contraction = np.full(len(study.names), np.nan)
    contraction[:parameters] = 1 - (sd[:, :parameters] ** 2).mean(axis=0)
    kinds = [_group(name, taken) for name, taken in zip(study.names, contraction, strict=True)]
    bands = [_one(places[:, k]) for k in range(len(study.names))]
    told = [k for k, band in enumerate(bands) if band is not None]
    corrected = dict(zip(told, holm(np.array([bands[k].p for k in told])), strict=True))
    lines = []
    for k in told:
        known = np.isfinite(places[:, k])
        at, true, centre, spread = (a[known, k] for a in (places, truth, mean, sd))
        z = (true - centre) / spread
        numbers = (at.mean(), bands[k].p, corrected[k], _within(at, 50).mean(), _within(at, 90).mean())
        more = (contraction[k], _correlation(true, centre), z.mean(), z.std(ddof=1))
        lines.append(Line(study.names[k], kinds[k], int(known.sum()), *map(float, (*numbers, *more))))
    groups = {
        group: _pooled(places[:, [k for k in told if kinds[k] == group]])
        for group in GROUPS
        if any(kinds[k] == group for k in told)
    }
    worth, redrawn = float(np.median([r.worth for r in done])), sum(r.attempts - 1 for r in done)
    return Recovery(
        tuple(lines), groups, places[:, told], *(a[:, told] for a in (truth, mean, sd)), draws, worth, redrawn
    )


def _group(name: str, contraction: float) -> str:
    if name in DENSITIES:
        return "densities"
    if name.startswith(FIGURE):
        return "figures ahead"
    if name.startswith(DELIVERY):
        return "deliveries"
    if name.startswith("sigma."):
        return "sizes"
    return "informed parameters" if contraction >= INFORMED else "other parameters"


def _one(places: np.ndarray) -> Band | None:
    known = places[np.isfinite(places)]
    return of_one(known) if len(known) > 1 else None


def _pooled(places: np.ndarray) -> Pooled:
    coverage = {}
    for percent in (50, 90):
        inside = np.where(np.isfinite(places), _within(places, percent), np.nan)
        of_world = np.nanmean(inside, axis=1)
        coverage[percent] = float(of_world.mean()), float(of_world.std(ddof=1) / np.sqrt(len(of_world)))
    return Pooled(places.shape[1], of_many(places), coverage)


def _within(places: np.ndarray, percent: int) -> np.ndarray:
    return np.abs(places - 0.5) <= percent / 200


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else float("nan")


def as_csv(lines: Sequence[Line]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([field.name for field in fields(Line)])
    for line in sorted(lines, key=lambda line: (GROUPS.index(line.group), line.p)):
        table.writerow([f"{v:.4g}" if isinstance(v, float) else v for v in astuple(line)])
    return text.getvalue()


def as_summary(found: Recovery) -> dict:
    """For summary.json."""
    uneven = [line.name for line in found.lines if line.uneven]
    groups = {
        name: {
            "quantities": group.quantities,
            "p": round(group.band.p, 5),
            **{f"coverage_{percent}": round(share, 4) for percent, (share, _) in group.coverage.items()},
            **{f"coverage_{percent}_se": round(error, 4) for percent, (_, error) in group.coverage.items()},
        }
        for name, group in found.groups.items()
    }
    return {
        "worlds": len(found.places),
        "quantities": len(found.lines),
        "draws": found.draws,
        "independent_draws": round(found.worth),
        "redrawn": found.redrawn,
        "uneven": uneven,
        "worst": {"name": found.worst.name, "p": found.worst.p, "p_holm": found.worst.p_holm},
        "groups": groups,
    }
