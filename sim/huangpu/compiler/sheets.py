"""Workbooks (.xlsx, .xlsm, .xls, .ods) and text (.csv, .tab) as rows of cells. Alone in knowing their libraries.

Values alone are read: of a formula the one stored with it, of a macro nothing. What unpacks to too much is refused
before it is unpacked, a document type (the door of entity attacks) in any part of a package as well, and rows are
counted as they come, so that a small file cannot grow large.
"""

from __future__ import annotations

import csv
import datetime
import io
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from huangpu.compiler.source import printable
from huangpu.ir import ModelError

MAX_UNPACKED = 100_000_000  # bytes of all parts of a package
MAX_PARTS = 10_000
MAX_CELLS = 2_000_000  # of a sheet, empty ones inside rows included
PACKED = (".xlsx", ".xlsm", ".ods")
DELIMITERS = {".csv": ",", ".tab": "\t", ".tsv": "\t", ".txt": "\t"}
FORMS = "workbooks (.xlsx, .xlsm, .xls, .ods) and text (.csv, .tab, .tsv, .txt)"
DOCTYPES = tuple("<!DOCTYPE".encode(code) for code in ("ascii", "utf-16-le", "utf-16-be"))

Rows = list[tuple]  # cells as numbers, text, truth values, None; rows as long as they are filled
Area = tuple[int, int, int, int]  # first row, first column, last row, last column, from 0


@dataclass(frozen=True)
class Book:
    """sheets: title (of text the delimiter, "" for the usual one) -> rows; names: what `area` finds."""

    sheets: Callable[[str], Rows]
    titles: tuple[str, ...] = ()  # of a workbook
    names: dict[tuple[str, str], tuple[str, Area]] = field(default_factory=dict)  # (sheet or "", name) -> place


def suffix(name: str) -> str:
    return "." + name.lower().rpartition(".")[2]


def open_book(name: str, data: bytes) -> Book:
    """The book in a file's bytes. `ModelError` where it is none, too large or unsafe."""
    form = suffix(name)
    if form in DELIMITERS:
        return Book(lambda tab: list(text_rows(name, data, tab if tab and not tab[0].isalnum() else DELIMITERS[form])))
    openers = {".xlsx": _xlsx, ".xlsm": _xlsx, ".xls": _xls, ".ods": _ods}
    if form not in openers:
        raise ModelError(f"{printable(name)}: not a kind of file that is read. Possible are {FORMS}.")
    if form in PACKED:
        _check_package(name, data)
    return _guarded(name, lambda: openers[form](name, data))


def text_rows(name: str, data: bytes, delimiter: str) -> Iterator[tuple]:
    """The rows of delimited text; cells are text."""
    if len(delimiter) != 1 or delimiter in '\r\n"':
        raise ModelError(f"{printable(name)}: '{printable(delimiter)}' is no delimiter. Give one sign, such as ','.")
    return _counted(name, _csv(name, _decoded(name, data), delimiter))


def _csv(name: str, text: str, delimiter: str) -> Iterator[list]:
    try:
        yield from csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)
    except csv.Error as error:
        raise ModelError(f"{printable(name)}: no table of text ({error}).") from None


