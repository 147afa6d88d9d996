"""A scenario in parts: each value as written, with where that was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from huangpu.runtime.scenario.places import Place
from huangpu.yamlfile import Document, Key

OWN = ("name", "title", "description")  # never come from a base
SINGLE = ("model", "horizon", "members", "seed", "posterior", "shocks", "save")
COURSES = ("levers", "drivers")
SHIPPED = ("default", "none")  # what `posterior` may be that is no file


@dataclass(frozen=True)
class Part:
    """A value as written, where that was, and for a window the keys that a change has set, with that change's place."""

    value: object
    place: Place
    changed: Mapping[str, Place] = field(default_factory=dict)


Course = Part | tuple[Part, ...]  # of a lever: one number, or windows
Courses = Mapping[str, Course]


@dataclass(frozen=True)
class Resolved:
    """A whole scenario: of every part its value as written, and where.

    folder   of the file, to which `model` and `posterior` are relative
    single   of OWN and SINGLE those that are given
    bases    what its own bases were, each whole
    """

    document: Document
    folder: Path
    single: Mapping[str, Part]
    parameters: Mapping[str, Part]
    levers: Courses
    drivers: Courses
    bases: tuple[Resolved, ...] = ()

    def data(self) -> dict[str, object]:
        """As the data of one file without a base."""
        courses = {
            key: {name: _plain(course) for name, course in getattr(self, key).items()}
            for key in COURSES
            if getattr(self, key)
        }
        parameters = {"parameters": {k: p.value for k, p in self.parameters.items()}} if self.parameters else {}
        return {key: part.value for key, part in self.single.items()} | parameters | courses

    def places(self) -> dict[Key, Place]:
        """Where the parts of `data` were written."""
        places = {(key,): part.place for key, part in self.single.items()}
        places |= {("parameters", name): part.place for name, part in self.parameters.items()}
        for key in COURSES:
            for name, course in getattr(self, key).items():
                parts = course if isinstance(course, tuple) else (course,)
                for there, at in (part.place for part in parts[:1]):
                    places[key, name] = (there, at[:2])
                for position, part in enumerate(windows(course)):
                    places[key, name, position] = part.place
                    places |= {(key, name, position, k): place for k, place in part.changed.items()}
        return places


def _plain(course: Course) -> object:
    return [dict(part.value) for part in course] if isinstance(course, tuple) else course.value


def windows(course: Course) -> tuple[Part, ...]:
    return course if isinstance(course, tuple) else ()


def whole(lever: str) -> str:
    """`land` of `land[a]`."""
    return lever.split("[")[0]
