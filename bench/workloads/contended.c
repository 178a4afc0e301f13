/* SPDX-License-Identifier: MIT */
/* One hot lock: every thread computes inside the section, then outside for a random time, for a fixed time in all. */
#include "workload.h"

#include "../harness/crew.h"
#include "../harness/registry.h"

struct shared {
    void *lock;
    struct bench_protected *data;
    unsigned lines;
    uint64_t section_steps;
    double outside_steps;
};

static void section(struct shared *s)
{
    uint64_t entered = bench_guard_enter(&s->data->guard);

    s->data->value = bench_work(s->data->value | 1, s->section_steps);
    for (unsigned i = 1; i < s->lines; i++)
        bench_guard_leave(&s->data[i].guard, bench_guard_enter(&s->data[i].guard));
    bench_guard_leave(&s->data->guard, entered);
}

static uint64_t turn(struct bench_member *m)
{
    struct shared *s = m->shared;

    bench_member_lock(m, s->lock);
    section(s);
    bench_member_unlock(m, s->lock);
    bench_member_outside(m, s->outside_steps);
    return 1;
}

static bool run_contended(struct bench_run *run)
{
    const struct bench_cell *cell = &run->cell;
    struct shared s = {.lock = bench_lock_create(run->ops),
                       .lines = cell->lines ? cell->lines : 1,
                       .section_steps = (uint64_t)(cell->cs_ns * bench_work_rate()),
                       .outside_steps = cell->outside_ns * bench_work_rate()};
    struct bench_crew_plan plan = {.turn = turn,
                                   .shared = &s,
                                   .turn_ns = cell->cs_ns + cell->outside_ns,
                                   .section_ns = cell->cs_ns,
                                   .outside_ns = cell->outside_ns};
    uint64_t done;

    s.data = bench_alloc_lines(s.lines * sizeof(*s.data));
    bool ok = bench_crew_run(run, &plan, &done);

    for (unsigned i = 0; ok && i < s.lines; i++)
        ok = bench_crew_nothing_lost(run, done, s.data[i].guard.passes);
    bench_lock_free(run->ops, s.lock);
    free(s.data);
    return ok;
}

static const struct bench_workload contended = {
    .name = "contended",
    .description = "one hot lock; threads, time in the section and mean time outside are arguments",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_CS | BENCH_TAKES_OUTSIDE | BENCH_TAKES_LINES,
    .run = run_contended,
};
BENCH_WORKLOAD(contended);
