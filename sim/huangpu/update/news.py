"""Which figures a posterior has not seen, in the order in which they were published.

A posterior lists the rows that it was fitted to, and what they said. What enters by today's metrics.yaml and is not in
that list, or says something else now, is new. A new row may take the place of one in the list, as a full year does of
its first half and a corrected figure of what it said before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
from pydantic import TypeAdapter, ValidationError

from huangpu.measurement import Layer, build_layer
from huangpu.measurement.metrics import Metrics
from huangpu.measurement.observations import Observation
from huangpu.measurement.selection import select
from huangpu.runtime.members import Members, MembersError

Said = tuple[float, str, float]  # value, bound, standard error: `Observation.said`

STEPS = 8  # new figures are taken up one by one; more than these in so many groups


@dataclass(frozen=True)
class Step:
    """new: the figures that this step adds; layer: of all up to these."""

    new: tuple[Observation, ...]
    layer: Layer


@dataclass(frozen=True)
class News:
    """before: the layer of the rows that the posterior used, as far as they are still there.

    replaced  (row_id, reason) of rows of the posterior that a new one, or what they say now, takes the place of
    lost      (row_id, reason) of rows of the posterior that do not enter any more, without a new one in their place
    refused   (row_id, reason) of rows published after all that the posterior used, which do not enter
    figures   row_id -> what each row of the file says now, and those that are gone as the posterior knew them
    """

    before: Layer
    steps: tuple[Step, ...]
    replaced: tuple[tuple[str, str], ...]
    lost: tuple[tuple[str, str], ...]
    refused: tuple[tuple[str, str], ...]
    figures: Mapping[str, Said]

    @property
    def rows(self) -> tuple[Observation, ...]:
        return tuple(o for step in self.steps for o in step.new)

    @property
    def said(self) -> dict[str, Said]:
        """What all rows that enter say now."""
        return {row_id: self.figures[row_id] for row_id in self.after.row_ids()}

    @property
    def after(self) -> Layer:
        return self.steps[-1].layer if self.steps else self.before


def used_rows(members: Members) -> dict[str, Said]:
    """What the rows said that the members were fitted to. MembersError where the file does not say."""
    text = members.attrs.get("figures")
    try:
        return TypeAdapter(dict[str, Said]).validate_json(str(text), strict=True)
    except ValidationError:
        what = "does not hold" if text is None else "holds no usable"
        raise MembersError(
            f"the posterior {what} attribute 'figures', the figures that it used; run `huangpu calibrate`"
        ) from None


def find_news(metrics: Metrics, observations: Sequence[Observation], used: Mapping[str, Said], start: float) -> News:
    """What the observations hold beyond the rows `used`. start: decimal year in which the model begins.

    Raises DataError where metrics.yaml and the observations do not fit together.
    """
    known = {o.row_id: o for o in observations}
    today = build_layer(metrics, observations, start=start)
    fresh = [known[row_id] for row_id in today.row_ids() if used.get(row_id) != known[row_id].said]
    fresh.sort(key=lambda o: (o.published, o.row_id))
    parts = [part for part in np.array_split(np.arange(len(fresh)), min(STEPS, len(fresh)) or 1) if len(part)]
    before, *later = (
        _layer_of(metrics, _as_known(observations, used, seen), used.keys() | seen, start)
        for seen in ({o.row_id for o in fresh[:n]} for n in (0, *(part[-1] + 1 for part in parts)))
    )
    steps = tuple(Step(tuple(fresh[i] for i in part), layer) for part, layer in zip(parts, later, strict=True))
    reasons, stood = dict(today.unused), set(before.row_ids())
    gone = [(row_id, reasons.get(row_id, "no longer in the file")) for row_id in used if row_id not in today.row_ids()]
    gone += [(o.row_id, f"it said {used[o.row_id][0]:g}") for o in fresh if o.row_id in used]
    last = max((known[row_id].published for row_id in used if row_id in known), default="")
    return News(
        before,
        steps,
        tuple(row for row in gone if row[0] in stood),
        tuple(row for row in gone if row[0] not in stood),
        tuple(row for row in today.unused if row[0] not in used and known[row[0]].published > last),
        {**used, **{o.row_id: o.said for o in observations}},
    )


def _as_known(observations: Sequence[Observation], used: Mapping[str, Said], seen: Set[str]) -> list[Observation]:
    """The observations, those of a posterior as it knew them but for the rows `seen` since."""
    past = {row_id: said for row_id, said in used.items() if row_id not in seen}
    return [
        replace(o, **dict(zip(("value", "bound", "se"), past[o.row_id], strict=True))) if o.row_id in past else o
        for o in observations
    ]


def _layer_of(metrics: Metrics, observations: Sequence[Observation], rows: Set[str], start: float) -> Layer:
    """The layer in which only these rows may enter. Of those that go others may take the place, which go then too."""
    while more := {row.row_id for row in select(metrics, observations, start)[0]} - rows:
        observations = [replace(o, use="later") if o.row_id in more else o for o in observations]
    return build_layer(metrics, observations, start=start)
