/* SPDX-License-Identifier: MIT */
/*
 * The form in which papers on locks compare them: inside, one step of a Mersenne Twister that all share; outside, a
 * uniformly random number of steps of the thread's own.
 */
#include "workload.h"

#include "../harness/crew.h"
#include "../harness/registry.h"

#include <math.h>

enum { WORDS = 624, MIDDLE = 397, MODERATE_STEPS = 250 };

/* MT19937, one word at a time. */
struct twister {
    uint32_t words[WORDS];
    unsigned at;
};

struct shared {
    void *lock;
    unsigned max_steps;
    struct data {
        struct bench_guard guard;
        struct twister twister;
        uint32_t sum; /* keeps the compiler from leaving the steps out */
    } *data;
    struct own {
        _Alignas(BENCH_LINE) struct twister twister;
        uint32_t sum;
    } *own;
};

static void seed(struct twister *t, uint32_t value)
{
    for (uint32_t i = 0; i < WORDS; i++) {
        t->words[i] = value;
        value = 1812433253u * (value ^ (value >> 30)) + i + 1;
    }
    t->at = 0;
}

static uint32_t step(struct twister *t)
{
    /* A lock that fails could let two threads leave a number here that points nowhere. */
    unsigned at = t->at % WORDS, next = (at + 1) % WORDS;
    uint32_t mixed = (t->words[at] & 0x80000000u) | (t->words[next] & 0x7fffffffu);
    uint32_t word = t->words[(at + MIDDLE) % WORDS] ^ (mixed >> 1) ^ (mixed & 1 ? 0x9908b0dfu : 0);

    t->words[at] = word;
    t->at = next;
    word ^= word >> 11;
    word ^= (word << 7) & 0x9d2c5680u;
    word ^= (word << 15) & 0xefc60000u;
    return word ^ (word >> 18);
}

static uint64_t turn(struct bench_member *m)
{
    struct shared *s = m->shared;
    struct own *own = &s->own[m->index];

    bench_member_lock(m, s->lock);
    uint64_t entered = bench_guard_enter(&s->data->guard);

    s->data->sum += step(&s->data->twister);
    bench_guard_leave(&s->data->guard, entered);
    bench_member_unlock(m, s->lock);
    for (unsigned i = (unsigned)(bench_member_share(m) * s->max_steps); i > 0; i--)
        own->sum += step(&own->twister);
    return 1;
}

static bool run_steps(struct bench_run *run, unsigned max_steps)
{
    struct shared s = {.lock = bench_lock_create(run->ops), .max_steps = max_steps};
    struct bench_crew_plan plan = {.turn = turn, .shared = &s};
    uint64_t done;

    s.data = bench_alloc_lines(sizeof(*s.data));
    s.own = bench_alloc_lines(run->cell.threads * sizeof(*s.own));
    seed(&s.data->twister, 1);
    for (unsigned i = 0; i < run->cell.threads; i++)
        seed(&s.own[i].twister, i + 2);
    uint64_t calibrated = bench_crew_calibrate(&plan);
    /* One step is too short to be timed alone: nothing is known of the ideal where it alone decides. */
    plan.outside_ns = plan.turn_ns;
    plan.section_ns = max_steps ? 0 : NAN;
    bool ok =
        bench_crew_run(run, &plan, &done) && bench_crew_nothing_lost(run, calibrated + done, s.data->guard.passes);

    bench_lock_free(run->ops, s.lock);
    free(s.data);
    free(s.own);
    return ok;
}

static bool run_maximal(struct bench_run *run)
{
    return run_steps(run, 0);
}

static bool run_moderate(struct bench_run *run)
{
    return run_steps(run, MODERATE_STEPS);
}

static const struct bench_workload maximal = {
    .name = "mutexbench_max",
    .description = "one step of a shared Mersenne Twister inside, nothing outside",
    .takes = BENCH_TAKES_THREADS,
    .run = run_maximal,
};
BENCH_WORKLOAD(maximal);

static const struct bench_workload moderate = {
    .name = "mutexbench",
    .description = "one step of a shared Mersenne Twister inside, 0 to 249 of an own one outside",
    .takes = BENCH_TAKES_THREADS,
    .run = run_moderate,
};
BENCH_WORKLOAD(moderate);
