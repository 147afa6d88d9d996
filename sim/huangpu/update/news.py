"""Which figures a posterior has not seen, in the order in which they were published.

A posterior lists the rows that it was fitted to. What enters by today's metrics.yaml and is not in that list is new; a
new row may take the place of one in the list, as a full year does of its first half.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from huangpu.measurement import Layer, build_layer
from huangpu.measurement.metrics import Metrics
from huangpu.measurement.observations import Observation
from huangpu.measurement.selection import select
from huangpu.runtime.members import Members, MembersError

STEPS = 8  # new figures are taken up one by one; more than these in so many groups


@dataclass(frozen=True)
class Step:
    """new: the figures that this step adds; layer: of all up to these."""

    new: tuple[Observation, ...]
    layer: Layer


@dataclass(frozen=True)
class News:
    """before: the layer of the rows that the posterior used, as far as they are still there.

    replaced  (row_id, reason) of rows of the posterior that a new one takes the place of
    lost      (row_id, reason) of rows of the posterior that do not enter any more, without a new one in their place
    refused   (row_id, reason) of rows published after all that the posterior used, which do not enter
    """

    before: Layer
    steps: tuple[Step, ...]
    replaced: tuple[tuple[str, str], ...]
    lost: tuple[tuple[str, str], ...]
    refused: tuple[tuple[str, str], ...]

    @property
    def rows(self) -> tuple[Observation, ...]:
        return tuple(o for step in self.steps for o in step.new)

    @property
    def after(self) -> Layer:
        return self.steps[-1].layer if self.steps else self.before


def used_rows(members: Members) -> tuple[str, ...]:
    """Ids of the rows that the members were fitted to. MembersError where the file does not say."""
    text = members.attrs.get("row_ids")
    try:
        found = json.loads(str(text))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(row_id, str) for row_id in found):
        what = "does not hold" if text is None else "holds no usable"
        raise MembersError(
            f"the posterior {what} attribute 'row_ids', the figures that it used; run `huangpu calibrate`"
        )
    return tuple(found)


def find_news(metrics: Metrics, observations: Sequence[Observation], used: Sequence[str], start: float) -> News:
    """What the observations hold beyond the rows `used`. start: decimal year in which the model begins.

    Raises DataError where metrics.yaml and the observations do not fit together.
    """
    known = {o.row_id: o for o in observations}
    today = build_layer(metrics, observations, start=start)
    fresh = [known[row_id] for row_id in today.row_ids() if row_id not in used]
    fresh.sort(key=lambda o: (o.published, o.row_id))
    parts = [part for part in np.array_split(np.arange(len(fresh)), min(STEPS, len(fresh)) or 1) if len(part)]
    before, *later = (
        _layer_of(metrics, observations, {*used, *(o.row_id for o in fresh[:n])}, start)
        for n in (0, *(part[-1] + 1 for part in parts))
    )
    steps = tuple(Step(tuple(fresh[i] for i in part), layer) for part, layer in zip(parts, later, strict=True))
    reasons, stood = dict(today.unused), set(before.row_ids())
    gone = [(row_id, reasons.get(row_id, "no longer in the file")) for row_id in used if row_id not in today.row_ids()]
    last = max((known[row_id].published for row_id in used if row_id in known), default="")
    return News(
        before,
        steps,
        tuple(row for row in gone if row[0] in stood),
        tuple(row for row in gone if row[0] not in stood),
        tuple(row for row in today.unused if row[0] not in used and known[row[0]].published > last),
    )


def _layer_of(metrics: Metrics, observations: Sequence[Observation], rows: set[str], start: float) -> Layer:
    """The layer in which only these rows may enter. Of those that go others may take the place, which go then too."""
    while more := {row.row_id for row in select(metrics, observations, start)[0]} - rows:
        observations = [replace(o, use="later") if o.row_id in more else o for o in observations]
    return build_layer(metrics, observations, start=start)
