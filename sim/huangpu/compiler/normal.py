"""The normal distribution's function and its inverse, written as those of `maths.py` are: everywhere the same bits.

Sources: Cody, Rational Chebyshev approximations for the error function (1969), the three ranges of his CALERF; Wichura,
Algorithm AS 241, The percentage points of the normal distribution (1988), PPND16. Against SciPy's: `normal` within
3e-15 of its value down to -8 and 6e-14 down to -37, where the last bit of x counts as much; `probit` within 1e-15.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from huangpu.compiler.maths import exp, ln

ROOT_HALF, ROOT_PI = math.sqrt(0.5), 1 / math.sqrt(math.pi)

# numerators and denominators, the constant term first
NEAR = (  # of erf(x) / x in x^2, |x| <= 0.46875
    (
        3209.377589138469472562,
        377.4852376853020208137,
        113.8641541510501556495,
        3.161123743870565596947,
        0.1857777061846031526730,
    ),
    (2844.236833439170622273, 1282.616526077372275645, 244.0246379344441733056, 23.60129095234412093499, 1.0),
)
MIDDLE = (  # of exp(x^2) erfc(x) in x, up to 4
    (
        *(1230.33935479799725272, 2051.07837782607146532, 1712.04761263407058314, 881.952221241769090411),
        *(298.635138197400131132, 66.1191906371416294775, 8.88314979438837594118, 0.564188496988670089180),
        2.15311535474403846343e-8,
    ),
    (
        *(1230.33935480374942043, 3439.36767414372163696, 4362.61909014324715820, 3290.79923573345962678),
        *(1621.38957456669018874, 537.181101862009857509, 117.693950891312499305, 15.7449261107098347253),
        1.0,
    ),
)
FAR = (  # of (1 / sqrt(pi) - x exp(x^2) erfc(x)) x^2 in 1 / x^2, beyond 4
    (
        *(6.58749161529837803157e-4, 1.60837851487422766278e-2, 1.25781726111229246204e-1),
        *(3.60344899949804439429e-1, 3.05326634961232344035e-1, 1.63153871373020978498e-2),
    ),
    (
        *(2.33520497626869185443e-3, 6.05183413124413191178e-2, 5.27905102951428412248e-1),
        *(1.87295284992346047209, 2.56852019228982242072, 1.0),
    ),
)
CENTRE = (  # of z / q in 0.425^2 - q^2, q being p - 1/2
    (
        *(3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125),
        *(45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727),
    ),
    (
        *(1.0, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867),
        *(39307.895800092710610, 28729.085735721942674, 5226.4952788528545610),
    ),
)
SIDE = (  # of z in r - 1.6, r being sqrt(-ln(the smaller of p and 1 - p)), up to 5
    (
        *(1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504),
        *(1.27045825245236838258, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    ),
    (
        *(1.0, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1),
        *(1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
    ),
)
TAIL = (  # of z in r - 5, beyond 5
    (
        *(6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 2.96560571828504891230e-1),
        *(2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    ),
    (
        *(1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2),
        *(7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
    ),
)


def _ratio(x, parts):
    above, below = (_horner(x, coefficients) for coefficients in parts)
    return above / below


def _horner(x, coefficients):
    total = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


def normal(x, on):
    """The chance that a standard normal number is below x."""
    t = on.abs(x) * ROOT_HALF
    square = t * t
    near = 0.5 - 0.5 * (t * _ratio(on.where(t < 0.5, square, 0.0), NEAR))
    # exp(-t^2) as that of a square that is exact, t cut to sixteenths, and of the rest
    within = on.where(t < 30.0, t, 30.0)
    cut = on.trunc(within * 16.0) * 0.0625
    scale = exp(-(cut * cut), on) * exp((cut - within) * (cut + within), on)
    middle = _ratio(on.where(t < 4.0, t, 4.0), MIDDLE)
    beyond = on.where(t > 4.0, t, 4.0)
    inverse = 1.0 / (beyond * beyond)
    far = (ROOT_PI - inverse * _ratio(inverse, FAR)) / beyond
    tail = 0.5 * scale * on.where(t > 4.0, far, middle)
    tail = on.where(t < 0.46875, near, on.where(t < 28.0, tail, on.where(t > 27.0, 0.0, x)))
    return on.where(x > 0.0, 1.0 - tail, tail)


def probit(p, on):
    """The number that a standard normal number is below with chance p; infinite at 0 and 1, nan outside."""
    q = p - 0.5
    room = 0.180625 - q * q
    centre = q * _ratio(on.where(room > 0.0, room, 0.0), CENTRE)
    less = on.where(q < 0.0, p, 1.0 - p)
    r = on.sqrt(-ln(less, on))
    side = _ratio(on.where(r < 5.0, r, 5.0) - 1.6, SIDE)
    tail = _ratio(on.where(r > 5.0, r, 5.0) - 5.0, TAIL)
    out = on.where(r < 5.0, side, on.where(r < math.inf, tail, r))
    return on.where(room > 0.0, centre, on.where(q < 0.0, -out, out))


NORMAL: dict[str, Callable] = {"normal": normal, "probit": probit}
