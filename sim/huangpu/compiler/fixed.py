"""What an expression of the file is known to be before any run: a number, or at least something that never changes.

Needed for what decides the shape of the program: time steps, the order of a delay.
"""

from __future__ import annotations

import math
import operator

from huangpu.compiler.syntax import Apply, Element, Node, Points, Ref, Series, Values
from huangpu.ir import Number

FIXED = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "negative": operator.neg,
    "integer": math.trunc,
}


def fixed(node: Node, elements: dict[str, Element], seen: tuple[str, ...] = ()) -> float | None:
    """The value of an expression of numbers and constants alone; None of any other."""
    match node:
        case Number(value):
            return value
        case Ref(key, ()) if key in elements and key not in seen:
            definitions = elements[key].definitions
            if len(definitions) == 1 and definitions[0].kind == "equation" and not definitions[0].subscripts:
                return fixed(definitions[0].node, elements, (*seen, key))
        case Apply(function, args) if function in FIXED:
            values = [fixed(a, elements, seen) for a in args]
            if None not in values and not (function == "/" and values[1] == 0):
                return float(FIXED[function](*values))
    return None


def settled_by(node: Node, elements: dict[str, Element]) -> set[str]:
    """The constants that a fixed expression's value comes from."""
    match node:
        case Ref(key) if key in elements:
            inner = elements[key].definitions[0].node
            return settled_by(inner, elements) or {key}
        case Apply(_, args):
            return set().union(*(settled_by(arg, elements) for arg in args))
    return set()


def loosest(node: Node, elements: dict[str, Element]) -> str | None:
    """The first variable in an expression that keeps it from being fixed."""
    match node:
        case Ref(key) if fixed(node, elements) is None:
            return key
        case Apply(_, args):
            return next((found for arg in args if (found := loosest(arg, elements))), None)
    return None


MOVING = {"time", "step", "ramp", "pulse", "pulse_train", "get_time_value", "active_initial"}


def steady(node: Node, elements: dict[str, Element], seen: tuple[str, ...] = ()) -> bool:
    """Whether a value stays what it is at the start: no stock and no time in it, as far as the file says."""
    match node:
        case Number() | Points() | Series() | Values() | Apply("INITIAL", _):
            return True
        case Ref(key, _) if key in elements and any(d.kind == "data" for d in elements[key].definitions):
            return False
        case Ref(key, _) | Apply(key, _) if key in elements:
            args = node.args if isinstance(node, Apply) else ()
            inner = (d.node for d in elements[key].definitions) if key not in seen else ()
            return all(steady(n, elements, (*seen, key)) for n in (*args, *inner))
        case Ref(key, _):
            return key not in MOVING
        case Apply(function, args):
            plain = function in ("GAME", "WITH LOOKUP") or not (function.isupper() or function in MOVING)
            return plain and all(steady(arg, elements, seen) for arg in args)
    return False
