/* SPDX-License-Identifier: MIT */
/*
 * Threads that wait for each other's work by lock, look, unlock, and again: what they wait for is a thread that needs
 * the CPU, and the lock is always held by somebody who runs, so a waiter that trusts that alone keeps the CPU from it.
 */
#include "workload.h"

#include "../harness/crew.h"
#include "../harness/registry.h"

struct looks {
    _Alignas(BENCH_LINE) uint64_t n; /* sections that moved nothing on */
};

struct shared {
    void *lock;
    struct data {
        struct bench_guard guard;
        uint64_t value;
        volatile uint64_t stage; /* whose turn it is: stage modulo threads */
    } *data;
    struct looks *looks;
    unsigned threads;
    uint64_t section_steps;
    double outside_steps;
};

static bool section(struct shared *s, unsigned index, bool advance)
{
    uint64_t entered = bench_guard_enter(&s->data->guard);

    s->data->value = bench_work(s->data->value | 1, s->section_steps);
    bool mine = s->data->stage % s->threads == index;

    if (advance)
        s->data->stage++;
    bench_guard_leave(&s->data->guard, entered);
    return mine;
}

static uint64_t turn(struct bench_member *m)
{
    struct shared *s = m->shared;

    bench_member_lock(m, s->lock);
    bool mine = section(s, m->index, false);

    bench_member_unlock(m, s->lock);
    s->looks[m->index].n++;
    if (!mine)
        return 0;
    bench_member_outside(m, s->outside_steps); /* what the others wait for */
    m->ops->lock(s->lock);
    section(s, m->index, true);
    bench_member_unlock(m, s->lock);
    return 1;
}

static bool run_busy_wait(struct bench_run *run)
{
    const struct bench_cell *cell = &run->cell;
    struct shared s = {.lock = bench_lock_create(run->ops),
                       .threads = cell->threads,
                       .section_steps = (uint64_t)(cell->cs_ns * bench_work_rate()),
                       .outside_steps = cell->outside_ns * bench_work_rate()};
    /* A stage is a look, the work and the step to the next, and stages follow each other. */
    struct bench_crew_plan plan = {
        .turn = turn, .shared = &s, .turn_ns = cell->cs_ns, .section_ns = 2 * cell->cs_ns + cell->outside_ns};
    uint64_t done, looks = 0;

    s.data = bench_alloc_lines(sizeof(*s.data));
    s.looks = bench_alloc_lines(cell->threads * sizeof(*s.looks));
    bool ok = bench_crew_run(run, &plan, &done);

    for (unsigned i = 0; i < cell->threads; i++)
        looks += s.looks[i].n;
    ok = ok && bench_crew_nothing_lost(run, done, s.data->stage) &&
         bench_crew_nothing_lost(run, done + looks, s.data->guard.passes);
    bench_lock_free(run->ops, s.lock);
    free(s.data);
    free(s.looks);
    return ok;
}

static const struct bench_workload busy_wait = {
    .name = "busy_wait",
    .description = "threads in a ring wait for each other's work by lock, look, unlock; an operation is a step on",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_CS | BENCH_TAKES_OUTSIDE,
    .run = run_busy_wait,
};
BENCH_WORKLOAD(busy_wait);
