"""Bases beside one another, and a file over its bases: what a file says itself stands over what comes from below."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from huangpu.runtime.scenario.changes import make_changes
from huangpu.runtime.scenario.form import ScenarioFile
from huangpu.runtime.scenario.parts import COURSES, OWN, SHIPPED, SINGLE, Course, Courses, Resolved, whole, windows
from huangpu.runtime.scenario.places import MOST, Finding, found
from huangpu.yamlfile import Key, nearest

Row = tuple[str, Course]  # the file of a base, and what it gives


def over(own: Resolved, form: ScenarioFile, bases: Sequence[Resolved]) -> tuple[Resolved | None, list[Finding]]:
    """The whole scenario, or None and what stands in its way.

    Changes meet what the file leaves standing of its bases' levers; what it gives itself is never changed.
    """
    bases = tuple(_moved(base, own.folder) for base in bases)
    single, wrong = _together([base.single for base in bases], bases, [*OWN, *own.single])
    parameters, more = _together([base.parameters for base in bases], bases, own.parameters, "parameters.")
    wrong += more
    courses: dict[str, Courses] = {}
    for key in COURSES:
        given, below = getattr(own, key), [getattr(base, key) for base in bases]
        wrong += _misfits(key, given, below)
        courses[key], more = _together(below, bases, given, f"{key}.")
        wrong += more
    findings = [found((own.document, key), message) for key, message in wrong]
    courses["levers"], dead = make_changes(own.document, form.changes, courses["levers"], own.levers)
    if findings or dead:
        return None, findings + dead
    merged = {key: {**courses[key], **{k: c for k, c in getattr(own, key).items() if c != ()}} for key in COURSES}
    resolved = replace(
        own,
        single={key: {**single, **own.single}[key] for key in (*OWN, *SINGLE) if key in single or key in own.single},
        parameters={**parameters, **own.parameters},
        bases=bases,
        **merged,
    )
    return resolved, []


def _moved(base: Resolved, folder: Path) -> Resolved:
    """A base whose paths are made relative to another folder."""
    if folder == base.folder:
        return base
    paths = {
        key: Path(os.path.relpath((base.folder / part.value).resolve(), folder)).as_posix()
        for key, part in base.single.items()
        if key in ("model", "posterior") and part.value not in (None, *SHIPPED)
    }
    single = {key: replace(part, value=paths.get(key, part.value)) for key, part in base.single.items()}
    return replace(base, folder=folder, single=single)


def _together(
    each: Sequence[Mapping[str, Course]], bases: Sequence[Resolved], given: Collection[str], prefix: str = ""
) -> tuple[dict[str, Course], list[tuple[Key, str]]]:
    """What the bases give together, less what the file gives itself: windows add up, all else must agree.

    each: of every base, its parts by name. A name that only some of the bases give is taken from them.
    """
    rows: dict[str, list[Row]] = {}
    for base, parts in zip(bases, each, strict=True):
        for name, part in parts.items():
            if part != () and name not in given and whole(name) not in given:
                rows.setdefault(name, []).append((base.document.file, part))
    joined = {name: _joined(each) for name, each in rows.items()}
    wrong = [
        (("base",), f"`{prefix}{name}` {message}; give it in this file")
        for name, (_, message) in joined.items()
        if message
    ]
    return {name: course for name, (course, _) in joined.items()}, wrong


def _joined(rows: Sequence[Row]) -> tuple[Course, str]:
    """One value or all windows, base after base; or what is wrong with that."""
    (first, one), *others = rows
    if not windows(one):
        for file, other in others:
            if windows(other) or other.value != one.value:
                return one, f"is not the same in {first} and {file}"
        return one, ""
    lines: dict[tuple[str, Key], int] = {}
    for position, (file, course) in enumerate(rows):
        if not windows(course):
            return one, f"is windows in {first} and a number in {file}"
        for there, key in (part.place for part in course):
            before = lines.setdefault((there.file, key), position)
            if before != position:
                return one, f"comes from {there.file} through both {rows[before][0]} and {file} and would count twice"
    return tuple(part for _, course in rows for part in course), ""


def _misfits(key: str, given: Courses, below: Sequence[Courses]) -> list[tuple[Key, str]]:
    """What a file gives that neither replaces nor adds to what its bases give."""
    known = dict.fromkeys(name for courses in below for name, course in courses.items() if course != ())
    replaceable = {name for known_name in known for name in (known_name, whole(known_name))}
    wrong: list[tuple[Key, str]] = []
    for name, course in given.items():
        if len(wrong) > MOST:
            break
        if course == () and name not in replaceable:
            wrong.append(((key, name), f"the base gives nothing of it that could be removed{nearest(name, known)}"))
        elif name != whole(name) and whole(name) in known:
            message = (
                f"the base gives `{whole(name)}` as a whole, which one element cannot replace; give `{whole(name)}`"
            )
            wrong.append(((key, name), message))
    return wrong
