"""The model as written: what `read.py` hands to `expand.py`. Data only, and none of it PySD's.

Keys are ids made by `key`: of variables, of subscript ranges and of subscript elements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from huangpu.ir import ModelError, Number, Place

NA = -(2.0**109)  # :NA:, by Vensim's manual a number like any other, which no model comes near


def key(name: str) -> str:
    """The id of a name: lower case, quotes off, every run of anything but letters and digits one `_`."""
    return re.sub(r"[\W_]+", "_", name.strip().strip('"').lower())


@dataclass(frozen=True, slots=True)
class Ref:
    """A variable, or a subscript used as a number. A subscript that a vector function runs over ends in `!`."""

    key: str
    subscripts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Apply:
    """A function, an operator, a lookup or a macro applied to arguments.

    A name from the file is a key, `if_then_else`; what the parser recognised itself is in capitals, `SMOOTH`, so that a
    variable of the model may be called smooth.
    """

    function: str
    args: tuple[Node, ...]
    subscripts: tuple[str, ...] = ()  # of a lookup


@dataclass(frozen=True, slots=True)
class Values:
    """An array of literal numbers, last subscript fastest."""

    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """A literal lookup."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    extrapolate: bool = False
    mode: str = "interpolate"  # as in `ir.Table`


@dataclass(frozen=True, slots=True)
class Series:
    """A lookup for each element of a left side, last subscript fastest: what was read from a file."""

    parts: tuple[Points, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A literal string, or something else that has no value (`Unsupported` names it)."""

    value: str


Node = Number | Ref | Apply | Values | Points | Series | Text


@dataclass(frozen=True, slots=True)
class Definition:
    """One equation: of all elements of `subscripts` (ranges or elements) but those in `excepts`."""

    subscripts: tuple[str, ...]
    excepts: tuple[tuple[str, ...], ...]
    kind: str  # "equation", "lookup", "data"
    fixed: bool  # defined by `==`: a number that no run may change
    node: Node
    text: str
    place: Place
    mode: str = "interpolate"  # of data: how they are read between points


@dataclass(frozen=True, slots=True)
class Element:
    """A variable of the file with its equations (several where parts of an array are defined apart)."""

    key: str
    label: str
    definitions: tuple[Definition, ...]
    units: str = ""
    doc: str = ""
    output: bool = False  # flagged :SUPPLEMENTARY: there to be looked at, not to be used


@dataclass(frozen=True, slots=True)
class Range:
    """A subscript range. `members` are elements or other ranges, as written.

    external  where its members stand in a file: file, sheet, first cell, last cell, prefix of each name
    """

    key: str
    label: str
    members: tuple[str, ...]
    maps: tuple[str, ...]  # keys of the ranges it maps to, position by position or as `lists` says
    same_as: str | None  # key of the range it copies (`<->`)
    place: Place
    external: tuple[str, ...] = ()
    lists: tuple[tuple[str, ...], ...] = ()  # for each of `maps` the elements and ranges listed, () by position


@dataclass(frozen=True, slots=True)
class Macro:
    """`value` is the key of the element whose value a call has."""

    key: str
    params: tuple[str, ...]
    elements: tuple[Element, ...]
    value: str


@dataclass(frozen=True, slots=True)
class Source:
    file: str
    name: str
    ranges: tuple[Range, ...]
    elements: tuple[Element, ...]
    macros: tuple[Macro, ...]
    views: dict[str, tuple[str, ...]]  # view name as written -> keys drawn in it (no shadow variables)
    synonyms: tuple[tuple[str, ...], ...] = ()  # groups of unit names that mean the same
    aliases: tuple[tuple[str, str], ...] = ()  # names of files that equations use, and the files they stand for
    method: str = "euler"  # by which the file asks to be integrated
    renamed: tuple[tuple[str, str], ...] = ()  # keys of names that differ from others only in signs -> their labels


def at(place: Place) -> str:
    """`file:line`, or the file alone where the line is not known."""
    return f"{place.file}:{place.line}" if place.line else place.file


class Listed(str):
    """Problems of a model as one message; `all` has every one of them."""

    all: tuple[str, ...] = ()


def problem_list(problems: list[str], most: int = 20) -> Listed:
    """Problems of a model as one message, one a line, each once."""
    unique = tuple(dict.fromkeys(problems))
    more = [f"... and {len(unique) - most} problems more."] if len(unique) > most else []
    text = Listed("\n".join([*unique[:most], *more]))
    text.all = unique
    return text


class Unread(ModelError):
    """Not all of a file could be read; `source` is what could."""

    def __init__(self, problems: list[str], source: Source):
        super().__init__(problem_list(problems))
        self.source = source


def each(error: ModelError) -> tuple[str, ...]:
    """The problems of an error one by one."""
    message = error.args[0] if error.args else ""
    return message.all if isinstance(message, Listed) else (str(error),)
