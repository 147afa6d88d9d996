"""PySD's parser, made safe to point at a file from anybody.

PySD 3.14 passes parts of a model file to `eval` while parsing: numbers, strings, and the range field of a lookup,
where any Python expression gets through its grammar. Here the name `eval` of its two modules that do so is bound to
`literal`, which knows numbers with signs, sums of them, strings and brackets. `vensim()` gives the modules out only
after it has seen the guard refuse a harmless expression in each place where PySD evaluates.
"""

from __future__ import annotations

import ast
import functools
import operator
import re
import warnings
from types import ModuleType, SimpleNamespace

from huangpu.ir import ModelError

CANARIES = (  # text with an expression where only a literal belongs, and the grammar that lets it through
    ("lookups", "([(0,0)-(abs(-1),1)],(0,0),(1,1))"),
    ("components", "WITH LOOKUP(1,([(0,0)-(abs(-1),1)],(0,0),(1,1)))"),
)
MAX_DIGITS = 400  # of one number; the largest and the smallest there are need some 310
DIGITS = re.compile(r"[\d.]+")
NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
TERM = re.compile(rf"[+-]? *{NUMBER}")
STRING = re.compile(r"\s*'([^']*)'\s*")  # as it stands: a backslash is part of a path, no escape
SUM = re.compile(rf" *(?:[+-] *)?{NUMBER}(?: *[+-] *{NUMBER})+ *")
CHAIN = re.compile(r"[\d.)\]]\s*[-+]\s*[\d.(\[]|[-+]\s*[-+]\s*[-+]")  # what no literal but a sum has


class Unsafe(Exception):
    """A place for a literal holds something else."""


def literal(text: str) -> object:
    """The value of a literal: numbers with signs, sums of them, strings, tuples and lists. Else `Unsafe`.

    Sums, because PySD's grammar takes `10 - 4 - 3` for an array of three numbers without commas. They are added up
    here: left to `ast.parse`, a long one nests as deep as it is long.
    """
    if found := STRING.fullmatch(text):
        return found[1]
    if has_long_number(text):
        raise Unsafe(f"a number of more than {MAX_DIGITS} digits")
    if SUM.fullmatch(text):
        terms = [float(term.replace(" ", "")) for term in TERM.findall(text)]
        return functools.reduce(operator.add, terms)
    if CHAIN.search(text) and "'" not in text:
        raise Unsafe("something other than numbers")
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unsafe("something other than numbers") from None


def has_long_number(text: str) -> bool:
    """Whether digits follow one another beyond `MAX_DIGITS`. Asked first: other patterns try every part of a number."""
    return any(len(digits) > MAX_DIGITS for digits in DIGITS.findall(text))


def _value(node: ast.expr) -> object:
    match node:
        case ast.Constant(value=value) if type(value) in (int, float, str):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _number(operand)
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.List(elts=items):
            return [_value(item) for item in items]
    raise Unsafe("something other than numbers")


def _number(node: ast.expr) -> int | float:
    value = _value(node)
    if not isinstance(value, int | float):
        raise Unsafe("a sign before something that is not a number")
    return value


def _in_force(element: ModuleType, grammars: type, operators: dict) -> bool:
    """Whether every canary is refused by `literal` while PySD parses it."""
    visitors = {"lookups": element.LookupsVisitor, "components": element.EquationVisitor}
    for grammar, text in CANARIES:
        tree = grammars.get(grammar, operators if grammar == "components" else {}).parse(text)
        try:
            visitors[grammar](tree)
        except Exception as error:  # parsimonious wraps what a visitor raises
            if isinstance(error, Unsafe) or isinstance(error.__cause__, Unsafe):
                continue
        return False
    return True


@functools.cache
def vensim() -> SimpleNamespace:
    """PySD's Vensim parser with the guard in force; `ModelError` if it cannot be.

    Attributes: file, section, element (PySD's modules), Grammar, operators, expressions (its syntax nodes).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PySD's imports warn of the libraries below it
        from pysd.translators.structures import abstract_expressions, abstract_model
        from pysd.translators.vensim import vensim_element, vensim_file, vensim_section
        from pysd.translators.vensim.vensim_structures import parsing_ops
        from pysd.translators.vensim.vensim_utils import Grammar
        from pysd.translators.xmile import xmile_element

    vensim_element.eval = literal
    xmile_element.eval = literal
    if not _in_force(vensim_element, Grammar, parsing_ops):
        raise ModelError("The guard on PySD's parser is not in force, so no model is read. Install pysd 3.14.3.")
    return SimpleNamespace(
        file=vensim_file,
        section=vensim_section,
        element=vensim_element,
        Grammar=Grammar,
        operators=parsing_ops,
        expressions=abstract_expressions,
        model=abstract_model,
    )
