"""What a scenario is to the rest of the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from huangpu.runtime.scenario.form import ScenarioFile
from huangpu.yamlfile import Document


class ScenarioError(Exception):
    """Something is wrong with a scenario. `str(error)` is the whole message, one problem a line."""


@dataclass(frozen=True)
class LeverWindow:
    """One stretch of a lever's history; the windows of a lever add up, outside them it is 0.

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
    save         ids of whole variables or single elements, saved every `save_every` years from the start on
    parameters   constants that are the same for all members
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
    save: tuple[str, ...]
    save_every: float
    parameters: Mapping[str, float]
    levers: tuple[LeverWindow, ...]
    document: Document = field(repr=False, compare=False)
    form: ScenarioFile = field(repr=False, compare=False)

    @property
    def file(self) -> str:
        return self.document.file

    @property
    def text(self) -> str:
        """The file as written, so that a run can be made again from its results."""
        return self.document.text
