"""Equation text of XMILE -> a tree, by the precedence of the standard (XMILE 1.0, section 3.3). Nothing is evaluated.

Operators, the tightest first: ^ (from the right), signs and NOT, * / MOD //, + -, < <= > >=, = <>, AND, OR. Comments
stand in braces; names are as in equations, `Net_Flow`, `"net flow"`, `Module.name`.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from huangpu.compiler.source import printable
from huangpu.compiler.syntax import Apply
from huangpu.ir import ModelError, Number

MAX_NESTING = 100  # parentheses, calls and signs inside one another
MAX_TOKENS = 20_000  # of one equation
MAX_DIGITS = 400  # of one number; the largest and the smallest there are need some 310


@dataclass(frozen=True, slots=True)
class Named:
    """A name with its subscripts, None where it has none."""

    name: str
    subscripts: tuple[Part, ...] | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """A function, a macro or a graphical function with arguments, by its name in lower case."""

    name: str
    args: tuple[Part, ...]
    subscripts: tuple[Part, ...] | None = None


@dataclass(frozen=True, slots=True)
class Star:
    """All elements of a dimension, or of one named within it: `*` and `*:name`."""

    of: str = ""


@dataclass(frozen=True, slots=True)
class Slice:
    """The elements from one to another: `a:b`."""

    first: Part
    last: Part


Part = Number | Apply | Named | Called | Star | Slice  # `Apply` of operators only, its arguments being `Part`s

NAME = r'(?:"(?:\\.|[^"\\])*"|[^\W\d][\w$\u00a0]*)'
TOKEN = re.compile(
    r"(?P<space>\s+|\{[^}]*\})"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    rf"|(?P<name>\.?{NAME}(?:\.{NAME})*)"
    r"|(?P<logic>:and:|:or:|:not:)"
    r"|(?P<sign><=|>=|<>|//|[-+*/^<>=(),\[\]:])",
    re.IGNORECASE,
)
RIGHT = {"^": 8}
RANKS = {
    **dict.fromkeys(("or",), 1),
    **dict.fromkeys(("and",), 2),
    **dict.fromkeys(("=", "<>"), 3),
    **dict.fromkeys(("<", "<=", ">", ">="), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "mod", "//"), 6),
    **RIGHT,
}
SIGNED = 7  # how tightly a sign and NOT bind
NODES = {"and": ":and:", "or": ":or:"}  # other operators are called as they are written
FUNCTIONS = {"mod": "mod", "//": "safediv"}  # operators that are functions
WORDS = {"and", "or", "not", "mod", "if", "then", "else"}


def parse(text: str) -> Part:
    """The tree of an equation; `ModelError` says from where on it makes no sense."""
    reader = _Reader(list(_tokens(text)), text)
    part = reader.expression()
    if reader.kind() != "end":
        reader.fail()
    return part


def numbers(text: str) -> list[float] | None:
    """The numbers of `1, 2; 3, 4`, or None of any other text."""
    parts = [p.strip() for p in re.split(r"[,;]", text.strip().strip(";"))]
    if len(parts) < 2 or not all(re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,4})?", p) for p in parts):
        return None
    return [number(p) for p in parts]


def number(text: str) -> float:
    """A number as written; `ModelError` of one that no double holds."""
    if len(text) > MAX_DIGITS:
        raise ModelError(f"a number of more than {MAX_DIGITS} digits. Write it shorter, such as 1e9.")
    try:
        value = float(text)
    except ValueError:
        raise ModelError(f"'{printable(text)[:40]}' is no number.") from None
    if not math.isfinite(value):
        raise ModelError(f"a number beyond {sys.float_info.max:.1e}, the largest there is. Choose a larger unit.")
    return value


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and place of each token; words of the language are of the kind "word"."""
    position = count = 0
    while position < len(text):
        found = TOKEN.match(text, position)
        if found is None:
            raise ModelError(f"it makes no sense from '{printable(text[position : position + 40])}'.")
        kind, what = str(found.lastgroup), found[0]
        count += 1
        if count > MAX_TOKENS:
            raise ModelError(f"more than {MAX_TOKENS} names and signs. Split it into several equations.")
        if kind == "name" and what.lower() in WORDS:
            kind, what = "word", what.lower()
        elif kind == "logic":
            kind, what = "word", what.lower().strip(":")
        if kind != "space":
            yield kind, what, position
        position = found.end()
    yield "end", "", len(text)


