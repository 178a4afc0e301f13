/* SPDX-License-Identifier: MIT */
/* Decodes an input, and prints its steps for people. */
#include "step.h"

#include <pthread.h>

static const char *const names[OPS] = {"init",           "static",         "raw kind", "lock",           "trylock",
                                       "timedlock",      "clocklock",      "unlock",   "destroy",        "consistent",
                                       "getprioceiling", "setprioceiling", "deepen",   "cond_clockwait", "fork",
                                       "restart",        "hand-off",       "crowd"};

/* How often each operation comes up. */
static const uint8_t chances[] = {OP_LOCK,    OP_LOCK,       OP_LOCK,       OP_LOCK,       OP_LOCK,      OP_UNLOCK,
                                  OP_UNLOCK,  OP_UNLOCK,     OP_UNLOCK,     OP_UNLOCK,     OP_TRYLOCK,   OP_TRYLOCK,
                                  OP_TRYLOCK, OP_TIMEDLOCK,  OP_TIMEDLOCK,  OP_TIMEDLOCK,  OP_CLOCKLOCK, OP_CLOCKLOCK,
                                  OP_INIT,    OP_INIT,       OP_INIT,       OP_STATIC,     OP_STATIC,    OP_RAW_KIND,
                                  OP_DESTROY, OP_CONSISTENT, OP_GETCEILING, OP_SETCEILING, OP_DEEPEN,    OP_COND,
                                  OP_FORK,    OP_RESTART,    OP_HAND_OFF,   OP_HAND_OFF,   OP_CROWD};

static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC,          CLOCK_REALTIME, CLOCK_MONOTONIC,
                                   CLOCK_BOOTTIME, CLOCK_PROCESS_CPUTIME_ID, (clockid_t)-1,  99};

enum anchor { EPOCH, NOW, FAR };

/* clang-format off */
static const struct {
    const char *name;
    enum anchor from;
    time_t seconds;
    long nanoseconds;
} times[] = {
    {"1 s ago",           NOW,   -1,        0},
    {"zero",              EPOCH, 0,         0},
    {"-1 s",              EPOCH, -1,        0},
    {"-1 ns",             EPOCH, 0,         -1},
    {"1e9 ns",            EPOCH, 0,         1000000000},
    {"-1 s -1 ns",        EPOCH, -1,        -1},
    {"-1 s 1e9 ns",       EPOCH, -1,        1000000000},
    {"in 1000 s, 1e9 ns", FAR,   1000,      1000000000},
    {"in 1000 s, -1 ns",  FAR,   1000,      -1},
    {"now",               NOW,   0,         0},
    {"never",             FAR,   INT64_MAX, 999999999},
    {"in 1000 s",         FAR,   1000,      0},
    {"in 30 us",          NOW,   0,         30000},
};
/* clang-format on */

enum { TIMES = sizeof(times) / sizeof(times[0]), TIME_NEAR = TIMES - 1, TIME_FAR = TIMES - 2 };

size_t fuzz_decode(const uint8_t *data, size_t size, struct step *steps, bool *single)
{
    size_t count = size ? (size - 1) / FUZZ_BYTES_A_STEP : 0;

    *single = size && (data[0] & 1);
    if (count > FUZZ_STEPS)
        count = FUZZ_STEPS;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *b = data + 1 + i * FUZZ_BYTES_A_STEP;
        struct step *s = &steps[i];

        s->op = (enum op)chances[b[0] % sizeof(chances)];
        s->actor = b[1] % FUZZ_ACTORS;
        s->mutex = b[1] / 16 % FUZZ_MUTEXES;
        s->other = (s->actor + 1 + (b[3] >> 7)) % FUZZ_ACTORS;
        s->arg = b[2];
        s->mix = b[3] & 7;
        s->time = b[2] % TIMES;
        s->clock = s->op == OP_TIMEDLOCK ? CLOCK_REALTIME : clocks[b[3] / 8 % (sizeof(clocks) / sizeof(clocks[0]))];
    }
    return count;
}

struct attributes fuzz_attributes(const struct step *step)
{
    static const int ceilings[] = {0, 1, 50, 99};

    return (struct attributes){.type = (int)(step->arg % 5) - 1,
                               .robust = step->arg / 5 % 2 ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED,
                               .protocol = (int)(step->arg / 10 % 3),
                               .pshared = step->arg / 30 % 2 ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE,
                               .ceiling = ceilings[step->arg / 60 % 4]};
}

int fuzz_raw_kind(const struct step *step)
{
    static const int kinds[] = {4, 7, 8, 15, 0x7f, -1, 128 + 4};

    return kinds[step->arg % (sizeof(kinds) / sizeof(kinds[0]))];
}

int fuzz_ceiling(const struct step *step)
{
    static const int ceilings[] = {-1, 0, 1, 2, 50, 99, 100, 1000};

    return ceilings[step->arg % 8];
}

bool fuzz_time_is_far(const struct step *step)
{
    return times[step->time].from == FAR && times[step->time].nanoseconds >= 0 &&
           times[step->time].nanoseconds <= 999999999;
}

void fuzz_set_time_near(struct step *step)
{
    step->time = TIME_NEAR;
}

void fuzz_set_time_far(struct step *step)
{
    step->time = TIME_FAR;
}

struct timespec fuzz_time(const struct step *step)
{
    struct timespec t = {0, 0};

    if (times[step->time].from != EPOCH && clock_gettime(step->clock, &t))
        clock_gettime(CLOCK_REALTIME, &t);
    if (__builtin_add_overflow(t.tv_sec, times[step->time].seconds, &t.tv_sec))
        t.tv_sec = INT64_MAX;
    if (times[step->time].nanoseconds < 0 || times[step->time].nanoseconds > 999999) {
        t.tv_nsec = times[step->time].nanoseconds;
    } else {
        t.tv_nsec += times[step->time].nanoseconds;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
    }
    return t;
}

static void print_attributes(FILE *to, const struct attributes *a)
{
    fprintf(to, "type %d%s, protocol %d%s, ceiling %d", a->type, a->robust ? ", robust" : "", a->protocol,
            a->pshared ? ", shared" : "", a->ceiling);
}

void fuzz_print(FILE *to, const struct step *step)
{
    struct attributes attributes = fuzz_attributes(step);

    fprintf(to, "thread %d: %s(mutex %d", step->actor, names[step->op], step->mutex);
    if (step->op == OP_INIT) {
        fputs(", ", to);
        print_attributes(to, &attributes);
    } else if (step->op == OP_STATIC) {
        fprintf(to, ", type %u", step->arg % 4);
    } else if (step->op == OP_RAW_KIND) {
        fprintf(to, ", %d", fuzz_raw_kind(step));
    } else if (step->op == OP_SETCEILING) {
        fprintf(to, ", %d", fuzz_ceiling(step));
    } else if (step->op == OP_TIMEDLOCK || step->op == OP_CLOCKLOCK) {
        fprintf(to, ", clock %d, %s", (int)step->clock, times[step->time].name);
    } else if (step->op == OP_HAND_OFF) {
        fprintf(to, ", to thread %d, way %u", step->other, step->arg);
    }
    fprintf(to, "), mix %u", step->mix);
}
