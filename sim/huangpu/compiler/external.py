"""GET XLS and GET DIRECT: what a model takes from workbooks and text files beside it, read into the model as written.

A constant becomes its numbers, a lookup its points, a series of data its points with the way it is read, a subscript
range its names; later stages see no file.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from huangpu.compiler import cells
from huangpu.compiler.confined import Beside
from huangpu.compiler.sheets import Book, open_book
from huangpu.compiler.source import printable
from huangpu.compiler.subscripts import Subscripts, spread, subscripts
from huangpu.compiler.syntax import (
    Apply,
    Definition,
    Node,
    Number,
    Place,
    Points,
    Range,
    Series,
    Source,
    Text,
    Values,
    at,
    problem_list,
)
from huangpu.ir import ModelError

MAX_NAMES = 10_000  # of a subscript range
MAX_POINTS = 100_000  # of one series
MAX_ALL = 5_000_000  # points of all series, numbers of all constants
GET = ("GET DIRECT CONSTANTS", "GET DIRECT LOOKUPS", "GET DIRECT DATA")


@dataclass
class _Reading:
    beside: Beside
    aliases: dict[str, str]
    known: Subscripts | None = None
    books: dict[str, Book] = field(default_factory=dict)
    sheets: dict[tuple[str, str], cells.Sheet] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    values: int = 0

    def sheet(self, file: str, tab: str) -> cells.Sheet:
        file = self.aliases.get(printable(file), file)
        if (file, tab) not in self.sheets:
            if file not in self.books:
                self.books[file] = open_book(file, self.beside.get(file))
            self.sheets[file, tab] = cells.sheet(file, self.books[file], tab)
        return self.sheets[file, tab]

    def try_(self, place: Place, label: str, work: Callable):
        """What `work` gives; None where it fails, which is noted with its place."""
        try:
            return work()
        except ModelError as error:
            self.problems.append(f"{at(place)}: {label}: {error}")
            return None


def fill(source: Source, beside: Beside) -> Source:
    """The model with all that it takes from files in it; `beside` then holds what was read. All problems at once."""
    if not needs_files(source):
        return source
    reading = _Reading(beside, dict(source.aliases))
    ranges = tuple(reading.try_(r.place, r.label, lambda r=r: _range(r, reading)) or r for r in source.ranges)
    if reading.problems:
        raise ModelError(problem_list(reading.problems))
    reading.known = subscripts(ranges)
    elements = []
    for element in source.elements:
        done = [
            reading.try_(d.place, element.label, lambda d=d: _definition(d, reading)) if _is_get(d.node) else d
            for d in element.definitions
        ]
        elements.append(replace(element, definitions=tuple(d for d in done if d)))
    if reading.problems:
        raise ModelError(problem_list(reading.problems))
    return replace(source, ranges=ranges, elements=tuple(elements))


def needs_files(source: Source) -> bool:
    return any(r.external for r in source.ranges) or any(
        _is_get(d.node) for e in source.elements for d in e.definitions
    )


def _is_get(node: Node) -> bool:
    return isinstance(node, Apply) and node.function in GET


def _range(r: Range, reading: _Reading) -> Range:
    if not r.external:
        return r
    if len(r.external) != 5:
        raise ModelError("GET DIRECT SUBSCRIPT takes file, sheet, first cell, last cell and prefix.")
    file, tab, first, last, prefix = r.external
    members = cells.names(first, last, prefix, reading.sheet(file, tab))
    if len(members) > MAX_NAMES:
        raise ModelError(f"more than {MAX_NAMES} subscript elements.")
    return replace(r, members=members, external=())


def _definition(definition: Definition, reading: _Reading) -> Definition:
    file, tab, *where = (_text(arg) for arg in definition.node.args)
    sizes = tuple(map(len, spread(definition.subscripts, reading.known)))
    _count(math.prod(sizes), reading)
    read = _constants if definition.node.function == "GET DIRECT CONSTANTS" else _series
    return replace(definition, node=read(definition, where, sizes, reading, reading.sheet(file, tab)))


def _text(node: Node) -> str:
    match node:
        case Text(value):
            return value
        case Number(value):
            return f"{value:g}"
    raise ModelError("file, sheet and cells must be texts in single quotes.")


def _count(number: int, reading: _Reading) -> None:
    reading.values += number
    if reading.values > MAX_ALL:
        raise ModelError(f"more than {MAX_ALL:,} numbers from files. Use fewer or shorter series.")


def _constants(definition: Definition, where: list[str], sizes, reading: _Reading, sheet: cells.Sheet) -> Node:
    wide = [size for size in sizes if size > 1]
    if len(wide) > 2:
        raise ModelError("a block of cells holds two subscripts. Give a third an equation for each of its elements.")
    values = cells.block(where[0], tuple([1, 1, *wide][-2:]), sheet)
    return Values(tuple(values)) if sizes else Number(values[0])


def _series(definition: Definition, where: list[str], sizes, reading: _Reading, sheet: cells.Sheet) -> Node:
    parts = []
    axis, cell = where
    for points in cells.series(axis, cell, math.prod(sizes), sheet):
        if len(points) > MAX_POINTS:
            raise ModelError(f"more than {MAX_POINTS:,} points in a series.")
        _count(len(points), reading)
        xs, ys = zip(*points, strict=True)
        parts.append(Points(xs, ys, mode=definition.mode))
    return Series(tuple(parts))
