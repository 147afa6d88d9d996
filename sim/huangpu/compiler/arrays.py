"""Functions of whole vectors: selecting, sorting, inverting, allocating. Each written once, as in `maths.py`:
`plainarrays.py` computes them, `arrayregisters.py` prints them as LLVM loops, so both give the same bits.

In an expression such a function is `Call(name, (Number(k), Call("list", inputs)))`: number k of its outputs. Printers
compute all outputs once for all expressions of one block of text. `Call("element", (index, Call("list", values)))`
reads a vector at a place that is computed: nan outside of it.

A formula takes `x`, its inputs; `out`, where its outputs go (what comes after them is room to work in); n, the number
of elements; and `on`, the machine:

    on.each(start, stop)   numbers from start to below stop; the body is one loop of the kernel
    on.when(truth)         the body once, if the condition holds of any member: what it stores must be by `on.where`
    on.cell(value)         a place to add up in: `cell.now`
    on.number(k)           a whole number as a value
    on.where, on.abs, on.exp, on.pow, on.normal
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from huangpu.ir import Call, Expr, Interpolate

STEPS = 64  # bisections: the bracket shrinks to its own rounding error
WIDTHS = 40.0  # from its middle on either side a priority curve is flat to the last bit


def select(x, out, n, on):
    """action, n selections, n values -> what action makes of the values whose selection is not 0, and their number.

    Actions of Vensim's VECTOR SELECT: 0 sum, 1 product, 2 least, 3 most, 4 mean of selection * value; 5 product of
    value ^ selection (as Vensim computes it, not as its manual says); 6 to 10 are 0 to 4 of the values alone.
    """
    action, power, count = x[0], on.cell(1.0), on.cell(0.0)
    total, product, least, most = on.cell(0.0), on.cell(1.0), on.cell(math.inf), on.cell(-math.inf)
    for k in on.each(0, n):
        chosen = x[1 + k] != 0.0
        value = on.where(action < 5.0, x[1 + k] * x[1 + n + k], x[1 + n + k])
        count.now = count.now + on.where(chosen, 1.0, 0.0)
        total.now = on.where(chosen, total.now + value, total.now)
        product.now = on.where(chosen, product.now * value, product.now)
        least.now = on.where(chosen, _least(least.now, value, on), least.now)
        most.now = on.where(chosen, _most(most.now, value, on), most.now)
    for _ in on.when(action == 5.0):
        for k in on.each(0, n):
            chosen = x[1 + k] != 0.0
            power.now = on.where(chosen, power.now * on.pow(x[1 + n + k], x[1 + k]), power.now)
    kind = on.where(action < 5.0, action, action - 6.0)
    result = on.where(action == 5.0, power.now, math.nan)
    for number, cell in enumerate((total, product, least, most)):
        result = on.where(kind == float(number), cell.now, result)
    out[0] = on.where(kind == 4.0, total.now / count.now, result)
    out[1] = count.now


def sort(x, out, n, on):
    """direction, n values -> order, ranks.

    order: number (from 0) of the value that comes first, second, ...; ranks: place (from 1) of each value. Rising where
    the direction is above 0, else falling; of equal values the first comes first, when falling the last.
    """
    up, last = x[0] > 0.0, on.number(n) - 1.0
    for k in on.each(0, n):
        value, before = x[1 + k], on.cell(0.0)
        for j in on.each(0, k):
            before.now = before.now + on.where(x[1 + j] > value, 0.0, 1.0)
        for j in on.each(k + 1, n):
            before.now = before.now + on.where(x[1 + j] < value, 1.0, 0.0)
        out[n + k] = on.where(up, before.now, last - before.now)
        out[k] = on.number(0)
    for k in on.each(0, n):
        for j in on.each(0, n):
            out[j] = on.where(out[n + k] == on.number(j), on.number(k), out[j])
        out[n + k] = out[n + k] + 1.0


def inverse(x, out, n, on):
    """An n x n matrix, row by row -> its inverse, by Gauss and Jordan with the largest pivot of each column."""
    work = n * n  # the matrix, which becomes the unit matrix while the unit matrix becomes the inverse
    for i in on.each(0, n):
        for j in on.each(0, n):
            out[n * i + j] = on.number(0)
            out[work + n * i + j] = x[n * i + j]
        out[n * i + i] = on.number(1)
    for c in on.each(0, n):
        for r in on.each(c + 1, n):
            larger = on.abs(out[work + n * r + c]) > on.abs(out[work + n * c + c])
            for j in on.each(0, n):
                _swap(out, n * r + j, n * c + j, larger, on)
                _swap(out, work + n * r + j, work + n * c + j, larger, on)
        pivot = out[work + n * c + c]
        for j in on.each(0, n):
            out[n * c + j] = out[n * c + j] / pivot
            out[work + n * c + j] = out[work + n * c + j] / pivot
        for others in (on.each(0, c), on.each(c + 1, n)):
            for r in others:
                factor = out[work + n * r + c]
                for j in on.each(0, n):
                    out[n * r + j] = out[n * r + j] - factor * out[n * c + j]
                    out[work + n * r + j] = out[work + n * r + j] - factor * out[work + n * c + j]


def _swap(out, a, b, truth, on):
    first, second = out[a], out[b]
    out[a] = on.where(truth, second, first)
    out[b] = on.where(truth, first, second)


def by_priority(x, out, n, on):
    """supply, width, n requests, n priorities -> what each is given (Vensim's ALLOCATE BY PRIORITY).

    Each request is met in full where its priority is `width` above a threshold, in part where it is less above; the
    threshold is where the supply is used up. nan where supply or a request is negative, or the width not above 0.
    """
    width, priority = x[1], 2 + n

    def share(k, threshold):
        return _within((x[priority + k] - threshold) / width, on)

    low, high = on.cell(math.inf), on.cell(-math.inf)
    for k in on.each(0, n):
        low.now = _least(low.now, x[priority + k] - width, on)
        high.now = _most(high.now, x[priority + k], on)
    _allocate(x, out, n, (2, low.now, high.now, share, width > 0.0), on)


def available(x, out, n, on):
    """supply, n requests, and n each of curve, middle, width -> what each is given (Vensim's ALLOCATE AVAILABLE).

    Each request is a curve that falls from all of it to nothing as the price rises; the price is where the supply is
    used up. Curves: 1 rectangular, 2 triangular, 3 normal, 4 exponential (named after their slope); else nan. So is it
    where supply or a request is negative, or a width not above 0.
    """
    kind, middle, width = 1 + n, 1 + 2 * n, 1 + 3 * n

    def share(k, price):
        return _curve(x[kind + k], (price - x[middle + k]) / x[width + k], on)

    low, high, narrow = on.cell(math.inf), on.cell(-math.inf), on.cell(math.inf)
    for k in on.each(0, n):
        reach = WIDTHS * x[width + k]
        low.now = _least(low.now, x[middle + k] - reach, on)
        high.now = _most(high.now, x[middle + k] + reach, on)
        narrow.now = _least(narrow.now, x[width + k], on)
    _allocate(x, out, n, (1, low.now, high.now, share, narrow.now > 0.0), on)


def _allocate(x, out, n, curves, on):
    """Where the shares of all requests together use up the supply, by bisection.

    curves: the first request, a bracket, the share of request k at a price, and whether the curves make sense.
    """
    request, start, end, share, sound = curves
    supply, total, least = x[0], on.cell(0.0), on.cell(math.inf)
    for k in on.each(0, n):
        total.now = total.now + x[request + k]
        least.now = _least(least.now, x[request + k], on)
    low, high, used = on.cell(start), on.cell(end), on.cell(0.0)
    for _ in on.each(0, STEPS):
        middle = 0.5 * (low.now + high.now)
        used.now = 0.0
        for k in on.each(0, n):
            used.now = used.now + x[request + k] * share(k, middle)
        more = used.now > supply
        low.now = on.where(more, middle, low.now)
        high.now = on.where(more, high.now, middle)
    enough, price = (supply > total.now) | (supply == total.now), high.now
    wrong = (supply < 0.0) | (least.now < 0.0)
    for k in on.each(0, n):
        part = on.where(enough, x[request + k], x[request + k] * share(k, price))
        part = on.where(supply == 0.0, 0.0, part)
        out[k] = on.where(wrong, math.nan, on.where(sound, part, math.nan))


def _least(a, b, on):
    return on.where(b < a, b, a)


def _most(a, b, on):
    return on.where(b > a, b, a)


def _within(x, on):
    """x, but no lower than 0 and no higher than 1."""
    return on.where(x < 0.0, 0.0, on.where(x > 1.0, 1.0, x))


def _curve(kind, z, on):
    """The share of a request at z widths above the middle of its curve."""
    below, above = z + 0.5, 0.5 - z
    triangular = on.where(z < 0.0, 1.0 - 2.0 * (below * below), 2.0 * (above * above))
    triangular = on.where(z < -0.5, 1.0, on.where(z > 0.5, 0.0, triangular))
    found = on.cell(on.where(kind == 1.0, _within(above, on), on.where(kind == 2.0, triangular, math.nan)))
    for _ in on.when(kind == 3.0):
        found.now = on.where(kind == 3.0, on.normal(0.0 - z), found.now)
    for _ in on.when(kind == 4.0):
        tail = 0.5 * on.exp(0.0 - on.abs(z))
        found.now = on.where(kind == 4.0, on.where(z < 0.0, 1.0 - tail, tail), found.now)
    return found.now


@dataclass(frozen=True, slots=True)
class Array:
    """A row: the number of elements from that of inputs; from that of elements the number of outputs with room to work.

    uses: functions that the formula asks for and that kernels do not always have.
    """

    elements: Callable[[int], int]
    room: Callable[[int], int]
    formula: Callable
    uses: frozenset[str] = frozenset()


ARRAYS: dict[str, Array] = {
    "select": Array(lambda inputs: (inputs - 1) // 2, lambda n: 2, select),
    "sort": Array(lambda inputs: inputs - 1, lambda n: 2 * n, sort),
    "inverse": Array(math.isqrt, lambda n: 2 * n * n, inverse),
    "by_priority": Array(lambda inputs: (inputs - 2) // 2, lambda n: n, by_priority),
    "available": Array(lambda inputs: (inputs - 1) // 4, lambda n: n, available, frozenset({"normal"})),
}


def array_calls(expr: Expr) -> Iterator[Call]:
    """The calls of array functions and of `element` in an expression, those inside others first."""
    match expr:
        case Interpolate(_, x):
            yield from array_calls(x)
        case Call(op, args):
            for arg in args:
                yield from array_calls(arg)
            if op in ARRAYS or op == "element":
                yield expr
