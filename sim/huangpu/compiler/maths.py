"""exp, ln, power, sin, cos and tan, each written once: `plain.py` computes them, `registers.py` prints them as LLVM.

The C library would be called once a lane, and answers in other bits on other machines. These formulas have no branch,
no table, and nothing beyond IEEE double's own + - * / (no fused multiply-add), so every machine and every width of
vector gives the same bits. Errors, measured against 64-bit significands, in units of the last place: exp, ln, sin and
cos below 0.9, power below 1.7 (0.8 unless the exponent is in the hundreds), tan below 2.5. Odd arguments (zeros,
infinities, nan, subnormals) give what C99 prescribes.

A formula takes `on`, the machine: `plain.Numpy` or `registers.Machine`. Numbers know + - * / and comparisons, bit
patterns (64 bits, unsigned) + - & ^ << >>, truth values & |; the rest is asked from `on`:

    where(truth, a, b)   bits(number)   double(bits)   abs(number)   trunc(number)   sqrt(number)
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
    """log2(x) for 0 < x < inf: (head, tail) right to 2^-64, the head having 26 bits, and the sum right to 2^-51.

    The sum comes first and gives the heads of what follows, which then need not wait for one another.
    """
    small = x < 2.0**-1022
    bits = on.bits(on.where(small, x * 2.0**54, x))
    exponent = (bits + (ONE - ROOT_HALF)) >> 52  # plus 1023, so that sqrt(1/2) <= m < sqrt(2)
    m = on.double(bits + ONE - (exponent << 52))
    n = on.double(exponent + ROUND_BITS) - on.where(small, ROUND + 1023 + 54, ROUND + 1023)
    # s = (m - 1) / (m + 1), log2(m) = C s t with t = 3 + s^2 + 3/5 s^4 + ...
    f, d = m - 1.0, m + 1.0
    v = 1.0 / d
    s = f * v
    square = s * s
    more = square * square * polynomial(square, ARTANH)
    t = 3.0 + (square + more)
    st = s * t
    rough = n + C * st
    # the same again in heads and tails
    s_head, d_head, t_head, st_head, head = (_upper(part, on) for part in (s, d, t, st, rough))
    s_tail = v * ((f - s_head * d_head) - s_head * (m - (d_head - 1.0)))
    t_tail = (more + s_tail * (s_head + s)) - ((t_head - 3.0) - s_head * s_head)
    st_tail = (s_head * t_head - st_head) + (s_tail * t_head + t_tail * s)
    tail = ((n - head) + C_HEAD * st_head) + (C_TAIL * st_head + st_tail * C)
    return head, tail, rough


def exp(x, on):
    x = _within(x, -746.0, 710.0, on)
    whole = x * (1.0 / LN2) + ROUND
    n = whole - ROUND
    return _exp(x - n * LN2_LONG, -(n * LN2_SHORT), whole, on)


def ln(x, on):
    head, tail, _ = _log2(x, on)
    result = head * LN2_HEAD + (head * LN2_TAIL + tail * LN2)
    result = on.where(x < math.inf, result, x)  # inf and nan
    return on.where(x > 0.0, result, on.where(x == 0.0, -math.inf, on.where(x < 0.0, math.nan, x)))


def power(x, y, on):
    size = on.abs(x)
    head, tail, rough = _log2(size, on)
    rough = on.where(size < math.inf, rough, size)  # inf and nan
    rough = on.where(size == 0.0, -math.inf, rough)
    # log2 of the result; no y is so large that a wider range would matter
    y = _within(y, -(2.0**65), 2.0**65, on)
    y_head = _upper(y, on)
    total = y * rough
    near = _within(total, -1080.0, 1030.0, on)
    whole = near + ROUND
    n = whole - ROUND
    # what is left after whole powers of 2; nothing where the result is 0 or infinite
    inside = near == total
    high = on.where(inside, y_head * head - n, near - n)
    low = on.where(inside, (y - y_head) * head + y * tail, 0.0)
    f_head = _upper(high + low, on)
    f_tail = low - (f_head - high)
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
