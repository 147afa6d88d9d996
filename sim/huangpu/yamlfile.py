"""Plain YAML files read safely: text in, plain data with line numbers out, problems listed instead of raised. And data
written so that it reads back.

Why not `yaml.safe_load`: it lets the last of two equal keys win, reads `no` as False and `012` as 10, expands aliases
without bound, and its C parser can be made to crash by deep nesting. Here the parser's events are watched one by one:
nothing nests deeper than `DEPTH`, no tags, no anchors, and plain words follow YAML 1.2 (`no` and `1:30` are text, `012`
is refused because people mean different things by it). Keys stay the text that was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from math import isfinite
from pathlib import Path

import yaml

SIZE = 1_000_000  # bytes; the largest file that people write is a few tens of thousands
DEPTH = 20  # levels of nesting

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_ZERO_LED = re.compile(r"[-+]?0[0-9]+(\.[0-9]*)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a key (a path of keys and list positions) on a line; line 0 where there is none."""

    line: int
    key: Key
    message: str


@dataclass(frozen=True)
class Document:
    """A file as read: `data` is dicts, lists, text, numbers, booleans and None (None throughout if it is not YAML).

    lines     line of every key, by its path; the path of a list's item ends in its position
    problems  what the reader found; nobody should use `data` without looking
    """

    file: str
    text: str = ""
    data: object = None
    lines: Mapping[Key, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def line(self, key: Key) -> int:
        """The line of a key, or of the nearest key around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 1 if self.text else 0)

    def problem(self, key: Key, message: str) -> Problem:
        return Problem(self.line(key), key, message)

    def report(self, problems: Iterable[Problem]) -> str:
        """The problems for people, `file:line: key.path: message`, one a line in the order of the file."""
        rows = []
        for p in sorted(problems, key=lambda p: p.line):
            parts = [f"{self.file}:{p.line}" if p.line else self.file, dotted(p.key), p.message]
            rows.append(": ".join(part for part in parts if part))
        return "\n".join(dict.fromkeys(rows))


def dotted(key: Key) -> str:
    """A path as people write it: `levers.robot_subsidy[1].start`, list positions counted from 1."""
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part if part.isprintable() else repr(part)}"
    return text.removeprefix(".")


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the closest of the first 10,000 names, or nothing."""
    by_lower = {n.lower(): n for n in islice(names, 10_000)}
    close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean '{by_lower[close[0]]}'?" if close else ""


def read_yaml(path: Path | str) -> Document:
    """Read one YAML document. Never raises for what is in the file or for a file that cannot be read."""
    file = str(path)
    text, trouble = read_text(Path(path))
    if trouble:
        return Document(file, problems=(Problem(0, (), trouble),))
    return parse_yaml(text, file)


def parse_yaml(text: str, file: str) -> Document:
    """As `read_yaml`, of text that is there already; `file` names it in problems."""
    if len(text) > SIZE:
        trouble = f"is {len(text):,} characters long, expected at most {SIZE:,}"
        return Document(file, problems=(Problem(0, (), trouble),))
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _Stop:
        pass
    except yaml.YAMLError as error:
        builder.problems.append(_syntax(error, text))
        builder.data = None
    return Document(file, text, builder.data, builder.lines, tuple(builder.problems))


def write_yaml(data: Mapping) -> str:
    """Plain data as YAML text that `parse_yaml` reads back as the same data; the same text for the same data."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)


class _Dumper(_DUMPER):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _text_node(dumper: yaml.Dumper, text: str) -> yaml.Node:
    """In quotes where a plain word would be read as a number, which PyYAML's own rules do not always see."""
    number = any(p.fullmatch(text) for p in (_INT, _FLOAT, _ZERO_LED, _NOT_FINITE))
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if number else None)


_Dumper.add_representer(str, _text_node)


def read_text(path: Path) -> tuple[str, str]:
    """(text, "") or ("", what is wrong) of a file that should hold YAML, as it is before anything is parsed."""
    try:
        if path.is_dir():
            return "", "is a folder, expected a YAML file"
        if not path.exists():
            return "", "no such file" + nearest(path.name, _siblings(path))
        if not path.is_file():
            return "", "is not a regular file"
        if path.stat().st_size > SIZE:
            return "", f"is {path.stat().st_size:,} bytes long, expected at most {SIZE:,}"
        return path.read_bytes().decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        return "", f"is not UTF-8 text (byte {error.start + 1}); save it as UTF-8"
    except (OSError, ValueError) as error:
        return "", f"cannot be read: {getattr(error, 'strerror', None) or error}"


def _siblings(path: Path) -> list[str]:
    try:
        return [p.name for p in path.parent.iterdir() if p.suffix == path.suffix]
    except OSError:
        return []


