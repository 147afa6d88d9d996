"""What a scenario is to the rest of the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from huangpu.runtime.scenario.form import ScenarioFile
from huangpu.runtime.scenario.places import Place, at_places, report
from huangpu.yamlfile import Document, Key


class ScenarioError(Exception):
    """Something is wrong with a scenario. `str(error)` is the whole message, one problem a line."""


@dataclass(frozen=True)
class LeverWindow:
    """One stretch of a lever's or driver's history; the windows of one add up, outside them it is 0.

    lever      id of the constant that is driven
    stream     what its delivery is drawn for: the same text, seed and member give the same draw in any scenario
    start      year in which it begins; -inf: from the beginning
    ramp       (shape, years) from 0 at `start` to `hold`; shapes step, linear, smooth
    hold       strength between ramp and fade, 1 = as the plan states it
    end, fade  year in which it begins to fade, and (shape, years) back to 0; inf: never
    points     years and values with straight lines between, held outside; replaces all of the above
    delivery   share that is carried out: a number, (low, high) for a uniform draw a member, or a posterior column
    """

    lever: str
    stream: str
    start: float = -inf
    ramp: tuple[str, float] = ("step", 0.0)
    hold: float = 1.0
    end: float = inf
    fade: tuple[str, float] = ("step", 0.0)
    points: tuple[tuple[float, float], ...] = ()
    delivery: float | tuple[float, float] | str = 1.0


@dataclass(frozen=True)
class Scenario:
    """Levers over time, horizon, ensemble, what to save. Times in years; ids as in the compiled model.

    start, end   None until `check` fills in the model's own
    model        the model file, None for the shipped one
    posterior    "default" (the shipped one), "none" (the model's own constants), or the path of a file of members
    shocks       whether members get driver paths of their own, on top of `drivers`
    save         ids of whole variables or single elements, saved every `save_every` years from the start on
    parameters   constants that are the same for all members
    levers       what policy moves; drivers: what moves without it, the same for all members
    text         all of it as one file, so that a run can be made again from its results: the file as written where it
                 has no base, else what it says together with its bases
    document     the file itself; places: where parts that came from its bases, or that it changed, were written
    bases        the scenarios that the file names as its base
    """

    name: str
    title: str
    description: str
    model: Path | None
    start: float | None
    end: float | None
    members: int
    seed: int
    posterior: str
    shocks: bool
    save: tuple[str, ...]
    save_every: float
    parameters: Mapping[str, float]
    levers: tuple[LeverWindow, ...]
    drivers: tuple[LeverWindow, ...]
    text: str = field(repr=False, compare=False)
    document: Document = field(repr=False, compare=False)
    form: ScenarioFile = field(repr=False, compare=False)
    places: Mapping[Key, Place] = field(repr=False, compare=False)
    bases: tuple[Scenario, ...] = field(repr=False, compare=False)

    @property
    def file(self) -> str:
        return self.document.file

    @property
    def windows(self) -> tuple[LeverWindow, ...]:
        """All that is driven through time."""
        return self.levers + self.drivers

    @property
    def moves(self) -> tuple:
        """All that moves the model, in an order of its own: equal for scenarios that move it alike."""
        return (sorted(self.windows, key=lambda w: (w.lever, w.stream)), sorted(self.parameters.items()))

    def error(self, problems: Iterable[tuple[Key, str]]) -> ScenarioError:
        """The problems at keys of the whole scenario, each with the file and line where that was written."""
        return ScenarioError(report(at_places(problems, self.places, self.document)))