class _Reader:
    """One pass over the tokens of an equation, by precedence climbing."""

    def __init__(self, tokens: list[tuple[str, str, int]], text: str):
        self.tokens, self.text, self.at, self.depth = tokens, text, 0, 0

    def kind(self) -> str:
        return self.tokens[self.at][0]

    def sees(self, *what: str) -> bool:
        kind, text, _ = self.tokens[self.at]
        return kind in ("sign", "word") and text in what

    def take(self, *what: str) -> str:
        if not self.sees(*what):
            self.fail(f", expected {' or '.join(what)}")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def fail(self, hint: str = "") -> None:
        rest = printable(self.text[self.tokens[self.at][2] :][:40])
        if self.at and self.kind() == self.tokens[self.at - 1][0] == "name":
            hint = ": two names in a row, with spaces written as _ they are one"
        raise ModelError(f"it makes no sense from '{rest}'{hint}." if rest else f"it ends too early{hint}.")

    def expression(self, rank: int = 1) -> Part:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise ModelError(f"nested more than {MAX_NESTING} deep. Split it into several equations.")
        left = self.prefix()
        while (operator := self.tokens[self.at][1]) in RANKS and self.sees(operator) and RANKS[operator] >= rank:
            self.at += 1
            right = self.expression(RANKS[operator] + (operator not in RIGHT))
            if operator in FUNCTIONS:
                left = Called(FUNCTIONS[operator], (left, right))
            else:
                left = Apply(NODES.get(operator, operator), (left, right))
        self.depth -= 1
        return left

    def prefix(self) -> Part:
        if self.sees("-", "+", "not"):
            sign = self.take("-", "+", "not")
            value = self.expression(SIGNED)
            return value if sign == "+" else Apply("negative" if sign == "-" else ":not:", (value,))
        if self.sees("if"):
            return self.choice()
        if self.sees("("):
            self.take("(")
            value = self.expression()
            self.take(")")
            return value
        kind, text, _ = self.tokens[self.at]
        if kind == "number":
            self.at += 1
            return Number(number(text))
        if kind != "name":
            self.fail()
        self.at += 1
        return self.named(text)

    def choice(self) -> Part:
        """IF a THEN b ELSE c, or IF(a, b, c)."""
        self.take("if")
        condition = self.arguments() if self.sees("(") and self._listed() else (self.expression(),)
        if len(condition) == 3:
            return Apply("if_then_else", condition)
        self.take("then")
        value = self.expression()
        self.take("else")
        return Apply("if_then_else", (condition[0], value, self.expression()))

    def _listed(self) -> bool:
        """Whether the parenthesis that begins here holds a comma of its own: IF(a, b, c)."""
        depth = 0
        for kind, text, _ in self.tokens[self.at :]:
            if kind == "sign":
                depth += (text in "([") - (text in ")]")
                if depth == 0:
                    return False
                if depth == 1 and text == ",":
                    return True
        return False

    def named(self, name: str) -> Part:
        subscripts = None
        if self.sees("["):
            subscripts = self.listed("[", "]", self.subscript)
        if self.sees("("):
            return Called(name.lower(), self.arguments(), subscripts)
        return Named(name, subscripts)

    def arguments(self) -> tuple[Part, ...]:
        return self.listed("(", ")", self.expression)

    def listed(self, opening: str, closing: str, item) -> tuple[Part, ...]:
        self.take(opening)
        items: list[Part] = []
        while not self.sees(closing):
            items.append(item())
            if not self.sees(closing):
                self.take(",", closing)
        self.take(closing)
        return tuple(items)

    def subscript(self) -> Part:
        if self.sees("*"):
            self.take("*")
            if not self.sees(":"):
                return Star()
            self.take(":")
            return Star(self._name())
        first = self.expression()
        if self.sees(":"):
            self.take(":")
            return Slice(first, self.expression())
        return first

    def _name(self) -> str:
        kind, text, _ = self.tokens[self.at]
        if kind != "name":
            self.fail(", expected a name")
        self.at += 1
        return text