def _decoded(name: str, data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # what older Vensim writes; reads any bytes
    if "\0" in text:
        raise ModelError(f"{printable(name)}: binary data, not text. Save it as text or as a workbook.")
    return text


def _guarded(name: str, work: Callable):
    """What a library makes of a file, its own errors as ours: no two of these libraries share a type of error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return work()
    except ModelError:
        raise
    except Exception as error:
        why = printable(str(error))[:120] or type(error).__name__
        raise ModelError(f"{printable(name)}: no workbook that can be read ({why}). Save it again.") from None


def _check_package(name: str, data: bytes) -> None:
    shown = printable(name)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise ModelError(
                    f"{shown}: unpacks to more than {MAX_UNPACKED // 1_000_000} MB, the most that is read. Split it."
                )
            for part in parts:
                if _has_doctype(package, part):
                    raise ModelError(f"{shown}: {printable(part.filename)} holds a document type. Save the file again.")
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error):
        raise ModelError(f"{shown}: no workbook that can be read (a broken package). Save it again.") from None


def _has_doctype(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    longest = max(map(len, DOCTYPES))
    with package.open(part) as file:
        rest = b""
        while chunk := file.read(1 << 20):
            if any(mark in rest + chunk for mark in DOCTYPES):
                return True
            rest = chunk[-longest:]
    return False


def _counted(name: str, rows: Iterable) -> Iterator[tuple]:
    """Rows without empty cells at their ends; `ModelError` as soon as there are too many cells."""
    cells = 0
    for row in rows:
        cells += max(1, len(row))
        if cells > MAX_CELLS:
            raise ModelError(f"{printable(name)}: a sheet of more than {MAX_CELLS:,} cells. Delete what is not needed.")
        end = len(row)
        while end and row[end - 1] in (None, ""):
            end -= 1
        yield tuple(row[:end])


def _xlsx(name: str, data: bytes) -> Book:
    import openpyxl
    from openpyxl.utils.datetime import to_excel

    assert openpyxl.DEFUSEDXML, "openpyxl reads XML without defusedxml"
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    dates = (datetime.date, datetime.time, datetime.timedelta)  # numbers shown as dates: what is stored counts

    def rows(title: str) -> Rows:
        sheet = book[title]
        sheet.reset_dimensions()  # what the file says of its own size
        cells = sheet.iter_rows(values_only=True)
        plain = ([to_excel(c, book.epoch) if isinstance(c, dates) else c for c in row] for row in cells)
        return _guarded(name, lambda: list(_counted(name, plain)))

    names = {}
    for scope, found in (("", book), *((sheet.title, sheet) for sheet in book.worksheets)):
        for label, defined in found.defined_names.items():
            for title, cells in defined.destinations:
                if area := _area(cells):
                    names[scope.lower(), label.lower()] = (title, area)
    return Book(rows, tuple(sheet.title for sheet in book.worksheets), names)


def _area(cells: str) -> Area | None:
    from openpyxl.utils import range_boundaries

    try:
        column, row, last_column, last_row = range_boundaries(cells)
    except (ValueError, TypeError):
        return None
    return (
        None if None in (column, row, last_column, last_row) else (row - 1, column - 1, last_row - 1, last_column - 1)
    )


def _xls(name: str, data: bytes) -> Book:
    import xlrd

    book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO(), on_demand=True, ragged_rows=True)
    empty = (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR)

    def rows(title: str) -> Rows:
        def read() -> Rows:
            sheet = book.sheet_by_name(title)
            cells = (zip(sheet.row_types(r), sheet.row_values(r), strict=True) for r in range(sheet.nrows))
            return list(_counted(name, ([None if kind in empty else value for kind, value in row] for row in cells)))

        return _guarded(name, read)

    return Book(rows, tuple(book.sheet_names()))


TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"


def _ods(name: str, data: bytes) -> Book:
    from defusedxml.ElementTree import iterparse

    sheets: dict[str, Rows] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as package, package.open("content.xml") as content:
        for _, part in iterparse(content, events=("end",), forbid_dtd=True):
            if part.tag == f"{TABLE}table":
                sheets[part.get(f"{TABLE}name", "")] = list(_counted(name, _ods_rows(name, part)))
                part.clear()
    return Book(sheets.__getitem__, tuple(sheets))


def _ods_rows(name: str, table) -> Iterator[list]:
    """Rows and cells that are repeated are spelt out, but not the empty ones at the end."""
    waiting = 0
    for row in table.iter(f"{TABLE}table-row"):
        cells: list = []
        blank = 0
        for cell in row:
            count = int(cell.get(f"{TABLE}number-columns-repeated", 1))
            value = _ods_value(cell)
            if value is None:
                blank += count
            elif len(cells) + blank + count > MAX_CELLS:
                raise ModelError(
                    f"{printable(name)}: a row of more than {MAX_CELLS:,} cells. Delete what is not needed."
                )
            else:
                cells += [None] * blank + [value] * count
                blank = 0
        count = int(row.get(f"{TABLE}number-rows-repeated", 1))
        if not cells:
            waiting += count
            continue
        yield from ([] for _ in range(waiting))
        yield from (cells for _ in range(count))
        waiting = 0


def _ods_value(cell) -> float | str | None:
    match cell.get(f"{OFFICE}value-type"):
        case "float" | "percentage" | "currency":
            return float(cell.get(f"{OFFICE}value"))
        case "boolean":
            return float(cell.get(f"{OFFICE}boolean-value") == "true")
    return "".join(cell.itertext()) or None
