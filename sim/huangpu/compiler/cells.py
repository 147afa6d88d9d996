"""Numbers and names out of a sheet: addresses, named ranges, blocks, and a series of x beside its columns or rows of y.

How GET XLS and GET DIRECT functions address cells, as Vensim and PySD have it: `'B5'` is the upper left cell of what is
read, its size follows from the subscripts; `'B5*'` reads it turned by 90 degrees; anything else is a range named in
the workbook. A series goes on to the end of the sheet.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from huangpu.compiler.nearest import nearest
from huangpu.compiler.sheets import MAX_CELLS, Area, Book, Rows
from huangpu.compiler.source import printable
from huangpu.ir import ModelError

ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9]\d{0,6})")
COLUMN = re.compile(r"\$?([A-Za-z]{1,3})")
ROW = re.compile(r"\$?([1-9]\d{0,6})")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,4})?")

Point = tuple[int, int]  # row, column, from 0


@dataclass(frozen=True)
class Sheet:
    """One sheet of a book, and how a message calls it; text has no title."""

    file: str
    title: str
    rows: Rows
    names: dict[str, Area]

    def wrong(self, cell: str, what: str) -> ModelError:
        sheet = f", sheet {printable(self.title)}" if self.title else ""
        return ModelError(f"{printable(self.file)}{sheet}, cell {printable(cell)}: {what}")

    def at(self, row: int, column: int) -> object:
        return self.rows[row][column] if row < len(self.rows) and column < len(self.rows[row]) else None


def sheet(file: str, book: Book, tab: str) -> Sheet:
    """The sheet of this name, upper and lower case alike; of text the tab is its delimiter."""
    if not book.titles:
        return Sheet(file, "", book.sheets(tab), {})
    titles = {title.lower(): title for title in book.titles}
    if tab.lower() not in titles:
        hint = nearest(tab, book.titles, f" It has {printable(', '.join(book.titles[:5]))}.")
        raise ModelError(f"{printable(file)}: there is no sheet {printable(tab)}.{hint}")
    title = titles[tab.lower()]
    names = {}
    for scope in ("", title.lower()):  # a name of the sheet goes before one of the whole book
        for (where, name), (place, area) in book.names.items():
            if where == scope and place.lower() == title.lower():
                names[name] = area
    return Sheet(file, title, book.sheets(title), names)


def number(value: object) -> float:
    """A cell's number; nan where there is none. Text that reads as a number counts as one."""
    match value:
        case bool() | int() | float():
            return float(value) if math.isfinite(value) else math.nan
        case str() if NUMBER.fullmatch(value.strip()):
            return number(float(value))
    return math.nan


def address(cell: str) -> Point | None:
    found = ADDRESS.fullmatch(cell.strip())
    return (int(found[2]) - 1, column_number(found[1])) if found else None


def column_number(letters: str) -> int:
    total = 0
    for letter in letters.upper():
        total = total * 26 + ord(letter) - ord("A") + 1
    return total - 1


