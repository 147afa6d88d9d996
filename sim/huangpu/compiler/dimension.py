"""Units of measure as products of powers of unit names.

Names are taken literally, as Vensim takes them: `robot` and `robots` differ, `month` is no twelfth of a `year`. Only
synonyms make two names one: those of a new Vensim model, and those that the model file lists itself. Upper and lower
case are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from huangpu.ir import ModelError

Unit = tuple[tuple[str, Fraction], ...]  # (name, exponent) by name, no exponent 0; () is dimensionless

DMNL: Unit = ()
DIMENSIONLESS = ("1", "dmnl", "dimensionless", "fraction")
SYNONYMS = (  # of every new model in Vensim
    ("$", "Dollar", "Dollars", "$s"),
    ("Day", "Days"),
    ("Hour", "Hours"),
    ("Month", "Months"),
    ("Person", "People", "Persons"),
    ("Unit", "Units"),
    ("Week", "Weeks"),
    ("Year", "Years"),
)
MAX_NESTING = 20  # parentheses inside parentheses
MAX_LENGTH = 500  # characters
TOKEN = re.compile(r"\s*([*/^()]|[^*/^()]+)")


def names(groups: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Every name of the groups, in lower case -> the name that stands for its group."""
    found: dict[str, str] = {}
    for group in groups:
        lower = [name.casefold() for name in group if name]
        first = next((found[name] for name in lower if name in found), lower[0] if lower else "")
        found |= dict.fromkeys(lower, first)
    return found


def power(unit: Unit, exponent: Fraction) -> Unit:
    return tuple((name, e * exponent) for name, e in unit) if exponent else DMNL


def times(a: Unit, b: Unit) -> Unit:
    found = dict(a)
    for name, exponent in b:
        found[name] = found.get(name, Fraction(0)) + exponent
    return tuple(sorted((name, e) for name, e in found.items() if e))


def over(a: Unit, b: Unit) -> Unit:
    return times(a, power(b, Fraction(-1)))


def text(unit: Unit) -> str:
    """The unit as a modeller writes it: `robot/(person*year)`."""
    above = [factor for name, e in unit if e > 0 for factor in _factors(name, e)]
    below = [factor for name, e in unit if e < 0 for factor in _factors(name, -e)]
    if not unit:
        return "dmnl"
    bottom = below[0] if len(below) == 1 else f"({'*'.join(below)})"
    return ("*".join(above) or "1") + (f"/{bottom}" if below else "")


def _factors(name: str, exponent: Fraction) -> list[str]:
    if exponent.denominator == 1 and exponent <= 3:
        return [name] * int(exponent)
    return [f"{name}^{exponent}" if exponent.denominator == 1 else f"{name}^({exponent})"]


def read_unit(written: str, synonyms: dict[str, str]) -> Unit:
    """`person*year`, `robot/person/year`, `m^2`, `1/(year*year)`; `ModelError` on anything else."""
    if len(written) > MAX_LENGTH:
        raise ModelError(f"it is longer than {MAX_LENGTH} characters")
    tokens = [t.strip() for t in TOKEN.findall(written) if t.strip()]
    unit, rest = _product(tokens, synonyms, 0)
    if rest:
        raise ModelError(f"it makes no sense from '{' '.join(rest)[:40]}'")
    return unit


def _product(tokens: list[str], synonyms: dict[str, str], depth: int) -> tuple[Unit, list[str]]:
    unit, tokens = _power(tokens, synonyms, depth)
    while tokens and tokens[0] in "*/":
        join = times if tokens[0] == "*" else over
        right, tokens = _power(tokens[1:], synonyms, depth)
        unit = join(unit, right)
    return unit, tokens


def _power(tokens: list[str], synonyms: dict[str, str], depth: int) -> tuple[Unit, list[str]]:
    unit, tokens = _atom(tokens, synonyms, depth)
    if tokens[:1] == ["^"]:
        exponent, tokens = "".join(tokens[1:2]), tokens[2:]
        if not re.fullmatch(r"-?\d{1,3}", exponent):
            raise ModelError(f"the exponent '{exponent[:40]}' is no whole number")
        unit = power(unit, Fraction(exponent))
    return unit, tokens


def _atom(tokens: list[str], synonyms: dict[str, str], depth: int) -> tuple[Unit, list[str]]:
    match tokens:
        case ["(", *rest]:
            if depth == MAX_NESTING:
                raise ModelError(f"more than {MAX_NESTING} nested parentheses")
            unit, rest = _product(rest, synonyms, depth + 1)
            if rest[:1] != [")"]:
                raise ModelError("a parenthesis is not closed")
            return unit, rest[1:]
        case [name, *rest] if name not in "*/^)":
            name = " ".join(name.split()).casefold()
            return DMNL if name in DIMENSIONLESS else ((synonyms.get(name, name), Fraction(1)),), rest
    raise ModelError("a name is missing" + (f" before '{' '.join(tokens)[:40]}'" if tokens else " at its end"))
