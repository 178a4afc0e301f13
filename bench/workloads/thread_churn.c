/* SPDX-License-Identifier: MIT */
/* Threads that come and go while the lock is in use: each lives for a few sections only. */
#include "workload.h"

#include "../harness/crew.h"
#include "../harness/registry.h"

#include <math.h>

enum { LIFE = 32 };

struct shared {
    void *lock;
    struct bench_protected *data;
    uint64_t section_steps;
    double outside_steps;
};

struct life {
    struct bench_member *member;
    uint64_t sections;
};

static void *live(void *arg)
{
    struct life *life = arg;
    struct bench_member *m = life->member;
    struct shared *s = m->shared;
    unsigned timed = (m->random >> 32) % LIFE;

    for (; life->sections < LIFE; life->sections++) {
        if (life->sections == timed)
            bench_member_lock(m, s->lock);
        else
            m->ops->lock(s->lock);
        bench_section(s->data, s->section_steps);
        bench_member_unlock(m, s->lock);
        m->random = bench_work_step(m->random);
        bench_member_outside(m, s->outside_steps);
    }
    atomic_fetch_add_explicit(&m->cpu_ns, bench_clock_ns(CLOCK_THREAD_CPUTIME_ID), memory_order_relaxed);
    return NULL;
}

static uint64_t turn(struct bench_member *m)
{
    struct life life = {.member = m};
    pthread_t thread;

    /* Too many threads for this moment: then this turn did nothing. */
    if (pthread_create(&thread, NULL, live, &life) == 0)
        pthread_join(thread, NULL);
    return life.sections;
}

static bool run_churn(struct bench_run *run)
{
    const struct bench_cell *cell = &run->cell;
    struct shared s = {.lock = bench_lock_create(run->ops),
                       .section_steps = (uint64_t)(cell->cs_ns * bench_work_rate()),
                       .outside_steps = cell->outside_ns * bench_work_rate()};
    struct bench_crew_plan plan = {
        .turn = turn, .shared = &s, .turn_ns = LIFE * (cell->cs_ns + cell->outside_ns), .section_ns = NAN};
    uint64_t done;

    s.data = bench_alloc_lines(sizeof(*s.data));
    bool ok = bench_crew_run(run, &plan, &done) && bench_crew_nothing_lost(run, done, s.data->guard.passes);

    bench_lock_free(run->ops, s.lock);
    free(s.data);
    return ok;
}

static const struct bench_workload churn = {
    .name = "thread_churn",
    .description = "threads that live for 32 sections each",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_CS | BENCH_TAKES_OUTSIDE,
    .run = run_churn,
};
BENCH_WORKLOAD(churn);
