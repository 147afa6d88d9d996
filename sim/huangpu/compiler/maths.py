"""exp, ln, power, sin, cos and tan, each written once: `plain.py` computes them, `registers.py` prints them as LLVM.

The C library would be called once a lane, and answers in other bits on other machines. These formulas have no branch,
no table, and nothing beyond IEEE double's own + - * / (no fused multiply-add), so every machine and every width of
vector gives the same bits. Errors, measured against 64-bit significands, in units of the last place: exp, ln, sin and
cos below 0.9, power below 1.7 (0.8 unless the exponent is in the hundreds), tan below 2.5. Odd arguments (zeros,
infinities, nan, subnormals) give what C99 prescribes.

A formula takes `on`, the machine: `plain.Numpy` or `registers.Machine`. Numbers know + - * / and comparisons, bit
patterns (64 bits, unsigned) + - & ^ << >>, truth values & |; the rest is asked from `on`:

    where(truth, a, b)   bits(number)   double(bits)   abs(number)   trunc(number)
    library(name, truth, x, usual)      `usual`, but the C library's answer where `truth` holds

Numbers of one value in two parts are written head, tail: their sum is meant, the tail being below the head's last bit.

Sources: splitting after Dekker (1971); reduction after Cody and Waite (1980); the plan of `power` and the parts of pi/2
after FDLIBM (Sun Microsystems, 1993). Polynomials are minimax (Remez), their errors stand beside them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

LN2, LN2_HEAD, LN2_TAIL = 0.6931471805599453, 0.6931471675634384, 1.2996506893889889e-08  # the head has 26 bits
LN2_LONG, LN2_SHORT = 0.6931471805598903, 5.497923018708371e-14  # the first has 42 bits: 11 more are exact
C, C_HEAD, C_TAIL = 0.9617966939259756, 0.9617966860532761, 7.872699542894897e-09  # 2 / (3 ln 2)
ROUND = 1.5 * 2.0**52  # added and taken away again: the nearest whole number, which is in the sum's last bits
ROUND_BITS = 0x4338000000000000
SIGN, UPPER, ONE, ROOT_HALF = 1 << 63, (1 << 64) - (1 << 27), 0x3FF0000000000000, 0x3FE6A09E667F3BCD

# (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2; r^2 times it is right to 2^-58
EXP = (
    *(0.5000000000000013, 0.166666666666667, 0.04166666666651436, 0.008333333333306986, 0.0013888888947321033),
    *(0.00019841269917883573, 2.48014896011574e-05, 2.755721583232035e-06, 2.763141004918637e-07),
    2.5118015306906952e-08,
)
# (3 artanh(s) / s - 3 - s^2) / s^4 in s^2 for |s| <= 0.1716; s^4 times it is right to 3 * 2^-66
ARTANH = (
    *(0.6000000000000341, 0.4285714285513784, 0.33333333782029856, 0.27272676355698416, 0.2308014529005255),
    *(0.1988500344739808, 0.19796623341568248),
)
# (sin(r) / r - 1) / r^2 and (cos(r) - 1 + r^2 / 2) / r^4 in r^2 for |r| <= pi/4; to 2^-58 of sin, 2^-64
SIN = (
    *(-0.16666666666666632, 0.00833333333332237, -0.00019841269829770587, 2.7557313678496326e-06),
    *(-2.5050755938228708e-08, 1.589666530349776e-10),
)
COS = (
    *(0.0416666666666666, -0.0013888888888874064, 2.48015872894434e-05, -2.7557314340640275e-07),
    *(2.0875721621523857e-09, -1.135955923211303e-11),
)
QUARTER = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32)  # pi/2, 33 bits each
FAR = 1e6  # beyond it the parts of pi/2 times a whole number are not exact


def polynomial(x, coefficients):
    """c0 + c1 x + c2 x^2 + ... as two chains, of even and of odd powers, so that they can be computed side by side."""
    square = x * x
    even, odd = coefficients[0::2], coefficients[1::2]
    return _horner(square, even) + x * _horner(square, odd)


def _horner(x, coefficients):
    total = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


def _upper(x, on):
    """x cut to 26 significant bits: the product of two such numbers is exact."""
    return on.double(on.bits(x) & UPPER)


def _within(x, low, high, on):
    """x, but no lower than `low`, no higher than `high`; nan stays."""
    x = on.where(x > high, high, x)
    return on.where(x < low, low, x)


def _exp(head, tail, whole, on):
    """exp(head + tail) * 2^n for |head| <= ln(2) / 2; `whole` is n + ROUND, with -1080 <= n <= 1030."""
    r = head + tail
    rest = tail - (r - head)
    high = 1.0 + r
    result = high + (((1.0 - high) + r) + (rest + r * r * polynomial(r, EXP)))
    scale = on.bits(whole) - (ROUND_BITS - 2046)  # n + 2 * 1023, shared out so that only the last product rounds
    half = scale >> 1
    return result * on.double(half << 52) * on.double((scale - half) << 52)


def _log2(x, on):
    """(head, tail) of log2(x) for 0 < x < inf, right to 2^-64; the head has 26 bits."""
    small = x < 2.0**-1022
    bits = on.bits(on.where(small, x * 2.0**54, x))
    exponent = (bits + (ONE - ROOT_HALF)) >> 52  # plus 1023, so that sqrt(1/2) <= m < sqrt(2)
    m = on.double(bits + ONE - (exponent << 52))
    n = on.double(exponent + ROUND_BITS) - on.where(small, ROUND + 1023 + 54, ROUND + 1023)
    # s = (m - 1) / (m + 1) = s_head + s_tail
    f, d = m - 1.0, m + 1.0
    v = 1.0 / d
    s = f * v
    s_head, d_head = _upper(s, on), _upper(d, on)
    s_tail = v * ((f - s_head * d_head) - s_head * (m - (d_head - 1.0)))
    # log2(m) = C s (3 + s^2 + 3/5 s^4 + ...) = C s t
    square = s * s
    more = square * square * polynomial(square, ARTANH) + s_tail * (s_head + s)
    square = s_head * s_head
    t_head = _upper(3.0 + square + more, on)
    t_tail = more - ((t_head - 3.0) - square)
    u, v = s_head * t_head, s_tail * t_head + t_tail * s
    head = _upper(u + v, on)
    tail = C_TAIL * head + (v - (head - u)) * C
    exact = C_HEAD * head
    head = _upper(exact + tail + n, on)
    return head, tail - ((head - n) - exact)


def exp(x, on):
    x = _within(x, -746.0, 710.0, on)
    whole = x * (1.0 / LN2) + ROUND
    n = whole - ROUND
    return _exp(x - n * LN2_LONG, -(n * LN2_SHORT), whole, on)


def ln(x, on):
    head, tail = _log2(x, on)
    result = head * LN2_HEAD + (head * LN2_TAIL + tail * LN2)
    result = on.where(x < math.inf, result, x)  # inf and nan
    return on.where(x > 0.0, result, on.where(x == 0.0, -math.inf, on.where(x < 0.0, math.nan, x)))


def power(x, y, on):
    size = on.abs(x)
    head, tail = _log2(size, on)
    head = on.where(size < math.inf, head, size)  # inf and nan
    head = on.where(size == 0.0, -math.inf, head)
    # log2 of the result; no y is so large that a wider range would matter
    y_near = _within(y, -(2.0**65), 2.0**65, on)
    y_head = _upper(y_near, on)
    low = (y_near - y_head) * head + y_near * tail
    high = y_head * head
    total = y_near * head
    out = on.abs(total) > 1080.0
    high = on.where(out, _within(total, -1080.0, 1030.0, on), high)
    low = on.where(out, 0.0, low)
    # 2^(high + low)
    whole = (high + low) + ROUND
    near = high - (whole - ROUND)
    f_head = _upper(near + low, on)
    f_tail = low - (f_head - near)
    result = _exp(f_head * LN2_HEAD, f_head * LN2_TAIL + f_tail * LN2, whole, on)
    # signs, and what holds for any x or any y
    half = 0.5 * y
    even = on.trunc(half) == half
    broken = on.trunc(y) != y
    odd = on.where(even, 0.0, on.where(broken, 0.0, -0.0))
    result = on.double(on.bits(result) ^ (on.bits(odd) & on.bits(x)))
    result = on.where((x < 0.0) & (x > -math.inf) & broken, math.nan, result)
    return on.where((y == 0.0) | (x == 1.0), 1.0, result)


def _turn(x, on):
    """Quarter turns and what is left of x: (bits whose last two are the quarter, sin and cos of the rest)."""
    whole = x * (2.0 / math.pi) + ROUND
    n = whole - ROUND
    high = x - n * QUARTER[0]
    low = 0.0
    for part in QUARTER[1:3]:  # each sum's own rounding error goes to `low`: Knuth's two-sum
        move = n * part
        total = high - move
        back = total - high
        low = low + ((high - (total - back)) - (move + back))
        high = total
    low = low - n * QUARTER[3]
    r = high + low
    rest = low - (r - high)
    z = r * r
    half = 0.5 * z
    sine = r + (z * r * polynomial(z, SIN) + rest * (1.0 - half))
    big = 1.0 - half
    cosine = big + (((1.0 - big) - half) + (z * z * polynomial(z, COS) - r * rest))
    return on.bits(whole), sine, cosine


def _wave(turn, one, other, on):
    """`one` or, after an odd number of quarters, `other`; with the other sign after two or three."""
    odd = (turn << 63) != 0
    return on.double(on.bits(on.where(odd, other, one)) ^ ((turn >> 1) << 63))


def _sin(x, parts, on):
    turn, sine, cosine = parts
    return on.where(on.abs(x) < 2.0**-27, x, _wave(turn, sine, cosine, on))  # keeps -0


def sin(x, on):
    return on.library("sin", on.abs(x) > FAR, x, _sin(x, _turn(x, on), on))


def cos(x, on):
    turn, sine, cosine = _turn(x, on)
    return on.library("cos", on.abs(x) > FAR, x, _wave(turn + 1, sine, cosine, on))


def tan(x, on):
    turn, sine, cosine = parts = _turn(x, on)
    return on.library("tan", on.abs(x) > FAR, x, _sin(x, parts, on) / _wave(turn + 1, sine, cosine, on))


FORMULAS: dict[str, Callable] = {"exp": exp, "ln": ln, "pow": power, "sin": sin, "cos": cos, "tan": tan}
