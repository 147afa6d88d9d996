"""Which way a quantity moves when another one rises: signs of expressions and of their partial derivatives.

A sign is "+" (never negative), "-" (never positive), "0", or "?" (either, or not known). Rules go first, as they also
hold where a MIN or a threshold does not bind in the run that is at hand; where they leave a "?", the numbers decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from huangpu.compiler import plainarrays
from huangpu.compiler.functions import OPS
from huangpu.compiler.modes import MODES, PYTHON
from huangpu.compiler.python import NORMALS, PRELUDE
from huangpu.ir import Call, Expr, Interpolate, Name, Number, Table, Time

NUDGE = 1e-4  # of a quantity, to see which way an equation moves
NOISE = 1e-11  # of an equation's largest value: what rounding alone may move it


@dataclass(frozen=True)
class Sample:
    """Numbers to judge by.

    values  id of a scalar variable -> its values (points,) at some times of some runs
    time    (points,) the model's time at those points
    tables  id of a lookup -> the lookup
    """

    values: Mapping[str, np.ndarray]
    time: np.ndarray
    tables: Mapping[str, Table]


@dataclass(frozen=True, slots=True)
class Part:
    """An expression: its values (points,), its own sign, and the sign of its slope in each name (and lookup) in it."""

    values: np.ndarray
    sign: str
    slopes: dict[str, str]


def join(*signs: str) -> str:
    """The sign of a sum."""
    found = {s for s in signs if s != "0"}
    return found.pop() if len(found) == 1 else "?" if found else "0"


def times(a: str, b: str) -> str:
    """The sign of a product."""
    if "0" in (a, b):
        return "0"
    if "?" in (a, b):
        return "?"
    return "+" if a == b else "-"


def minus(a: str) -> str:
    return times("-", a)


def observed(values: np.ndarray) -> str:
    """The sign that all finite values share, "0" where all are 0, "?" where there are none."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "?"
    low, high = finite.min(), finite.max()
    return "0" if low == high == 0 else "+" if low >= 0 else "-" if high <= 0 else "?"


def slopes(expr: Expr, sample: Sample) -> dict[str, str]:
    """Sign of the partial derivative in each name of an expression; a lookup counts as its height."""
    with np.errstate(all="ignore"):  # a run that breaks down is none of our business here
        found = _part(expr, sample).slopes
        return {id_: _nudged(expr, id_, sample) if sign == "?" else sign for id_, sign in found.items()}


def _part(expr: Expr, sample: Sample) -> Part:
    match expr:
        case Number(value):
            values = np.full(sample.time.shape, value)
            return Part(values, observed(values), {})
        case Time():
            return Part(sample.time, observed(sample.time), {})
        case Name(id_):
            values = sample.values[id_]
            sign = observed(values)
            return Part(values, "+" if sign == "0" else sign, {id_: "+"})  # a lever that is off: 0 or more
        case Interpolate(table, x):
            return _looked_up(sample.tables[table], _part(x, sample))
        case Call(op, args) if op in OPS:
            return _called(op, [_part(arg, sample) for arg in args])
        case Call():  # of a vector: which way each of its elements moves it the numbers say
            values = compute(expr, sample)
            return Part(values, observed(values), dict.fromkeys(_names(expr), "?"))


def _called(op: str, args: list[Part]) -> Part:
    values = COMPUTE[op](*(a.values for a in args))
    sign = SIGN[op](*(a.sign for a in args)) if op in SIGN else "?"
    if sign == "?":
        seen = observed(values)
        sign = "?" if seen == "0" else seen  # a gap that happens to be closed may open either way
    weights = WEIGHTS[op](*args)
    found: dict[str, str] = {}
    for arg, weight in zip(args, weights, strict=True):
        for id_, slope in arg.slopes.items():
            found[id_] = join(found.get(id_, "0"), times(weight, slope))
    return Part(values, sign, found)


def _looked_up(table: Table, x: Part) -> Part:
    xs, ys = np.array(table.xs), np.array(table.ys)
    values = _PRELUDE[MODES.get(table.mode, "lookup")](x.values, (xs, ys, table.extrapolate))
    rises = np.diff(ys)
    slope = observed(rises) if len(ys) > 1 else "0"
    if slope == "?":  # up and down: what of it the run goes through
        finite = x.values[np.isfinite(x.values)]
        if finite.size:
            slope = observed(rises[(xs[1:] > finite.min()) & (xs[:-1] < finite.max())])
    found = {id_: times(slope, s) for id_, s in x.slopes.items()}
    found[table.id] = join(found.get(table.id, "0"), "+")
    return Part(values, observed(np.append(values, ys)), found)


def _nudged(expr: Expr, id_: str, sample: Sample) -> str:
    """The sign that the equation's change shows at every point when one quantity is moved a little."""
    if id_ not in sample.values:
        return "?"
    x = sample.values[id_]
    step = NUDGE * np.where(x == 0, max(np.abs(x[np.isfinite(x)]).max(initial=0.0), NUDGE), np.abs(x))
    moved = (Sample({**sample.values, id_: x + d}, sample.time, sample.tables) for d in (step, -step))
    up, down = (compute(expr, m) for m in moved)
    change = up - down
    scale = np.abs(up[np.isfinite(up)]).max(initial=0.0)
    change[np.abs(change) <= NOISE * scale] = 0.0
    seen = observed(change)
    return "?" if seen == "0" else seen


