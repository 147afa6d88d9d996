"""Names that differ only in signs, such as "Price+" and "Price-": ids have no signs, so such a name gets a number."""

from __future__ import annotations

import re
from collections.abc import Iterable

from huangpu.compiler.syntax import key

QUOTED = re.compile(r'"(?:\\"|[^"])*"')
LEFT = re.compile(r"[^=:\[(<]*")  # what an equation without quotes defines


def renamed(equations: Iterable[str]) -> dict[str, str]:
    """As they are written, lower case: quoted names that need a number -> the quoted name with its number."""
    plain: dict[str, set[str]] = {}  # key -> names without quotes
    quoted: dict[str, dict[str, str]] = {}  # key -> names in quotes, each as first written
    for equation in equations:
        if '"' in equation:
            for name in QUOTED.findall(equation):
                quoted.setdefault(key(name), {}).setdefault(same(name), name)
        for name in _defined(equation):
            plain.setdefault(key(name), set()).add(same(name))
    taken = {*plain, *quoted}
    found: dict[str, str] = {}
    for base, names in quoted.items():
        known = plain.get(base, set())
        fresh = [name for name in names if name not in known]
        number = 2
        for name in fresh if known else fresh[1:]:
            while key(numbered := f'{names[name][:-1].rstrip()} {number}"') in taken:
                number += 1
            taken.add(key(numbered))
            found[name] = numbered
    return found


def label(numbered: str) -> str:
    """The name as the file has it."""
    return numbered.rpartition(" ")[0] + '"'


def _defined(equation: str) -> Iterable[str]:
    """The names without quotes that an equation defines: its left side, and a range's elements."""
    left = LEFT.match(equation)[0]
    if '"' not in left:
        yield left
    if equation[len(left) :].startswith(":"):
        for member in equation[len(left) + 1 :].partition("->")[0].split(","):
            if '"' not in member:
                yield member


def same(name: str) -> str:
    """Names that are one in Vensim are one here: case, quotes, spaces and `_` make no difference."""
    return " ".join(name.strip().strip('"').lower().replace("_", " ").split())


def written(equation: str, names: dict[str, str]) -> str:
    """The equation with its names numbered."""
    return QUOTED.sub(lambda found: names.get(same(found[0]), found[0]), equation) if names else equation
