// Moves blocks of members through the steps; the same for all models. ROWS, CONSTANTS, DRIVEN, constant_rows,
// driven_rows, initial, step and advance come from the printed text above.

typedef struct {
    long members, steps;
    double dt;
    const double *clock;             // time of each step, steps + 1
    const double *const *constants;  // of each constant: its value, or one a member
    const long *strides;             // 0 or 1
    const double *profile;           // what driven constants are multiplied by at each step, steps + 1
    long saved;
    const long *rows;                // of what is saved
    const long *slot;                // where a step is saved, or -1
    long slots;
    double *out;                     // [saved][slots][members]
} job;

static void drive(double *w, double profile)
{
    for (int k = 0; k < DRIVEN; k++)
        for (int j = 0; j < BLOCK; j++)
            w[driven_rows[k] * BLOCK + j] = profile * w[(ROWS + k) * BLOCK + j];
}

static void begin(const job *t, double *w, long first)
{
    for (int c = 0; c < CONSTANTS; c++)
        for (int j = 0; j < BLOCK; j++) {
            long member = first + j < t->members ? first + j : t->members - 1;
            w[constant_rows[c] * BLOCK + j] = t->constants[c][member * t->strides[c]];
        }
    for (int k = 0; k < DRIVEN; k++)
        memcpy(w + (ROWS + k) * BLOCK, w + driven_rows[k] * BLOCK, sizeof(double[BLOCK]));
}

static void save(const job *t, const double *w, long first, long slot)
{
    long size = t->members - first < BLOCK ? t->members - first : BLOCK;
    for (long k = 0; k < t->saved; k++)
        memcpy(t->out + (k * t->slots + slot) * t->members + first, w + t->rows[k] * BLOCK, size * sizeof(double));
}

long workspace(void) { return (ROWS + DRIVEN) * BLOCK; }

void run(const job *t, double *w)
{
    for (long first = 0; first < t->members; first += BLOCK) {
        begin(t, w, first);
        drive(w, t->profile[0]);
        initial((v *)w, t->clock[0], t->dt);
        for (long s = 0; s <= t->steps; s++) {
            if (s && t->profile[s] != t->profile[s - 1]) drive(w, t->profile[s]);
            step((v *)w, t->clock[s], t->dt);
            if (t->slot[s] >= 0) save(t, w, first, t->slot[s]);
            if (s < t->steps) advance((v *)w, t->clock[s], t->dt);
        }
    }
}