def compute(expr: Expr, sample: Sample) -> np.ndarray:
    """Values (points,) of an expression."""
    match expr:
        case Number(value):
            return np.full(sample.time.shape, value)
        case Time():
            return sample.time
        case Name(id_):
            return sample.values[id_]
        case Interpolate(table, x):
            found = sample.tables[table]
            read = _PRELUDE[MODES.get(found.mode, "lookup")]
            return read(compute(x, sample), (found.xs, found.ys, found.extrapolate))
        case Call("element", (index, inputs)):
            return plainarrays.element(compute(index, sample), [compute(value, sample) for value in inputs.args])
        case Call(op, (Number(k), Call("list", inputs))):
            values = getattr(plainarrays, op)([compute(value, sample) for value in inputs])
            return np.broadcast_to(values[int(k)], sample.time.shape)
        case Call(op, args):
            return COMPUTE[op](*(compute(arg, sample) for arg in args))


def _names(expr: Expr) -> set[str]:
    """Ids of the variables and lookups in an expression."""
    match expr:
        case Name(id_):
            return {id_}
        case Interpolate(table, x):
            return {table, *_names(x)}
        case Call(_, args):
            return set().union(*map(_names, args))
    return set()


_PRELUDE: dict = {}
_TEXT = "\n".join([PRELUDE, NORMALS, *PYTHON.values()])  # the readable form's own functions
exec(compile(_TEXT, "<prelude>", "exec"), _PRELUDE)
_LETTERS = ("a", "b", "c")


def _computed(op: str) -> Callable[..., np.ndarray]:
    """An operator on arrays, from its text in the table of operators."""
    letters = _LETTERS[: OPS[op].arity]
    return eval(f"lambda {', '.join(letters)}: 1.0 * ({OPS[op].text.format(*letters)})", _PRELUDE)


COMPUTE = {op: _computed(op) for op in OPS}


def _positive(*_: str) -> str:
    return "+"


def _least(a: str, b: str) -> str:
    return "-" if "-" in (a, b) else join(a, b) if "?" not in (a, b) else "?"


def _most(a: str, b: str) -> str:
    return "+" if "+" in (a, b) else join(a, b) if "?" not in (a, b) else "?"


# operator -> its sign from those of its arguments; one without a row is judged by its values
SIGN: dict[str, Callable[..., str]] = {
    "add": join,
    "sub": lambda a, b: join(a, minus(b)),
    "mul": times,
    "div": times,
    "zidz": times,
    "xidz": lambda a, b, c: join(times(a, b), c),
    "neg": minus,
    "pow": lambda a, b: "+" if a == "+" else "?",
    "if": lambda _, a, b: join(a, b),
    "min": _least,
    "max": _most,
    "trunc": lambda a: a,
    **{op: _positive for op in ("abs", "square", "sqrt", "exp", "cosh", "normal")},
    **{op: _positive for op, row in OPS.items() if row.truth},
}


def _always(*signs: str) -> Callable[..., tuple[str, ...]]:
    return lambda *_: signs


def _own(a: Part) -> tuple[str, ...]:
    return (a.sign,)


def _power(a: Part, b: Part) -> tuple[str, ...]:
    """d(a^b)/da = b a^(b-1), d/db = a^b ln a."""
    if a.sign not in ("+", "0"):
        return "?", "?"
    return b.sign, observed(np.log(np.where(a.values > 0, a.values, np.nan)))


def _branch(_: Part, a: Part, b: Part) -> tuple[str, ...]:
    """A condition that becomes true lifts the value where its first branch is the higher one."""
    return observed(a.values - b.values), "+", "+"


RISING = ("trunc", "sqrt", "exp", "ln", "tan", "arcsin", "arctan", "sinh", "tanh", "normal", "probit")
# operator -> sign of the slope in each argument
WEIGHTS: dict[str, Callable[..., tuple[str, ...]]] = {
    "add": _always("+", "+"),
    "sub": _always("+", "-"),
    "mul": lambda a, b: (b.sign, a.sign),
    "div": lambda a, b: (b.sign, minus(a.sign)),
    "zidz": lambda a, b: (b.sign, minus(a.sign)),
    "xidz": lambda a, b, c: (b.sign, minus(a.sign), "+"),
    "neg": _always("-"),
    "pow": _power,
    "lt": _always("-", "+"),
    "le": _always("-", "+"),
    "gt": _always("+", "-"),
    "ge": _always("+", "-"),
    "eq": _always("?", "?"),
    "ne": _always("?", "?"),
    "and": _always("+", "+"),
    "or": _always("+", "+"),
    "not": _always("-"),
    "if": _branch,
    "min": _always("+", "+"),
    "max": _always("+", "+"),
    "abs": _own,
    "square": _own,
    "cosh": _own,
    "mod": _always("?", "?"),
    "quantum": _always("+", "?"),
    "arccos": _always("-"),
    **{op: _always("+") for op in RISING},
    **{op: _always("?") for op in ("sin", "cos")},
}
