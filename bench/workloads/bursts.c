/* SPDX-License-Identifier: MIT */
/* Nothing for a while, then all threads at once: a lock that goes from idle to crowded in no time, again and again. */
#include "workload.h"

#include "../harness/crew.h"
#include "../harness/interrupt.h"
#include "../harness/registry.h"

#include <limits.h>
#include <linux/futex.h>
#include <math.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TURNS = 20, IDLE_NS = 1000000 };

struct shared {
    void *lock;
    struct bench_protected *data;
    unsigned threads;
    uint64_t section_steps;
    _Alignas(BENCH_LINE) atomic_uint burst; /* its number; a futex */
    atomic_uint through;                    /* threads that have finished it */
    atomic_ullong began_ns;
    uint64_t busy_ns; /* of the bursts in the measured time; the last thread of a burst writes them */
    uint64_t bursts;
};

static void release(struct shared *s)
{
    atomic_store_explicit(&s->began_ns, bench_now_ns(), memory_order_relaxed);
    /* Release: pairs with the acquire of wait_for(): what the last thread of the burst wrote belongs to the next. */
    atomic_fetch_add_explicit(&s->burst, 1, memory_order_release);
    syscall(SYS_futex, &s->burst, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void wait_for(struct bench_member *m, struct shared *s, unsigned before)
{
    /* Acquire: pairs with the release of release(). */
    while (atomic_load_explicit(&s->burst, memory_order_acquire) == before && !bench_crew_stopping(m))
        syscall(SYS_futex, &s->burst, FUTEX_WAIT_PRIVATE, before, NULL, NULL, 0);
}

static void finish_burst(struct bench_member *m, struct shared *s)
{
    unsigned burst = atomic_load_explicit(&s->burst, memory_order_relaxed);

    /* Acquire and release: who comes last has seen all that the others did before they came. */
    if (atomic_fetch_add_explicit(&s->through, 1, memory_order_acq_rel) + 1 < s->threads) {
        wait_for(m, s, burst);
        return;
    }
    if (bench_crew_measuring(m)) {
        s->busy_ns += bench_now_ns() - atomic_load_explicit(&s->began_ns, memory_order_relaxed);
        s->bursts++;
    }
    atomic_store_explicit(&s->through, 0, memory_order_relaxed);
    bench_sleep_ns(IDLE_NS);
    release(s);
}

static uint64_t turn(struct bench_member *m)
{
    struct shared *s = m->shared;
    unsigned timed = (m->random >> 32) % TURNS;

    for (unsigned i = 0; i < TURNS; i++) {
        if (i == timed)
            bench_member_lock(m, s->lock);
        else
            m->ops->lock(s->lock);
        bench_section(s->data, s->section_steps);
        bench_member_unlock(m, s->lock);
    }
    finish_burst(m, s);
    return TURNS;
}

static void wake(void *shared)
{
    release(shared);
}

static bool run_bursts(struct bench_run *run)
{
    struct shared *s = bench_alloc_lines(sizeof(*s));
    struct bench_crew_plan plan = {.turn = turn, .wake = wake, .shared = s, .turn_ns = IDLE_NS};
    struct bench_measure *r = &run->result;
    uint64_t done;

    plan.section_ns = run->cell.cs_ns;
    s->lock = bench_lock_create(run->ops);
    s->data = bench_alloc_lines(sizeof(*s->data));
    s->threads = run->cell.threads;
    s->section_steps = (uint64_t)(run->cell.cs_ns * bench_work_rate());
    atomic_store_explicit(&s->began_ns, bench_now_ns(), memory_order_relaxed);
    bool ok = bench_crew_run(run, &plan, &done) && bench_crew_nothing_lost(run, done, s->data->guard.passes);

    /* Of the bursts alone: the time between them is ours. */
    if (ok) {
        r->throughput = s->bursts ? 1e9 * (double)(s->bursts * TURNS * s->threads) / (double)s->busy_ns : NAN;
        r->efficiency = r->throughput / bench_crew_ideal(&run->cell, &plan);
    }
    bench_lock_free(run->ops, s->lock);
    free(s->data);
    free(s);
    return ok;
}

static const struct bench_workload bursts = {
    .name = "bursts",
    .description = "1 ms of nothing, then 20 sections of each thread; throughput is that of the bursts",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_CS,
    .run = run_bursts,
};
BENCH_WORKLOAD(bursts);
