// models/sir.mdl by hand, as fast as C goes: stocks in registers, time loop inside, nothing divided in it.
// LANES=1 is the plain form, one member at a time. A member's stocks are saved every `each` steps.

#include "simd.h"

#define STOCKS 3
#define SIDE (LANES == 1 ? 1 : 4) // vectors that move together, so that one's latency hides behind the others'

static v load(const double *from, long first, long members)
{
    double lane[LANES];
    for (int i = 0; i < LANES; i++) lane[i] = from[first + i < members ? first + i : members - 1];
    v r;
    memcpy(&r, lane, sizeof r);
    return r;
}

static void save(double *out, v value, long first, long members)
{
    long size = members - first < LANES ? members - first : LANES;
    if (size > 0) memcpy(out + first, &value, size * sizeof(double));
}

// out [3 stocks][steps / each + 1][members]
void sir(long members, long steps, long each, double dt, const double *contact, const double *duration,
         double population, double first_cases, double *out)
{
    long slots = steps / each + 1;
    for (long first = 0; first < members; first += SIDE * LANES) {
        v s[SIDE], i[SIDE], r[SIDE], catches[SIDE], heals[SIDE];
        for (int k = 0; k < SIDE; k++) {
            s[k] = all(population - first_cases), i[k] = all(first_cases), r[k] = all(0.0);
            catches[k] = load(contact, first + k * LANES, members) * all(dt / population);
            heals[k] = all(dt) / load(duration, first + k * LANES, members);
        }
        for (long slot = 0; slot < slots; slot++) {
            for (int k = 0; k < SIDE; k++) {
                long at = first + k * LANES;
                save(out + slot * members, s[k], at, members);
                save(out + (slots + slot) * members, i[k], at, members);
                save(out + (2 * slots + slot) * members, r[k], at, members);
            }
            for (long step = slot + 1 < slots ? 0 : each; step < each; step++)
                for (int k = 0; k < SIDE; k++) {
                    v infection = s[k] * i[k] * catches[k], recovery = i[k] * heals[k];
                    s[k] -= infection, i[k] += infection - recovery, r[k] += recovery;
                }
        }
    }
}
