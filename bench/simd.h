// A vector of members in C: doubles `v`, truth values `m`, and the operators of the model on them.
// LANES=1 gives the same text in plain doubles. MVEC: glibc's libmvec has the mathematical functions (4 units in the
// last place); without it, and for the functions that it lacks, the C library is called once a lane.

#include <math.h>
#include <string.h>

#ifndef LANES
#if defined(__AVX512F__)
#define LANES 8
#elif defined(__AVX__)
#define LANES 4
#else
#define LANES 2
#endif
#endif

#define INLINE static inline __attribute__((always_inline))
#define SMALL 1e-6

#if LANES == 1

typedef double v;
typedef int m;
INLINE v all(double x) { return x; }
INLINE v select(m k, v x, v y) { return k ? x : y; }
INLINE v number(m k) { return k; }
INLINE m no(m k) { return !k; }
INLINE v absolute(v x) { return fabs(x); }
#define LANEWISE1(name, f) INLINE v name(v x) { return f(x); }
#define LANEWISE2(name, f) INLINE v name(v x, v y) { return f(x, y); }

#else

typedef double v __attribute__((vector_size(8 * LANES)));
typedef long long m __attribute__((vector_size(8 * LANES)));
INLINE v all(double x) { return x - (v){}; }
INLINE v select(m k, v x, v y) { return (v)((k & (m)x) | (~k & (m)y)); }
INLINE v number(m k) { return (v)(k & (m)all(1.0)); }
INLINE m no(m k) { return ~k; }
INLINE v absolute(v x) { return (v)((m)x & 0x7fffffffffffffffLL); }
#define LANEWISE1(name, f) \
    INLINE v name(v x) { v r; for (int i = 0; i < LANES; i++) r[i] = f(x[i]); return r; }
#define LANEWISE2(name, f) \
    INLINE v name(v x, v y) { v r; for (int i = 0; i < LANES; i++) r[i] = f(x[i], y[i]); return r; }

#endif

#if LANES == 8
#define MVEC1(f) _ZGVeN8v_##f
#define MVEC2(f) _ZGVeN8vv_##f
#elif LANES == 4
#define MVEC1(f) _ZGVcN4v_##f
#define MVEC2(f) _ZGVcN4vv_##f
#else
#define MVEC1(f) _ZGVbN2v_##f
#define MVEC2(f) _ZGVbN2vv_##f
#endif

#if defined(MVEC) && LANES > 1
#define FAST1(name, f) extern v MVEC1(f)(v); INLINE v name(v x) { return MVEC1(f)(x); }
#define FAST2(name, f) extern v MVEC2(f)(v, v); INLINE v name(v x, v y) { return MVEC2(f)(x, y); }
#else
#define FAST1(name, f) LANEWISE1(name, f)
#define FAST2(name, f) LANEWISE2(name, f)
#endif

FAST1(v_exp, exp) FAST1(v_ln, log) FAST1(v_sin, sin) FAST1(v_cos, cos) FAST2(v_pow, pow)
LANEWISE1(v_tan, tan) LANEWISE1(v_arcsin, asin) LANEWISE1(v_arccos, acos) LANEWISE1(v_arctan, atan)
LANEWISE1(v_sinh, sinh) LANEWISE1(v_cosh, cosh) LANEWISE1(v_tanh, tanh)
LANEWISE1(v_sqrt, sqrt) LANEWISE1(v_trunc, trunc) LANEWISE2(rest, fmod) LANEWISE2(signed_as, copysign)

INLINE v v_square(v x) { return x * x; }
INLINE v minimum(v a, v b) { return select((a < b) | (a != a), a, b); }
INLINE v maximum(v a, v b) { return select((a > b) | (a != a), a, b); }
INLINE v xidz(v a, v b, v c) { return select(absolute(b) < all(SMALL), c, a / b); }
INLINE v quantum(v a, v b) { return select(b < all(SMALL), a, b * v_trunc(a / b)); }

INLINE v modulo(v a, v b)
{
    v r = rest(a, b), zero = all(0.0);
    return select(r == zero, signed_as(r, b), select((r < zero) ^ (b < zero), r + b, r));
}

#if LANES == 8
INLINE v pick(m at, const double *table)
{
    v low, high;
    memcpy(&low, table, sizeof low);
    memcpy(&high, table + 8, sizeof high);
    return __builtin_shuffle(low, high, at);
}
#endif

// A lookup: the last knot that is not above x wins, starting with the first. Arrays hold 16 or more.
INLINE v lookup(v x, int knots, const double *xs, const double *ys, const double *slopes, int extrapolate)
{
    if (!extrapolate) {
        x = select(x > all(xs[knots - 1]), all(xs[knots - 1]), x);
        x = select(x < all(xs[0]), all(xs[0]), x);
    }
#if LANES == 8
    if (knots <= 16) { // the number of knots that are reached picks from two registers
        m at = {};
#pragma GCC unroll 16
        for (int k = 1; k < knots; k++) at -= x >= all(xs[k]);
        return pick(at, slopes) * (x - pick(at, xs)) + pick(at, ys);
    }
#endif
    v knot = all(xs[0]), y = all(ys[0]), slope = all(slopes[0]);
#pragma GCC unroll 64
    for (int k = 1; k < knots; k++) {
        m reached = x >= all(xs[k]);
        knot = select(reached, all(xs[k]), knot);
        y = select(reached, all(ys[k]), y);
        slope = select(reached, all(slopes[k]), slope);
    }
    return slope * (x - knot) + y;
}
