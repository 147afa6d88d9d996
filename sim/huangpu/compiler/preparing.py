"""What Vensim allows in a model's text and PySD's grammar does not: brought into a form that it can read.

Comments in braces, macros with other text before them, macros with more than one output, lookups as two rows of
numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from huangpu.compiler.source import printable
from huangpu.compiler.syntax import key
from huangpu.ir import ModelError

MARK = re.compile(r'["{~|]')
QUOTE = re.compile(r'(?<!\\)"')
MACRO = re.compile(r":MACRO:|:END OF MACRO:", re.IGNORECASE)
NAME = r"""(?:"(?:\\"|[^"])*"|[^\W\d][\w\s'$]*)"""
HEADER = re.compile(rf"\s*(?P<name>{NAME})\s*\((?P<inside>[^()]*)\)")
NUMBER = r"[-+]?\s*(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
ROWS = re.compile(rf"\(\s*((?:{NUMBER}\s*,\s*)+{NUMBER})\s*,?\s*\)\s*")
MAPPED = re.compile(rf"\(\s*(?P<range>{NAME})\s*:(?P<listed>[^()]*)\)|{NAME}")
KEYWORD = re.compile(r":[A-Za-z]+:")
SUBSCRIPTS = re.compile(r"\s*\[[^\]]*\]\s*")


def without_comments(text: str) -> str:
    """Equations without what stands in braces; documentation keeps them. Lines stay where they are."""
    parts: list[str] = []
    last = position = 0
    documentation = False
    while found := MARK.search(text, position):
        position = found.end()
        if found[0] in "~|":
            documentation = found[0] == "~"
        elif documentation:
            continue
        elif found[0] == '"':
            close = QUOTE.search(text, position)
            if not close:
                break
            position = close.end()
        else:
            close = text.find("}", position)
            if close < 0:
                break
            parts += [text[last : found.start()], " ", "\n" * text.count("\n", position, close)]
            last = position = close + 1
    return "".join([*parts, text[last:]])


@dataclass(frozen=True, slots=True)
class Entry:
    """What ends in `|`: its parts between `~`, of which an equation has three or four. `whole`: it does end."""

    parts: tuple[str, ...]
    whole: bool

    @property
    def text(self) -> str:
        return " ~ ".join(self.parts)


def entries(text: str) -> Iterator[Entry]:
    """All entries of a section. Within the quotes of an equation, the first part, `~` and `|` are letters."""
    parts: list[str] = []
    last = position = 0
    quotes = True
    while found := MARK.search(text, position):
        position = found.end()
        if found[0] == '"' and quotes and not parts:
            close = QUOTE.search(text, position)
            quotes, position = close is not None, close.end() if close else position
        if found[0] in "~|":
            parts.append(text[last : found.start()].strip())
            last = position
        if found[0] == "|":
            yield Entry(tuple(parts), True)
            parts = []
    if parts or text[last:].strip():
        yield Entry((*parts, text[last:].strip()), False)


@dataclass(frozen=True, slots=True)
class Section:
    """The model's own equations (`name` is empty), or those of a macro with its parameters and further outputs."""

    name: str
    params: tuple[str, ...]
    outputs: tuple[str, ...]
    content: str


def sections(text: str) -> list[Section]:
    """The model's own equations first, wherever macros stand between them. `ModelError` on a macro that is cut off."""
    own: list[str] = []
    macros: list[Section] = []
    last, inside = 0, False
    for mark in MACRO.finditer(text):
        opens = mark[0].upper() == ":MACRO:"
        if opens == inside:
            raise ModelError("a macro inside a macro, or :END OF MACRO: without :MACRO:. Give each macro its own end.")
        part, last, inside = text[last : mark.start()], mark.end(), opens
        if opens:
            own.append(part)
        else:
            macros.append(_macro(part))
    if inside:
        raise ModelError(":MACRO: without :END OF MACRO:. Write it below the macro's last equation.")
    return [Section("", (), (), " ".join([*own, text[last:]])), *macros]


def _macro(text: str) -> Section:
    header = HEADER.match(text)
    if not header:
        start = printable(text.strip())[:40]
        raise ModelError(f":MACRO: '{start}' is no macro. Write :MACRO: NAME(argument, ...), then its equations.")
    params, _, outputs = header["inside"].partition(":")
    names = [tuple(n for n in map(str.strip, part.split(",")) if n) for part in (params, outputs)]
    return Section(header["name"].strip(), *names, text[header.end() :])


def calls(equation: str, macros: dict[str, Section]) -> list[str]:
    """The equation; where it calls a macro with further outputs, as in `a = M(x : b)`, also `b = M b(x)`.

    macros: by their keys. The innermost calls first, so that no argument holds another call's outputs.
    """
    more: list[str] = []
    position = equation.rfind("(") if macros and ":" in equation else -1
    while position >= 0:
        macro = macros.get(key(_word_before(equation, position)))
        if macro and macro.outputs:
            equation, made = _call(equation, position, macro)
            more += made
        position = equation.rfind("(", 0, position)
    return [equation, *more]


def _word_before(text: str, position: int) -> str:
    start = position
    while start and (text[start - 1].isalnum() or text[start - 1] in "_ '$"):
        start -= 1
    return text[start:position].strip()


def output_name(macro: Section, output: str) -> str:
    """The name of the function that gives a macro's further output."""
    return " ".join(name.strip('"') for name in (macro.name, output))


def _call(equation: str, opening: int, macro: Section) -> tuple[str, list[str]]:
    colon, close = _colon(equation, opening + 1)
    if colon is None:
        return equation, []
    names = [name.strip() for name in equation[colon + 1 : close].split(",")]
    if len(names) > len(macro.outputs):
        raise ModelError(f"{macro.name} has {len(macro.outputs)} further outputs, not {len(names)}.")
    left = key(SUBSCRIPTS.sub("", equation.partition("=")[0]))
    args = equation[opening + 1 : colon]
    more = [
        f"{name} = {output_name(macro, output)}({args})"
        for name, output in zip(names, macro.outputs, strict=False)
        if key(SUBSCRIPTS.sub("", name)) != left
    ]
    return equation[:colon] + equation[close:], more


def _colon(text: str, position: int) -> tuple[int | None, int]:
    """Where the outputs of the call that opens here begin, and where the call ends."""
    depth, colon = 1, None
    while position < len(text):
        match text[position]:
            case "(" | "[":
                depth += 1
            case ")" | "]":
                depth -= 1
                if not depth:
                    break
            case '"':
                close = QUOTE.search(text, position + 1)
                position = close.start() if close else len(text)
            case ":" if keyword := KEYWORD.match(text, position):
                position = keyword.end() - 1
            case ":" if depth == 1:
                colon = position
        position += 1
    return colon, position


def lookup_pairs(equation: str) -> str:
    """A lookup written as its x and then its y, `table(0,1,2, 5,6,7)`, as pairs: `table((0,5),(1,6),(2,7))`."""
    at = equation.find("(")
    if at < 0 or "=" in equation[:at] or not (found := ROWS.fullmatch(equation, at)):
        return equation
    numbers = found[1].split(",")
    half = len(numbers) // 2
    if len(numbers) % 2 or half < 2:
        return equation
    pairs = ",".join(f"({x},{y})" for x, y in zip(numbers[:half], numbers[half:], strict=True))
    return f"{equation[:at]}({pairs})"


def listed(equation: str) -> tuple[tuple[str, ...], ...]:
    """For each range that a range maps to what it lists of it, as in `D: d1, d2 -> C, (A: Sub, a3)`; () for nothing."""
    mapped = [found["listed"] or "" for found in MAPPED.finditer(equation.partition("->")[2])]
    return tuple(tuple(key(n) for n in names.split(",") if n.strip()) for names in mapped) if any(mapped) else ()


def unlisted(equation: str) -> str:
    """The same range with the lists left out."""
    range_, arrow, maps = equation.partition("->")
    return range_ + arrow + MAPPED.sub(lambda found: found["range"] or found[0], maps)
