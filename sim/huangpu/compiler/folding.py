"""Expressions of numbers alone -> the number, by the readable form's own functions: the same bits as computed later."""

from __future__ import annotations

import functools

import numpy as np

from huangpu.compiler.functions import OPS
from huangpu.compiler.python import NORMALS, PRELUDE
from huangpu.ir import Call, Expr, Number


def folded(expr: Expr) -> Expr:
    """The expression with each operator whose arguments are all numbers replaced by its value."""
    match expr:
        case Call(op, args):
            values = tuple(map(folded, args))
            if op in OPS and all(isinstance(v, Number) for v in values):
                with np.errstate(all="ignore"):
                    return Number(float(_function(op)(*(np.float64(v.value) for v in values))))
            return Call(op, values)
    return expr


@functools.cache
def _function(op: str):
    """A row of `OPS` as a function of numpy's numbers; conditions hold where they are not 0."""
    names = [f"a{i}" for i in range(OPS[op].arity)]
    conditions = len(names) if OPS[op].takes == "truth" else 1 if op == "if" else 0
    given = [f"({n} != 0)" if i < conditions else n for i, n in enumerate(names)]
    return eval(f"lambda {', '.join(names)}: 1.0 * ({OPS[op].text.format(*given)})", _names())


@functools.cache
def _names() -> dict:
    space: dict = {}
    exec(PRELUDE + NORMALS, space)
    return space
