"""Formulas over variables of the model, such as `emerging_output / output @ 2027`, read into a small tree.

Python's own parser reads the text, and only what stands in the tables below goes on: nothing is ever executed. `@ 2027`
says when what stands before it is read; at the very end it counts for all that has no year of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from huangpu.sweep.form import LONGEST

DEEPEST = 40  # of what stands inside one another
Array = np.ndarray


class ExpressionError(Exception):
    """A formula cannot be read; `str(error)` says what is wrong with it."""


class _Unknown(Exception):
    """Holds a node that is none of ours."""


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Point:
    """An element of the model at a time, in years."""

    id: str
    time: float


@dataclass(frozen=True)
class Apply:
    """op: of FUNCTIONS or SIGNS."""

    op: str
    args: tuple[Tree, ...]


Tree = Number | Point | Apply


def _truth(compare: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """1 where it holds, 0 where it does not, nan where there is nothing to compare."""
    return lambda a, b: np.where(np.isnan(a) | np.isnan(b), np.nan, compare(a, b))


# name -> (least and most arguments, function)
FUNCTIONS: Mapping[str, tuple[int, int, Callable[..., Array]]] = {
    "min": (2, 20, lambda *args: np.minimum.reduce(np.broadcast_arrays(*args))),
    "max": (2, 20, lambda *args: np.maximum.reduce(np.broadcast_arrays(*args))),
    "exp": (1, 1, np.exp),
    "ln": (1, 1, np.log),
    "sqrt": (1, 1, np.sqrt),
    "abs": (1, 1, np.abs),
}
SIGNS: Mapping[type, tuple[str, Callable[..., Array]]] = {
    ast.Add: ("+", np.add),
    ast.Sub: ("-", np.subtract),
    ast.Mult: ("*", np.multiply),
    ast.Div: ("/", np.divide),
    ast.Pow: ("**", np.power),
    ast.USub: ("neg", np.negative),
    ast.UAdd: ("pos", np.positive),
    ast.Lt: ("<", _truth(np.less)),
    ast.LtE: ("<=", _truth(np.less_equal)),
    ast.Gt: (">", _truth(np.greater)),
    ast.GtE: (">=", _truth(np.greater_equal)),
    ast.Eq: ("==", _truth(np.equal)),
    ast.NotEq: ("!=", _truth(np.not_equal)),
}
_COMPUTE = {op: function for op, function in SIGNS.values()} | {op: f for op, (_, _, f) in FUNCTIONS.items()}
_KNOWN = "expected numbers, variables, + - * / **, comparisons, @ YEAR and " + ", ".join(FUNCTIONS)


def parse(text: str) -> Tree:
    """The tree of a formula. Raises ExpressionError; which variables and years there are is not looked at."""
    if len(text) > LONGEST:
        raise ExpressionError(f"is {len(text):,} characters long, expected at most {LONGEST:,}")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        what = getattr(error, "msg", None) or "it nests too deeply"
        raise ExpressionError(f"cannot be read as a formula: {what}; {_KNOWN}") from None
    try:
        return _tree(body, _last_year(body), 0)
    except _Unknown as error:
        part = ast.get_source_segment(text.strip(), error.args[0]) or ""
        shown = part if len(part) <= 40 else part[:37] + "..."
        raise ExpressionError(f"'{shown}' is not understood; {_KNOWN}") from None


def points(tree: Tree) -> Iterator[Point]:
    """Each place of the tree where the model is read."""
    match tree:
        case Point():
            yield tree
        case Apply(_, args):
            for arg in args:
                yield from points(arg)


def compute(tree: Tree, values: Mapping[Point, Array]) -> Array:
    """The formula's value, of the shape of the values; not finite where it has none."""
    match tree:
        case Number(value):
            return np.float64(value)
        case Point():
            return values[tree]
        case Apply(op, args):
            with np.errstate(all="ignore"):
                return _COMPUTE[op](*(compute(arg, values) for arg in args))


def _last_year(node: ast.expr) -> float | None:
    """The year at the very end of a formula, if there is one."""
    while True:
        match node:
            case ast.BinOp(_, ast.MatMult(), right):
                return _year(right)
            case ast.BinOp(_, _, right) | ast.Compare(_, _, [*_, right]):
                node = right
            case _:
                return None


def _year(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return float(node.value)
    raise ExpressionError("after @ expected a year, as in `output @ 2027`")


def _tree(node: ast.expr, year: float | None, depth: int) -> Tree:
    if depth > DEEPEST:
        raise ExpressionError(f"nests more than {DEEPEST} deep; make two formulas of it")

    def inner(*nodes: ast.expr, at: float | None = year) -> tuple[Tree, ...]:
        return tuple(_tree(n, at, depth + 1) for n in nodes)

    match node:
        case ast.Constant(value) if type(value) in (int, float) and abs(value) < 1e300:
            return Number(float(value))
        case ast.Name() | ast.Subscript():
            if year is None:
                raise ExpressionError(f"'{_id(node)}' has no year; end the formula with one, as in `... @ 2027`")
            return Point(_id(node), year)
        case ast.BinOp(left, ast.MatMult(), right):
            return _tree(left, _year(right), depth + 1)
        case ast.BinOp(left, op, right) if type(op) in SIGNS:
            return Apply(SIGNS[type(op)][0], inner(left, right))
        case ast.UnaryOp(op, operand) if type(op) in SIGNS:
            return Apply(SIGNS[type(op)][0], inner(operand))
        case ast.Compare(left, [op], [right]) if type(op) in SIGNS:
            return Apply(SIGNS[type(op)][0], inner(left, right))
        case ast.Call(ast.Name(name), args, []) if name in FUNCTIONS:
            least, most, _ = FUNCTIONS[name]
            if not least <= len(args) <= most:
                wanted = f"{least}" if least == most else f"{least} to {most}"
                raise ExpressionError(f"{name} takes {wanted} arguments, found {len(args)}")
            return Apply(name, inner(*args))
    raise _Unknown(node)


def _id(node: ast.expr) -> str:
    """`output` or `output[electronics]`, as the model's elements are called."""
    match node:
        case ast.Name(name):
            return name
        case ast.Subscript(ast.Name(name), ast.Name(element)):
            return f"{name}[{element}]"
        case ast.Subscript(ast.Name(name), ast.Tuple(elements)) if all(isinstance(e, ast.Name) for e in elements):
            return f"{name}[{','.join(e.id for e in elements)}]"
    raise ExpressionError("an element is written as in `output[electronics]`")