class _Stop(Exception):
    """Nothing more of this file should be looked at."""


class _Builder:
    """Puts data together from the parser's events with a stack of its own, so nothing here recurses."""

    def __init__(self) -> None:
        self.data: object = None
        self.lines: dict[Key, int] = {(): 1}
        self.problems: list[Problem] = []
        self.stack: list[tuple[object, Key]] = []  # open mappings and lists with their paths
        self.keys: list[str | None] = []  # for each open mapping the key that waits for its value
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    self.refuse(line, "a second document begins here; expected one document without '---' inside")
                    raise _Stop
            case yaml.AliasEvent():
                self.refuse(line, f"alias *{event.anchor} is not supported; write the value out")
                if self.waits_for_key():
                    raise _Stop
                self.put(None, line)
            case yaml.ScalarEvent():
                self.check_node(event, line)
                self.scalar(event, line)
            case yaml.MappingStartEvent():
                self.open(event, {}, line)
            case yaml.SequenceStartEvent():
                self.open(event, [], line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.stack.pop()
                self.keys.pop()
                if self.stack:
                    self.keys[-1] = None

    def refuse(self, line: int, message: str, key: Key | None = None) -> None:
        self.problems.append(Problem(line, self.path() if key is None else key, message))

    def path(self) -> Key:
        """Path of the value that comes next."""
        if not self.stack:
            return ()
        container, path = self.stack[-1]
        last = len(container) if isinstance(container, list) else self.keys[-1]
        return path if last is None else (*path, last)

    def check_node(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None:
            self.refuse(line, f"anchor &{event.anchor} is not supported; write the value where it is needed")
        if event.tag is not None:
            self.refuse(line, f"tag {event.tag} is not supported; write plain text, numbers, lists and mappings")

    def open(self, event: yaml.NodeEvent, container: dict | list, line: int) -> None:
        self.check_node(event, line)
        if len(self.stack) >= DEPTH:
            self.refuse(line, f"nested more than {DEPTH} levels deep", ())
            raise _Stop
        if self.waits_for_key():
            self.refuse(line, "a key must be plain text, not a mapping or a list")
            raise _Stop
        path = self.path()
        self.put(container, line)
        self.stack.append((container, path))
        self.keys.append(None)

    def waits_for_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1][0], dict) and self.keys[-1] is None

    def scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        if not self.waits_for_key():
            self.put(self.resolve(event, line), line)
            return
        container, path = self.stack[-1]
        key = (*path, event.value)
        if event.value in container:
            self.refuse(line, f"this key is given twice, first on line {self.lines[key]}; keep one", key)
        else:
            self.lines.setdefault(key, line)
        self.keys[-1] = event.value

    def put(self, value: object, line: int) -> None:
        """The value for the place that waits for one; of two equal keys the first keeps its value."""
        if not self.stack:
            self.data = value
            return
        container, path = self.stack[-1]
        if isinstance(container, list):
            self.lines.setdefault((*path, len(container)), line)
            container.append(value)
        else:
            container.setdefault(self.keys[-1], value)
        if isinstance(container, dict) and not isinstance(value, (dict, list)):
            self.keys[-1] = None

    def resolve(self, event: yaml.ScalarEvent, line: int) -> object:
        text = event.value
        if not event.implicit[0]:  # quoted or a block of text
            return text
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if _INT.fullmatch(text):
            return int(text)
        if _ZERO_LED.fullmatch(text):
            bare = re.sub(r"^([-+]?)0+(?=[0-9])", r"\1", text)
            self.refuse(line, f"{text} begins with 0; write {bare} for the number or '{text}' for text")
            return None
        if _FLOAT.fullmatch(text) and isfinite(float(text)):
            return float(text)
        if _FLOAT.fullmatch(text) or _NOT_FINITE.fullmatch(text):
            self.refuse(line, f"{text[:30]} is not a finite number")
            return None
        return text


def _syntax(error: yaml.YAMLError, text: str) -> Problem:
    """A syntax error of the parser in our form, with a hint for what is easily overlooked."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        position = getattr(error, "position", 0)
        return Problem(text.count("\n", 0, position) + 1, (), f"not YAML: {getattr(error, 'reason', error)}")
    line = mark.line + 1
    what = getattr(error, "problem", None) or getattr(error, "context", None) or "cannot be parsed"
    near = text.splitlines()[max(0, line - 3) : line]
    if any("：" in row for row in near):
        what += "; there is a full-width colon '：' here, write ': '"
    elif any(row[: len(row) - len(row.lstrip())].count("\t") for row in near):
        what += "; indent with spaces, not tabs"
    return Problem(line, (), f"not YAML: {what}")
