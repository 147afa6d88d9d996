"""Priors that rest on figures of after an origin, and what to do with them.

A prior says when it could be believed by `known` in priors.yaml; else its year is that in which the last of the rows
and of the source that it cites was published; else the last year that its reason names, for a reason about past figures
was written after them. A prior without any of these is general knowledge, of any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from huangpu.calibration.priors import Prior, Priors
from huangpu.measurement.observations import Observation

WIDER = 2.0  # times the spread of a prior that nobody could have had, in the variant that shows what it matters
_ROW = re.compile(r"\bo\d{4}\b")
_YEAR = re.compile(r"\b(20[0-3]\d)\b")
_BOUNDED = ("uniform",)  # its two numbers are ends


@dataclass(frozen=True, slots=True)
class Dated:
    """A parameter, the year by whose end its prior could be believed (None: any), and how that is known."""

    name: str
    known: int | None
    why: str


def dated(priors: Priors, observations: Iterable[Observation], sources: Mapping[str, str]) -> tuple[Dated, ...]:
    """In the order of the priors. sources: source_id -> ISO day of publication, "" where it is not known."""
    published = {o.row_id: o.published for o in observations}
    return tuple(_dated(prior, published, sources) for prior in priors.items)


def _dated(prior: Prior, published: Mapping[str, str], sources: Mapping[str, str]) -> Dated:
    if prior.known is not None:
        return Dated(prior.name, prior.known, "said in priors.yaml")
    days = {id: published[id] for id in _ROW.findall(prior.reason) if published.get(id)}
    if sources.get(prior.source):
        days[prior.source] = sources[prior.source]
    if days:
        last = max(days, key=days.__getitem__)
        return Dated(prior.name, int(days[last][:4]), f"{last} was published on {days[last]}")
    years = [int(year) for year in _YEAR.findall(prior.reason)]
    return Dated(prior.name, max(years), "the last year of its reason") if years else Dated(prior.name, None, "")


def later(rows: Iterable[Dated], origin: int) -> frozenset[str]:
    """Parameters whose priors nobody could have had at the end of the origin."""
    return frozenset(row.name for row in rows if row.known is not None and row.known > origin)


def widened(priors: Priors, names: frozenset[str]) -> Priors:
    """With `WIDER` times the spread for these; a uniform one keeps its ends, which are those of what is possible."""
    return Priors(tuple(_wider(p) if p.name in names and p.distribution not in _BOUNDED else p for p in priors.items))


def _wider(prior: Prior) -> Prior:
    centre, spread = prior.numbers
    return replace(prior, numbers=(centre, WIDER * spread))
