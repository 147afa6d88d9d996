"""Every construct of a model file that is not supported, not only the first of an equation.

A function that stops an equation is replaced by a number and the model expanded once more, until nothing new comes up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from huangpu.compiler.syntax import Apply, Definition, Element, Node, Source, at, each, key
from huangpu.ir import ModelError, Number

ROUNDS = 50  # functions in one equation that are looked for
LINE = re.compile(r".*?:(?P<line>\d+): ")
FUNCTION = re.compile(r"(?P<place>.*?:\d+): .*: the function (?P<name>.+?) is not supported\.")

Pass = Callable[[Source], object]


def unsupported(source: Source, filled: Callable[[Source], Source], expand: Pass, order: Pass) -> tuple[str, ...]:
    """One line each, in the order of the file. filled: the model with what it takes from other files; expand, order:
    what may refuse it after that."""
    found: dict[str, None] = {}
    try:
        source = filled(source)
    except ModelError as error:
        found |= dict.fromkeys(each(error))
        source = _without(source, lambda place, node: node.function == "DATA" or node.function.startswith("GET DIRECT"))
    for _ in range(ROUNDS):
        try:
            expand(source)
        except ModelError as error:
            problems = each(error)
            fresh = [match for p in problems if p not in found and (match := FUNCTION.match(p))]
            found |= dict.fromkeys(problems)
            if not fresh:
                break
            names = {(match["place"], key(match["name"])) for match in fresh}
            source = _without(source, lambda place, node, names=names: (place, key(node.function)) in names)
            continue
        if not found:
            try:
                order(source)
            except ModelError as error:
                found |= dict.fromkeys(each(error))
        break
    return tuple(found)


def by_line(problems: Iterable[str]) -> tuple[str, ...]:
    """Each once, in the order of the file."""

    def line(problem: str) -> int:
        place = LINE.match(problem)
        return int(place["line"]) if place else 0

    return tuple(sorted(dict.fromkeys(problems), key=line))


def _without(source: Source, bad: Callable[[str, Apply], bool]) -> Source:
    """The model with the number 1 in place of each bad call."""

    def element(e: Element) -> Element:
        return replace(e, definitions=tuple(map(definition, e.definitions)))

    def definition(d: Definition) -> Definition:
        return replace(d, node=_replaced(d.node, lambda node: bad(at(d.place), node)))

    macros = tuple(replace(m, elements=tuple(map(element, m.elements))) for m in source.macros)
    return replace(source, elements=tuple(map(element, source.elements)), macros=macros)


def _replaced(node: Node, bad: Callable[[Apply], bool]) -> Node:
    match node:
        case Apply() if bad(node):
            return Number(1.0)
        case Apply(_, args):
            return replace(node, args=tuple(_replaced(arg, bad) for arg in args))
    return node
