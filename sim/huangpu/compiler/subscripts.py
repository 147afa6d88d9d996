"""Subscript ranges: which elements they hold, how they map to one another, and which range an array is over."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from huangpu.compiler.syntax import Definition, Range, at, key
from huangpu.ir import ModelError

MAX_VARIABLES = 100_000


@dataclass(frozen=True)
class Subscripts:
    """elements: range -> its elements; numbers: element -> place in its range.

    maps  range -> range it maps to -> element of that one -> its own element
    """

    elements: dict[str, tuple[str, ...]]
    maps: dict[str, dict[str, dict[str, str]]]
    numbers: dict[str, int]
    labels: dict[str, str]


def subscripts(ranges: tuple[Range, ...], renamed: Iterable[tuple[str, str]] = ()) -> Subscripts:
    """All ranges with the ranges inside them spelt out. `ModelError` on one that is circular, empty or ambiguous.

    renamed: keys with labels of their own.
    """
    written = {r.key: r for r in ranges}
    labels = {key(m): m.strip('"') for r in ranges for m in r.members} | {r.key: r.label.strip('"') for r in ranges}
    labels |= {key_: label.strip('"') for key_, label in renamed if key_ in labels}
    elements = {r.key: _members(r, written, ()) for r in ranges}
    maps: dict[str, dict[str, dict[str, str]]] = {r.key: {} for r in ranges}
    for r in ranges:
        for target, listed in zip(r.maps, r.lists or itertools.repeat(()), strict=False):
            maps[r.key][target] = _mapped(r, target, listed, elements)
    for r in ranges:
        if r.same_as:  # a copy and its original stand for one another
            alike = {e: e for e in elements[r.key]}
            maps[r.key][r.same_as] = maps[r.same_as][r.key] = alike
    return Subscripts(elements, maps, _numbers(elements), labels)


def _mapped(r: Range, target: str, listed: tuple[str, ...], elements: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """The elements of the range mapped to, each with the element of this one that stands for it.

    What is listed belongs to the elements in turn, or to what this range lists itself; a range listed may hold several.
    """
    own, there = elements[r.key], elements.get(target, ())
    if not listed:
        if len(there) != len(own):
            raise _problem(r, f"maps to {target}, which is not a range of the same length. Correct the mapping.")
        return dict(zip(there, own, strict=True))
    named = [elements.get(key(m), (key(m),)) for m in r.members]
    spelt = tuple(e for name in listed for e in elements.get(name, (name,)))
    unknown = [e for e in spelt if e not in there]
    if unknown:
        raise _problem(r, f"maps to {unknown[0]}, which is no element of {target}. Correct the mapping.")
    if len(listed) not in (len(own), len(named)) and len(spelt) == len(own):
        listed = spelt
    turns = [(e,) for e in own] if len(listed) == len(own) else named
    if len(turns) != len(listed):
        raise _problem(r, f"lists {len(listed)} elements of {target} for its {len(own)}. Correct the mapping.")
    found: dict[str, str] = {}
    for mine, name in zip(turns, listed, strict=True):
        theirs = elements.get(name, (name,))
        if len(mine) not in (1, len(theirs)):
            raise _problem(r, f"maps {len(mine)} elements to the {len(theirs)} of {name}. Correct the mapping.")
        found |= zip(theirs, mine if len(mine) == len(theirs) else mine * len(theirs), strict=True)
    return found


def _problem(r: Range, what: str) -> ModelError:
    return ModelError(f"{at(r.place)}: subscript range {r.label}: {what}")


def _members(r: Range, written: dict[str, Range], inside: tuple[str, ...]) -> tuple[str, ...]:
    if r.key in inside:
        raise _problem(r, "contains itself. Name the elements.")
    if r.same_as is not None and r.same_as not in written:
        raise _problem(r, f"copies {r.same_as}, which is no range. Name an existing range.")
    members = (r.same_as,) if r.same_as is not None else tuple(map(key, r.members))
    parts = [_members(written[m], written, (*inside, r.key)) if m in written else (m,) for m in members]
    found = tuple(itertools.chain(*parts))
    if len(set(found)) != len(found):
        twice = next(e for e in found if found.count(e) > 1)
        raise _problem(r, f"has {twice} twice. Elements of a range need names that differ in a letter or digit.")
    return found


def _numbers(elements: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """The number an element or a range's element stands for in an equation: its place in the largest range.

    Of ranges over the same elements the first by name counts, as in Vensim.
    """
    numbers: dict[str, int] = {}
    for name in sorted(elements, key=lambda name: (-len(elements[name]), name)):
        for number, element in enumerate(elements[name], start=1):
            numbers.setdefault(element, number)
    return numbers


def spread(names: Iterable[str], known: Subscripts) -> list[tuple[str, ...]]:
    """For each subscript of a left-hand side or an exception its elements, one where it is an element itself."""
    spread = []
    for name in names:
        if name in known.elements:
            spread.append(known.elements[name])
        elif name in known.numbers:
            spread.append((name,))
        else:
            raise ModelError(f"there is no subscript {name}.")
    return spread


def left(definition: Definition, known: Subscripts) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Position (in an array of literals) and elements of all that an equation defines, exceptions left out."""
    ranges = [s for s in definition.subscripts if s in known.elements]
    if len(set(ranges)) != len(ranges):
        raise ModelError("the same range twice on the left. Give one of them another name (`Copy <-> Range`).")
    parts = spread(definition.subscripts, known)
    if math.prod(map(len, parts)) > MAX_VARIABLES:
        raise ModelError(f"more than {MAX_VARIABLES} elements. Use fewer or smaller subscript ranges.")
    excepts = [spread(group, known) for group in definition.excepts]
    if any(len(group) != len(parts) for group in excepts):
        raise ModelError("an :EXCEPT: with another number of subscripts than the left side.")
    for number, elements in enumerate(itertools.product(*parts)):
        if not any(all(e in part for e, part in zip(elements, group, strict=True)) for group in excepts):
            yield number, elements


def bound(name: str, binding: dict[str, str], known: Subscripts) -> str:
    """The element that a subscript of a right-hand side means, given the elements of the ranges on the left."""
    if name in binding:
        return binding[name]
    if name in known.elements:
        for target, mapped in known.maps[name].items():
            found = _on_the_left(target, binding, known)
            if found in mapped:
                return mapped[found]
            if found is not None:
                raise ModelError(f"{known.labels[name]} has nothing mapped to {found}. Complete the mapping.")
        raise ModelError(
            f"the range {known.labels[name]} is not on the left of the equation, nor mapped to one that is."
            " Put it on the left, map it, or sum over it."
        )
    if name in known.numbers:
        return name
    raise ModelError(f"there is no subscript {name.rstrip('!')}.")


def _on_the_left(target: str, binding: dict[str, str], known: Subscripts) -> str | None:
    """What a range, or else a range inside it, stands for."""
    there = set(known.elements[target])
    inside = (r for r in binding if r in known.elements and set(known.elements[r]) <= there)
    return binding.get(target if target in binding else next(inside, None))


def covering(position: list[str], used: list[str], known: Subscripts) -> str:
    """The range of one subscript of an array: of those that hold all its elements the smallest, written ones first."""
    wanted = set(position)
    ranges = [*[u for u in used if u in known.elements], *known.elements]
    fitting = [r for r in ranges if wanted <= set(known.elements[r])]
    if not fitting:
        raise ModelError(f"no one range holds all of {', '.join(sorted(wanted))}. Define one that does.")
    return min(fitting, key=lambda r: len(known.elements[r]))
