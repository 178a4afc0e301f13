/* SPDX-License-Identifier: MIT */
/* The threads of a workload: made together, warmed up, measured, stopped and summed up. A workload brings one turn. */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include "../workloads/workload.h"
#include "clock.h"
#include "histogram.h"
#include "memory.h"
#include "work.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_crew;

/* One thread, or one process. */
struct bench_member {
    _Alignas(BENCH_LINE) struct bench_crew *crew;
    const struct bench_lock_ops *ops;
    void *shared; /* the workload's */
    unsigned index;
    pthread_t thread;
    pid_t pid;
    clockid_t cpu_clock;

    _Alignas(BENCH_LINE) uint64_t random; /* another number each turn */
    bool timed;                           /* the waits of this turn are measured */
    bool asked;                           /* it has called lock */
    uint64_t waited;                      /* in this turn */
    uint64_t done;                        /* operations in all phases */
    uint64_t private_line;
    atomic_ullong operations; /* in the measured phase; this and the next are watched meanwhile */
    atomic_ullong turns;      /* watched: who starves? */
    atomic_ullong cpu_ns;     /* of threads that the member has made and that have ended */
    struct bench_histogram waits;
};

struct bench_crew_plan {
    /* One turn: takes the lock, at least once. Returns how many operations it completed. */
    uint64_t (*turn)(struct bench_member *member);
    /* NULL, or called after the end has been announced: whoever sleeps inside a turn must come back. */
    void (*wake)(void *shared);
    void *shared;
    double turn_ns;    /* roughly: decides how many waits are timed */
    double section_ns; /* as in ideal throughput; NaN: there is none to compute */
    double outside_ns;
    double asleep_ns; /* of both together: no CPU is needed for it */
    double hottest;   /* the share of the sections that are under the most wanted lock; 0: all */
    bool processes;   /* members are processes: `shared` must be in memory that they share */
};

/*
 * Makes run->cell.threads members take turns, and fills run->result. `done` becomes the operations of all phases: what
 * the protected data must show. False: run->error says why.
 */
bool bench_crew_run(struct bench_run *run, const struct bench_crew_plan *plan, uint64_t *done);

/*
 * Fills plan->turn_ns, section_ns, outside_ns and asleep_ns: lets the calling thread take turns alone, without a lock, for some
 * milliseconds. Returns the operations that this did to the protected data.
 */
uint64_t bench_crew_calibrate(struct bench_crew_plan *plan);

/*
 * Operations a second that no lock can exceed: sections under one lock follow each other, and no more threads run than
 * there are CPUs. NaN: not known.
 */
double bench_crew_ideal(const struct bench_cell *cell, const struct bench_crew_plan *plan);

/* Has the end come? For turns that wait for others. */
bool bench_crew_stopping(const struct bench_member *member);

/* Is this the measured time? */
bool bench_crew_measuring(const struct bench_member *member);

/* Fails the run unless both are equal. */
bool bench_crew_nothing_lost(struct bench_run *run, uint64_t done, uint64_t found);

static inline void bench_member_lock(struct bench_member *m, void *lock)
{
    uint64_t from = m->timed ? bench_now_ns() : 0;

    m->ops->lock(lock);
    if (m->timed) {
        m->waited += bench_now_ns() - from;
        m->asked = true;
    }
}

static inline void bench_member_unlock(struct bench_member *m, void *lock)
{
    m->ops->unlock(lock);
}

/* Uniform in [0, 1), another one each turn. */
static inline double bench_member_share(const struct bench_member *m)
{
    return (double)(m->random >> 11) * 0x1p-53;
}

/* Uniform in [0, 2 x mean): the members do not fall into step. */
static inline void bench_member_outside(struct bench_member *m, double mean_steps)
{
    m->private_line = bench_work(m->private_line | 1, (uint64_t)(2 * bench_member_share(m) * mean_steps));
}

/*
 * A count that is read where a section begins and written where it ends: if two members were inside, an update is
 * lost. Volatile, so that it is read and written there and nowhere else.
 */
struct bench_guard {
    volatile uint64_t passes;
};

static inline uint64_t bench_guard_enter(const struct bench_guard *guard)
{
    return guard->passes;
}

static inline void bench_guard_leave(struct bench_guard *guard, uint64_t entered)
{
    guard->passes = entered + 1;
}

/* What a lock protects in most workloads, in a cache line of its own, and a section that changes it. */
struct bench_protected {
    _Alignas(BENCH_LINE) struct bench_guard guard;
    uint64_t value;
};

static inline void bench_section(struct bench_protected *data, uint64_t steps)
{
    uint64_t entered = bench_guard_enter(&data->guard);

    data->value = bench_work(data->value | 1, steps);
    bench_guard_leave(&data->guard, entered);
}

#endif
