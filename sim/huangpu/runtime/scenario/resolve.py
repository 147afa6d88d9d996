"""A scenario file and the files below it, its bases, read and made one.

Bases are read depth first, each once. A base is a scenario by itself, so that what is wrong with it is reported in its
own file and line. How deep, how many and how long the files may be is bounded, and they lie inside the same project as
the models and posteriors that a scenario may name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from huangpu.runtime.scenario.form import BASES, ScenarioFile
from huangpu.runtime.scenario.merge import over
from huangpu.runtime.scenario.parts import COURSES, OWN, SHIPPED, SINGLE, Course, Part, Resolved
from huangpu.runtime.scenario.places import Finding, found
from huangpu.runtime.scenario.validate import validate
from huangpu.yamlfile import SIZE, Document, Key, parse_yaml, read_text

DEEPEST = 10  # files from a scenario down to its last base
FILES = 50


def resolve(document: Document) -> tuple[Resolved | None, list[Finding]]:
    """The scenario of a file that has been read, or None and all that is wrong with it and the files below it."""
    reading = _Reading(length=len(document.text))
    resolved = _resolve(reading, document, (Path(document.file).resolve(),))
    return (None if reading.findings else resolved), reading.findings


def alone(document: Document) -> tuple[Resolved | None, list[Finding]]:
    """The scenario of a text that is whole by itself; no file is looked for."""
    form, findings = validate(document)
    if form is not None and form.base:
        findings.append(found((document, ("base",)), "a kept scenario is whole by itself, expected no `base`"))
    return (None if form is None or findings else _own(document, form, Path())), findings


@dataclass
class _Reading:
    """The files read so far, by where they are; what is wrong with them; how long they are together."""

    length: int
    done: dict[Path, Resolved | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def wrong(self, document: Document, key: Key, message: str) -> None:
        self.findings.append(found((document, key), message))


def _resolve(reading: _Reading, document: Document, chain: tuple[Path, ...]) -> Resolved | None:
    """chain: the files from the scenario to this one, this one last."""
    form, findings = validate(document)
    reading.findings += findings
    folder, before = chain[-1].parent, len(reading.findings)
    if form is not None:
        for key, name in (("model", form.model), ("posterior", form.posterior)):
            if name and (key == "model" or name not in SHIPPED):
                _inside(reading, document, (key,), name, folder)
    bases = [_base(reading, document, key, name, chain) for key, name in _named(document)]
    if form is None or findings or None in bases or len(reading.findings) > before:
        return None
    own = _own(document, form, folder)
    if not bases:
        return own
    resolved, findings = over(own, form, tuple(bases))
    reading.findings += findings
    return resolved


def _named(document: Document) -> Iterator[tuple[Key, str]]:
    """The files that `base` names, even where something else is wrong with the file."""
    base = document.data.get("base") if isinstance(document.data, dict) else None
    names = {("base",): base} if isinstance(base, str) else {}
    if isinstance(base, list):
        names = {("base", position): name for position, name in enumerate(base[:BASES])}
    return ((key, name) for key, name in names.items() if isinstance(name, str))


def inside_project(folder: Path, name: str) -> tuple[Path | None, str]:
    """(path, "") of a file that a scenario or sweep in `folder` names: relative to it, and not outside the project that
    it belongs to; else (None, what is wrong)."""
    shelf = next((p for p in (folder, *folder.parents) if p.name == "scenarios"), folder)
    try:
        target = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError):
        target = None
    if target is None or Path(name).is_absolute() or not target.is_relative_to(shelf.parent):
        shown = name if len(name) <= 60 else name[:57] + "..."
        return None, f"found '{shown}', expected a path relative to this file and inside {shelf.parent.name}/"
    return target, ""


def _inside(reading: _Reading, document: Document, key: Key, name: str, folder: Path) -> Path | None:
    target, trouble = inside_project(folder, name)
    return reading.wrong(document, key, trouble) if trouble else target


def _base(reading: _Reading, document: Document, key: Key, name: str, chain: tuple[Path, ...]) -> Resolved | None:
    target = _inside(reading, document, key, name, chain[-1].parent)
    if target is None:
        return None
    if target.suffix not in (".yaml", ".yml"):
        return reading.wrong(document, key, f"found '{name}', expected a scenario file, .yaml")
    if target in chain:
        loop = " -> ".join(p.name for p in (*chain[chain.index(target) :], target))
        return reading.wrong(document, key, f"a scenario cannot be its own base: {loop}; name another base")
    if target in reading.done:
        return reading.done[target]
    if len(chain) >= DEEPEST or len(reading.done) >= FILES:
        limit = f"{DEEPEST} files deep" if len(chain) >= DEEPEST else f"{FILES} files in all"
        return reading.wrong(document, key, f"bases go more than {limit}; write some of them out")
    text, trouble = read_text(target)
    reading.length += len(text)
    if not trouble and reading.length > SIZE:
        trouble = f"makes the scenario {reading.length:,} characters long with its bases, expected at most {SIZE:,}"
    if trouble:
        return reading.wrong(document, key, f"'{name}': {trouble}")
    base = parse_yaml(text, os.path.normpath(Path(document.file).parent / name))
    reading.done[target] = None
    reading.done[target] = _resolve(reading, base, (*chain, target))
    return reading.done[target]


def _own(document: Document, form: ScenarioFile, folder: Path) -> Resolved:
    """What a file says itself."""
    data = document.data
    single = {key: Part(data[key], (document, (key,))) for key in (*OWN, *SINGLE) if key in data}
    parameters = {k: Part(v, (document, ("parameters", k))) for k, v in data.get("parameters", {}).items()}
    levers, drivers = ({name: _course(document, key, name) for name in getattr(form, key)} for key in COURSES)
    return Resolved(document, folder, single, parameters, levers, drivers)


def _course(document: Document, key: str, name: str) -> Course:
    value, at = document.data[key][name], (key, name)
    if not isinstance(value, list):
        return Part(value, (document, at))
    return tuple(Part(window, (document, (*at, position))) for position, window in enumerate(value))
