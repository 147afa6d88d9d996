"""Parts of equations that are the same at every step -> computed once: numbers now, parameters once a member.

A whole variable that depends on parameters alone is not computed in the steps at all (`order.py`); here are such parts
of variables that are, like LN(2) / half life. The value is the same to the bit, and only the kernel knows.

Only parts with a function in them are worth a row of their own: 4 % on World3, where two logarithms are saved. Parts
with a quotient alone, of which the shipped model has 32, were measured as well: what they save the reading of their
rows costs. What depends on time alone is not set apart: in neither model is there such a variable, as every test of
time there compares it with a constant that a member may change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from huangpu.compiler.folding import folded
from huangpu.compiler.order import parts
from huangpu.ir import Call, Expr, Interpolate, Name, Number, Ordered, Variable

CHEAP = {"add", "sub", "mul", "div", "neg", "square", "min", "max", "abs", "trunc", "if", "and", "or", "not"}
CHEAP |= {"lt", "le", "gt", "ge", "eq", "ne", "xidz", "zidz", "quantum"}


def staged(ordered: Ordered) -> tuple[Ordered, dict[str, Expr]]:
    """The model with such parts as names of their own, and what these are to be computed from, once, at the start.

    The names are those of auxiliaries behind all others; no other's row or initial value changes.
    """
    steady = _steady(ordered)
    apart: dict[Expr, str] = {}

    def part(expr: Expr) -> Expr:
        expr = folded(expr)
        if expr not in apart:
            apart[expr] = f"(part {len(apart)})"
        return Name(apart[expr])

    variables = tuple(
        replace(v, equation=_replaced(v.equation, steady, part)) if v.equation is not None and v.id not in steady else v
        for v in ordered.model.variables
    )
    found = {id_: expr for expr, id_ in apart.items()}
    model = replace(ordered.model, variables=(*variables, *(Variable(id_, id_, "part", None) for id_ in found)))
    return replace(ordered, model=model), found


def _steady(ordered: Ordered) -> set[str]:
    """What keeps its value from the start: constants that nothing drives, auxiliaries that the steps leave alone."""
    moving = {*ordered.driven, *ordered.step}
    kinds = ("constant", "auxiliary", "frozen")
    return {v.id for v in ordered.model.variables if v.kind in kinds and v.id not in moving}


def _replaced(expr: Expr, steady: set[str], part: Callable[[Expr], Expr]) -> Expr:
    match expr:
        case Call(op, args):
            names = [node for node in parts(expr) if not isinstance(node, Call | Number)]
            same = all(isinstance(n, Name) and n.id in steady for n in names)
            if same and _dear(expr) and op != "list":  # a list is no number
                return part(expr) if names else folded(expr)
            return Call(op, tuple(_replaced(arg, steady, part) for arg in args))
        case Interpolate(table, x):
            return Interpolate(table, _replaced(x, steady, part))
    return expr


def _dear(expr: Expr) -> bool:
    return any(isinstance(node, Call) and node.op not in CHEAP for node in parts(expr))
