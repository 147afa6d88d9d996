"""Workbooks and tables of text written for a test."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
from openpyxl.workbook.defined_name import DefinedName

Cells = dict[str, object]  # address -> value


def xlsx(path: Path, names: dict[str, str] | None = None, **sheets: Cells) -> Path:
    """names: a name of the whole book, or `Sheet!name` of one sheet -> a range such as `Sheet1!$A$1:$A$5`."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, cells in sheets.items():
        sheet = book.create_sheet(title)
        for address, value in cells.items():
            sheet[address] = value
    for name, place in (names or {}).items():
        title, _, own = name.rpartition("!")
        (book[title] if title else book).defined_names[own] = DefinedName(own, attr_text=place)
    book.save(path)
    return path


def table(start: str, *rows: list) -> Cells:
    """Cells of a block whose upper left cell is `start`; None is empty."""
    from openpyxl.utils.cell import coordinate_to_tuple, get_column_letter

    first, left = coordinate_to_tuple(start)
    return {
        f"{get_column_letter(left + c)}{first + r}": value
        for r, row in enumerate(rows)
        for c, value in enumerate(row)
        if value is not None
    }


def changed(path: Path, part: str, change) -> Path:
    """The package with the text of one part changed."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts[part] = change(parts[part].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return path


ODS = (
    '<?xml version="1.0"?>{head}<office:document-content'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    '<office:body><office:spreadsheet><table:table table:name="{title}">{rows}</table:table>'
    "</office:spreadsheet></office:body></office:document-content>"
)


def ods(path: Path, title: str, rows: list[list], head: str = "") -> Path:
    """Numbers, text and None for an empty cell; the rows may also be ready XML."""
    text = "".join(row if isinstance(row, str) else f"<table:table-row>{_cells(row)}</table:table-row>" for row in rows)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("content.xml", ODS.format(head=head, title=title, rows=text))
    return path


def _cells(row: list) -> str:
    return "".join(map(_cell, row))


def _cell(value) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
