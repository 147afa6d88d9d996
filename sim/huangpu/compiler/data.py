"""Data variables without an equation: series out of another run's file, by the names that Vensim writes.

A file is a table of text, `.tab` or `.csv` as Vensim (and PySD) export runs: `Time` and its values along one edge, a
name such as `Output[Electronics]` for each column, or for each row. A series has a point where the file has a number.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from huangpu.compiler.cells import number
from huangpu.compiler.nearest import nearest
from huangpu.compiler.sheets import DELIMITERS, suffix, text_rows
from huangpu.compiler.source import printable
from huangpu.compiler.subscripts import Subscripts, spread, subscripts
from huangpu.compiler.syntax import Apply, Definition, Element, Points, Series, Source, at, key, problem_list
from huangpu.ir import ModelError

MAX_POINTS = 100_000  # of one series
MAX_SERIES = 100_000  # of one variable
NAME = re.compile(r'\s*("(?:\\"|[^"])*"|[^"\[]+)\s*(?:\[(.*)\])?\s*')

Name = tuple[str, tuple[str, ...]]  # key of a variable, keys of its elements


@dataclass(frozen=True)
class Run:
    """A run's file: its times, and where the cells of each variable and element stand, a row or a column each."""

    file: str
    times: tuple[float, ...]
    lines: dict[Name, int]
    rows: Sequence[tuple]
    down: bool

    def cells(self, name: Name) -> Iterable[object]:
        line = self.lines[name]
        return (row[line] if line < len(row) else None for row in self.rows[1:]) if self.down else self.rows[line][1:]


def fill(source: Source, data_files: dict[str, bytes]) -> Source:
    """The model with its data in it; of several files the first that has a series. All problems at once."""
    if not any(_is_data(d) for e in source.elements for d in e.definitions):
        return source
    runs = [_run(file, data) for file, data in data_files.items()]
    known, problems, elements = subscripts(source.ranges), [], []
    for element in source.elements:
        done = []
        for definition in element.definitions:
            try:
                done.append(_definition(element, definition, runs, known) if _is_data(definition) else definition)
            except ModelError as error:
                problems.append(f"{at(definition.place)}: {element.label}: {error}")
        elements.append(replace(element, definitions=tuple(done)))
    if problems:
        raise ModelError(problem_list(problems))
    return replace(source, elements=tuple(elements))


def without(source: Source) -> Source:
    """The model with nothing but a 0 for each series, where all but the numbers is looked at."""
    blank = Points((0.0,), (0.0,))
    elements = (
        replace(e, definitions=tuple(replace(d, node=blank) if _is_data(d) else d for d in e.definitions))
        for e in source.elements
    )
    return replace(source, elements=tuple(elements))


def _is_data(definition: Definition) -> bool:
    return isinstance(definition.node, Apply) and definition.node.function == "DATA"


def _definition(element: Element, definition: Definition, runs: list[Run], known: Subscripts) -> Definition:
    if not runs:
        raise ModelError("data without an equation. Name the file of a run that has them (--data, data_files=).")
    parts = spread(definition.subscripts, known)
    if math.prod(map(len, parts)) > MAX_SERIES:
        raise ModelError(f"more than {MAX_SERIES:,} series of data. Use smaller subscript ranges.")
    series = [_series(element, elements, definition.mode, runs, known) for elements in itertools.product(*parts)]
    return replace(definition, node=Series(tuple(series)))


def _series(element: Element, elements: tuple[str, ...], mode: str, runs: list[Run], known: Subscripts) -> Points:
    name = (element.key, elements)
    files = ", ".join(run.file for run in runs)
    run = next((run for run in runs if name in run.lines), None)
    shown = f"{element.label}[{','.join(known.labels[e] for e in elements)}]" if elements else element.label
    if run is None:
        names = dict.fromkeys(key for run in runs for key, _ in run.lines if key != element.key)
        hint = "" if any(element.key == key for run in runs for key, _ in run.lines) else nearest(element.key, names)
        raise ModelError(f"no data for {shown} in {files}.{hint} Export them, or correct the name.")
    found = {x: y for x, cell in zip(run.times, run.cells(name), strict=False) if not math.isnan(y := number(cell))}
    points = sorted((x, y) for x, y in found.items() if not math.isnan(x))
    if not points:
        raise ModelError(f"no numbers for {shown} in {run.file}. Export them again.")
    if len(points) > MAX_POINTS:
        raise ModelError(f"more than {MAX_POINTS:,} points for {shown} in {run.file}. Export fewer times.")
    xs, ys = zip(*points, strict=True)
    return Points(xs, ys, mode=mode)


def _run(file: str, data: bytes) -> Run:
    shown = printable(file)
    if suffix(file) not in DELIMITERS:
        raise ModelError(f"{shown}: data are read from {', '.join(DELIMITERS)} files. Export the run as one of them.")
    rows = [row for row in text_rows(file, data, DELIMITERS[suffix(file)]) if row]
    if not rows or not str(rows[0][0]).strip().strip('"').lower().startswith("time"):
        raise ModelError(f"{shown}: the first cell is not Time. Export the run as a table of text.")
    if len(rows[0]) > 1 and not all(math.isnan(number(cell)) for cell in rows[0][1:]):  # a variable a row
        return Run(shown, tuple(map(number, rows[0][1:])), _lines([row[0] for row in rows]), rows, down=False)
    return Run(shown, tuple(number(row[0]) for row in rows[1:]), _lines(rows[0]), rows, down=True)


def _lines(names: Sequence[str]) -> dict[Name, int]:
    """Which line is of which name; of several the first."""
    return {_name(name): line for line, name in reversed(list(enumerate(names))) if line}


def _name(text: str) -> Name:
    found = NAME.fullmatch(text)
    if not found:
        return key(text), ()
    return key(found[1]), tuple(key(e) for e in found[2].split(",")) if found[2] else ()
