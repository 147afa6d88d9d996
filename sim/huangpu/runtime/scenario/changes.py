"""`changes:` of a scenario: what is done to the windows of a plan that came from the base."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from huangpu.runtime.scenario.form import Change
from huangpu.runtime.scenario.parts import Course, Courses, Part, whole, windows
from huangpu.runtime.scenario.places import MOST, Finding, Place, found
from huangpu.yamlfile import Document, nearest

Window = Mapping[str, object]  # as written: the keys that were given


def make_changes(
    document: Document, changes: list[Change], levers: Courses, given: Collection[str]
) -> tuple[Courses, list[Finding]]:
    """The levers after all changes, in their order; and the changes that cannot be made or match no window.

    given: levers that the file gives itself, which no change touches.
    """
    findings: list[Finding] = []
    for position, change in enumerate(changes):
        place = (document, ("changes", position))
        dead = list(islice(_dead(change, levers, given), MOST))
        findings += [found((document, (*place[1], *key)), message) for key, message in dead]
        if len(findings) > MOST:
            break
        if not dead:
            levers, wrong = _changed(change, place, levers)
            findings += [found((document, (*place[1], change.action)), message) for message in wrong[:1]]
    return levers, findings


def _dead(change: Change, levers: Courses, given: Collection[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What a change names that is not there."""
    of_plan = [name for name, course in levers.items() if any(_of(part, change.plan) for part in windows(course))]
    if not of_plan:
        plans = dict.fromkeys(str(p.value.get("plan", "")) for c in levers.values() for p in windows(c))
        known = [plan for plan in plans if plan]
        message = f"no window from the base is of plan '{change.plan}'; {_listed('plan', known)}"
        yield ("plan",), message + nearest(change.plan, known)
        return
    for key, position, name in _named(change):
        if name in given:
            yield (key, position), f"'{name}' is given in this file, and changes are to what comes from the base"
        elif not any(name in (lever, whole(lever)) for lever in of_plan):
            message = f"plan '{change.plan}' has no window of '{name}' in the base; {_listed('lever', of_plan)}"
            yield (key, position), message + nearest(name, of_plan)


def _named(change: Change) -> Iterator[tuple[str, int, str]]:
    for key in ("levers", "but", "keep"):
        yield from ((key, position, name) for position, name in enumerate(getattr(change, key) or ()))


def _listed(what: str, names: list[str]) -> str:
    shown = ", ".join(names[:40]) + (", ..." if len(names) > 40 else "")
    return f"its {what}s are {shown}" if names else f"it has no {what}s"


def _of(part: Part, plan: str) -> bool:
    return part.value.get("plan", "") == plan


def _changed(change: Change, place: Place, levers: Courses) -> tuple[Courses, list[str]]:
    after: dict[str, Course] = {}
    wrong: list[str] = []
    for lever, course in levers.items():
        if not windows(course) or not _meant(lever, change):
            after[lever] = course
            continue
        stay = []
        for position, part in enumerate(course):
            if not _of(part, change.plan):
                stay.append(part)
            elif change.action in _SETTING:
                new = _SETTING[change.action](part.value, change)
                if isinstance(new, str):
                    wrong.append(f"levers.{lever}[{position + 1}] {new}")
                    new = {}
                stay.append(_with(part, new, place, change.action))
        if stay:
            after[lever] = tuple(stay)
    return after, wrong


def _meant(lever: str, change: Change) -> bool:
    """Whether the plan's windows of this lever are acted on; `keep` takes out those of all other levers."""
    names = {lever, whole(lever)}
    spared = change.keep or change.but
    return names.isdisjoint(spared) if spared else change.levers is None or not names.isdisjoint(change.levers)


def _with(part: Part, new: Window, place: Place, action: str) -> Part:
    document, key = place
    return replace(
        part, value={**part.value, **new}, changed={**part.changed, **dict.fromkeys(new, (document, (*key, action)))}
    )


# ---- what each action sets: the new keys of a window, or what is wrong


def _delayed(window: Window, change: Change) -> Window:
    if window.get("series"):
        return {"series": {repr(_later(float(y), change)): v for y, v in window["series"].items()}}
    return {key: _later(window[key], change) for key in ("start", "end") if window.get(key) is not None}


def _later(year: float, change: Change) -> float:
    return round(year + change.delay, 9)  # 2023.46 + 1.5 is 2024.96, not 2024.9600000000001


def _scaled(window: Window, change: Change) -> Window:
    if window.get("series"):
        return {"series": {y: v * change.scale for y, v in window["series"].items()}}
    return {"hold": window.get("hold", 1.0) * change.scale}


def _held(window: Window, change: Change) -> Window | str:
    return "is a series, which has no `hold`; scale it" if window.get("series") else {"hold": change.hold}


def _ended(window: Window, change: Change) -> Window | str:
    if window.get("series"):
        return "is a series, which has no `end`; give the lever here"
    if change.end <= window["start"]:
        return f"begins only in {window['start']:g}, so it cannot end in {change.end:g}; remove it"
    return {"end": change.end} | ({"fade": change.fade.model_dump()} if change.fade else {})


_SETTING: Mapping[str, Callable[[Window, Change], Window | str]] = {
    "delay": _delayed,
    "scale": _scaled,
    "hold": _held,
    "end": _ended,
}
