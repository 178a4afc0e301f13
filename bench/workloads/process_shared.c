/* SPDX-License-Identifier: MIT */
/* One hot lock in memory that processes share, each of one thread. */
#include "workload.h"

#include "../harness/crew.h"
#include "../harness/registry.h"

struct shared {
    struct bench_protected data;
    uint64_t section_steps;
    double outside_steps;
    _Alignas(BENCH_LINE) unsigned char lock[];
};

static uint64_t turn(struct bench_member *m)
{
    struct shared *s = m->shared;

    bench_member_lock(m, s->lock);
    bench_section(&s->data, s->section_steps);
    bench_member_unlock(m, s->lock);
    bench_member_outside(m, s->outside_steps);
    return 1;
}

static bool run_process_shared(struct bench_run *run)
{
    const struct bench_cell *cell = &run->cell;
    size_t size = sizeof(struct shared) + run->ops->size;
    struct shared *s = bench_map_shared(size);
    struct bench_crew_plan plan = {.turn = turn,
                                   .shared = s,
                                   .turn_ns = cell->cs_ns + cell->outside_ns,
                                   .section_ns = cell->cs_ns,
                                   .outside_ns = cell->outside_ns,
                                   .processes = true};
    uint64_t done;

    s->section_steps = (uint64_t)(cell->cs_ns * bench_work_rate());
    s->outside_steps = cell->outside_ns * bench_work_rate();
    bench_lock_init_shared(run->ops, s->lock);
    bool ok = bench_crew_run(run, &plan, &done) && bench_crew_nothing_lost(run, done, s->data.guard.passes);

    if (run->ops->destroy)
        run->ops->destroy(s->lock);
    munmap(s, size);
    return ok;
}

static const char *cannot(const struct bench_lock_ops *ops)
{
    return ops->process_shared ? NULL : "it does not work between processes";
}

static const struct bench_workload process_shared = {
    .name = "process_shared",
    .description = "one hot lock in memory that processes share; --threads is the number of processes",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_CS | BENCH_TAKES_OUTSIDE,
    .cannot = cannot,
    .run = run_process_shared,
};
BENCH_WORKLOAD(process_shared);