def label(row: int, column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


def area(name: str, sheet: Sheet) -> Area:
    found = sheet.names.get(name.strip().lower())
    if found is None:
        hint = nearest(name, sheet.names, " Give an address such as B5, or a range of that name.")
        raise sheet.wrong(name, f"neither an address nor a range named in the workbook.{hint}")
    return found


def block(cell: str, size: tuple[int, int], sheet: Sheet) -> list[float]:
    """Numbers of a block of (rows, columns), row by row; turned where the cell ends in `*`. All must be there."""
    turned = cell.strip().endswith("*") and size != (1, 1)
    cell = cell.strip().rstrip("*").strip()
    rows, columns = size[::-1] if turned else size
    if (start := address(cell)) is None:
        first, left, last, right = area(cell, sheet)
        found = (last - first + 1, right - left + 1)
        if found == (columns, rows) and 1 in found:  # a vector is read whichever way it lies
            turned, rows, columns = not turned, columns, rows
        if found != (rows, columns):
            raise sheet.wrong(cell, f"{found[0]} rows and {found[1]} columns, but {rows} and {columns} are needed.")
        start = first, left
    places = [(start[0] + r, start[1] + c) for r in range(rows) for c in range(columns)]
    if turned:
        places = [places[r * columns + c] for c in range(columns) for r in range(rows)]
    return [_needed(*place, sheet) for place in places]


def _needed(row: int, column: int, sheet: Sheet) -> float:
    value = number(sheet.at(row, column))
    if math.isnan(value):
        raise sheet.wrong(label(row, column), f"{_shown(sheet.at(row, column))} where a number belongs. Type it in.")
    return value


def _shown(value: object) -> str:
    return "nothing" if value in (None, "") else f"'{printable(str(value))[:40]}'"


def series(axis: str, cell: str, size: int, sheet: Sheet) -> list[list[tuple[float, float]]]:
    """Points (x, y), x rising, of `size` series that share their x.

    axis: the row or column of x, or the name of its range. A point without x or y is left out, which reads the same as
    filling it by any of the ways in which a series is read.
    """
    down, line, start, length = _axis(axis.strip(), cell.strip(), sheet)
    first = _first(cell.strip(), down, length, size, sheet)
    across = first[1] if down else first[0]
    begin = first[0] if down else first[1]
    start = begin if start is None else start
    if length is None:
        length = max(0, (len(sheet.rows) if down else len(sheet.rows[line]) if line < len(sheet.rows) else 0) - start)
    if length * size > MAX_CELLS:
        raise sheet.wrong(cell, f"{size:,} series of {length:,} values, more than are read. Use shorter ones.")
    xs = [number(_get(start + k, line, down, sheet)) for k in range(length)]
    order = sorted((x, k) for k, x in enumerate(xs) if not math.isnan(x))
    found = [
        [(x, y) for x, k in order if not math.isnan(y := number(_get(begin + k, across + n, down, sheet)))]
        for n in range(size)
    ]
    for n, points in enumerate(found):
        place = label(*((begin, across + n) if down else (across + n, begin)))
        if not points:
            raise sheet.wrong(place, f"no numbers from here on beside those in {printable(axis)}. Correct the address.")
        if twice := [a for (a, _), (b, _) in itertools.pairwise(points) if a == b]:
            raise sheet.wrong(place, f"two values at {twice[0]:g} of {printable(axis)}. Delete one of them.")
    return found


def _get(along: int, across: int, down: bool, sheet: Sheet) -> object:
    return sheet.at(along, across) if down else sheet.at(across, along)


def _axis(axis: str, cell: str, sheet: Sheet) -> tuple[bool, int, int | None, int | None]:
    """Whether x runs down, its line, where it starts and how long it is (None: with the cell, to the sheet's end)."""
    if found := ROW.fullmatch(axis):
        return False, int(found[1]) - 1, None, None
    if (found := COLUMN.fullmatch(axis)) and address(cell) and axis.lower() not in sheet.names:
        return True, column_number(found[1]), None, None
    first, left, last, right = area(axis, sheet)
    if first != last and left != right:
        raise sheet.wrong(axis, "a table, but the values along a series are one row or one column. Correct the range.")
    if first == last and left == right and not address(cell):  # of one value the data say which way they lie
        down = _lies_down(area(cell, sheet))
    else:
        down = left == right
    return (True, left, first, last - first + 1) if down else (False, first, left, right - left + 1)


def _lies_down(cells: Area) -> bool:
    return cells[0] == cells[2]


def _first(cell: str, down: bool, length: int | None, size: int, sheet: Sheet) -> Point:
    """The first cell of the y."""
    if found := address(cell):
        return found
    first, left, last, right = area(cell, sheet)
    along, across = (last - first + 1, right - left + 1) if down else (right - left + 1, last - first + 1)
    if across != size or (length is not None and along != length):
        raise sheet.wrong(cell, f"{along} by {across} values, but {length or 'some'} by {size} are needed.")
    return first, left


def names(first: str, last: str, prefix: str, sheet: Sheet) -> tuple[str, ...]:
    """Names in a block of cells, row by row, empty cells left out; `last` may be a row or a column alone."""
    if (start := address(first)) is None:
        top, left, bottom, right = area(first, sheet)
    else:
        (top, left), end = start, address(last)
        bottom = right = None
        if end:
            bottom, right = end
        elif found := ROW.fullmatch(last.strip()):
            bottom = int(found[1]) - 1
        elif found := COLUMN.fullmatch(last.strip()):
            right = column_number(found[1])
        elif last.strip():
            raise sheet.wrong(last, "no address, no row and no column. Give the last cell, such as B9.")
    rows = sheet.rows[top : None if bottom is None else bottom + 1]
    cells = (value for row in rows for value in row[left : None if right is None else right + 1])
    found = tuple(printable(prefix + text) for text in _texts(cells))
    if not found:
        raise sheet.wrong(first, "no names from here on. Correct the address.")
    return found


def _texts(cells: Iterable[object]) -> Iterable[str]:
    for value in cells:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is not None and (text := printable(str(value))):
            yield text
