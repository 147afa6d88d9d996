"""Reading the data files beside the model: YAML that people write, tables of reported figures. Errors name the key."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from huangpu.yamlfile import Document, Problem, nearest, read_yaml


class DataError(Exception):
    """Something is wrong with a data file; `str(error)` is the message, one problem a line: file, key or row, what."""


class Strict(BaseModel):
    """One entry of a data file: no unknown keys, no silent conversion, does not change."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)


Entry = TypeVar("Entry", bound=Strict)


def load_yaml(path: Path | str, shape: type[Entry]) -> tuple[Document, Entry]:
    """The file checked against `shape`. Raises DataError with every problem of the file, one a line."""
    document = read_yaml(path)
    check(document, document.problems)
    try:
        return document, shape.model_validate({} if document.data is None else document.data)
    except ValidationError as error:
        problems = [_problem(document, e, shape) for e in error.errors()]
        raise DataError(document.report(problems)) from None


def check(document: Document, problems: Iterable[Problem]) -> None:
    """Raise DataError if there is any problem."""
    problems = list(problems)
    if problems:
        raise DataError(document.report(problems))


def _problem(document: Document, error: Mapping, shape: type[Strict]) -> Problem:
    key = tuple(error["loc"])
    message = error["msg"][0].lower() + error["msg"][1:]
    if error["type"] == "extra_forbidden":
        comma = "; a text with a comma in it needs quotes" if error["input"] is None else ""
        message = "no such key" + (nearest(str(key[-1]), _keys(shape)) or comma)
    elif error["type"] != "missing":
        message += f", found {error['input']!r:.60}"
    return document.problem(key, message)


def _keys(shape: type[Strict]) -> set[str]:
    """Every key that may stand somewhere in a file of this shape."""
    schema = shape.model_json_schema()
    parts = (schema, *schema.get("$defs", {}).values())
    return {name for part in parts for name in part.get("properties", {})}


def iso_day(text: str) -> str:
    """The same day, YYYY-MM-DD, so that days compare as their texts do. Raises ValueError."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"found {text!r}, expected a day, YYYY-MM-DD") from None


def read_csv(path: Path | str, columns: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a CSV file with at least these columns. Raises DataError if it cannot be read or lacks one."""
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read as a UTF-8 table: {reason}") from None
    found = reader.fieldnames or []
    missing = [c for c in columns if c not in found]
    if missing:
        close = difflib.get_close_matches(missing[0], found, n=1)
        hint = f"; did you mean {missing[0]!r} by {close[0]!r}?" if close else ""
        raise DataError(f"{path}: column missing: {', '.join(missing)}{hint}")
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise DataError(f"{path}:{number}: {len(found)} columns expected, this row has more or fewer")
    return rows
