/* SPDX-License-Identifier: MIT */
/* A lock that is held while its owner waits for another one: an owner that runs or sleeps for reasons of its own. */
#include "workload.h"

#include "../harness/crew.h"
#include "../harness/registry.h"

enum { OUTER = 2 };

struct shared {
    void *outer[OUTER], *inner;
    struct bench_protected *data; /* of the outer locks; the last one of the inner lock */
    uint64_t half_steps;
    double outside_steps;
};

static uint64_t turn(struct bench_member *m)
{
    struct shared *s = m->shared;
    unsigned which = (m->random >> 32) % OUTER;

    bench_member_lock(m, s->outer[which]);
    bench_section(&s->data[which], s->half_steps);
    bench_member_lock(m, s->inner);
    bench_section(&s->data[OUTER], s->half_steps);
    bench_member_unlock(m, s->inner);
    bench_member_unlock(m, s->outer[which]);
    bench_member_outside(m, s->outside_steps);
    return 1;
}

static bool run_nested(struct bench_run *run)
{
    const struct bench_cell *cell = &run->cell;
    struct shared s = {.inner = bench_lock_create(run->ops),
                       .half_steps = (uint64_t)(cell->cs_ns / 2 * bench_work_rate()),
                       .outside_steps = cell->outside_ns * bench_work_rate()};
    /* The inner lock is held half of the time, by all; each outer lock all of the time, by half of them. */
    struct bench_crew_plan plan = {.turn = turn,
                                   .shared = &s,
                                   .turn_ns = cell->cs_ns + cell->outside_ns,
                                   .section_ns = cell->cs_ns,
                                   .outside_ns = cell->outside_ns,
                                   .hottest = 0.5};
    uint64_t done, outer = 0;

    for (unsigned i = 0; i < OUTER; i++)
        s.outer[i] = bench_lock_create(run->ops);
    s.data = bench_alloc_lines((OUTER + 1) * sizeof(*s.data));
    bool ok = bench_crew_run(run, &plan, &done);

    for (unsigned i = 0; i < OUTER; i++)
        outer += s.data[i].guard.passes;
    ok = ok && bench_crew_nothing_lost(run, done, outer) &&
         bench_crew_nothing_lost(run, done, s.data[OUTER].guard.passes);
    for (unsigned i = 0; i < OUTER; i++)
        bench_lock_free(run->ops, s.outer[i]);
    bench_lock_free(run->ops, s.inner);
    free(s.data);
    return ok;
}

static const struct bench_workload nested = {
    .name = "nested",
    .description = "one of two locks, half-way through its section a third one as well",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_CS | BENCH_TAKES_OUTSIDE,
    .run = run_nested,
};
BENCH_WORKLOAD(nested);
