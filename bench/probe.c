// What one core does at most: vector operations a second, divisions a second, bytes a second from a cache.

#include "simd.h"

#define CHAINS 12

// element operations of multiply-then-add on CHAINS independent chains: 2 * CHAINS * LANES * rounds; returns a number
double arithmetic(long rounds)
{
    v x[CHAINS];
    for (int k = 0; k < CHAINS; k++) x[k] = all(1.0 + k);
    v a = all(0.999999), b = all(1e-6);
    for (long n = 0; n < rounds; n++) {
#pragma GCC unroll 12
        for (int k = 0; k < CHAINS; k++) x[k] = x[k] * a + b;
        __asm__ volatile("" : "+v"(a)); // keeps every round
    }
    v sum = all(0.0);
    for (int k = 0; k < CHAINS; k++) sum += x[k];
    return ((double *)&sum)[0];
}

// CHAINS * LANES * rounds divisions
double division(long rounds)
{
    v x[CHAINS];
    for (int k = 0; k < CHAINS; k++) x[k] = all(1.0 + k);
    v a = all(1.0000001);
    for (long n = 0; n < rounds; n++) {
#pragma GCC unroll 12
        for (int k = 0; k < CHAINS; k++) x[k] = x[k] / a;
        __asm__ volatile("" : "+v"(a));
    }
    v sum = all(0.0);
    for (int k = 0; k < CHAINS; k++) sum += x[k];
    return ((double *)&sum)[0];
}

// to[i] = from[i] * 0.5, STREAM's scale: 16 bytes an element; `size` elements, a multiple of LANES
void scale(long rounds, long size, const v *restrict from, v *restrict to)
{
    for (long n = 0; n < rounds; n++) {
#pragma GCC ivdep
        for (long i = 0; i < size / LANES; i++) to[i] = from[i] * all(0.5);
        __asm__ volatile("" ::: "memory");
    }
}

int lanes(void) { return LANES; }
