/* SPDX-License-Identifier: MIT */
/* What the benchmark asks of a workload: a file fills this struct and registers it, as locks do. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "../harness/cell.h"
#include "../harness/measure.h"
#include "../locks/lock.h"

#include <stdbool.h>
#include <stdint.h>

struct bench_run {
    const struct bench_lock_ops *ops;
    struct bench_cell cell;
    uint64_t round_ns;           /* how long to measure; the warm-up before it is the workload's own affair */
    void (*start)(void *arg);    /* the workload calls it at the start of the measured time ... */
    void (*stop)(void *arg);     /* ... and, if not NULL, this one at the end: bench_run_stop() */
    void *start_arg;             /* for both */
    struct bench_measure result; /* all NaN at first */
    char error[160];             /* set by a run that failed */
};

enum bench_takes {
    BENCH_TAKES_THREADS = 1, /* without: one */
    BENCH_TAKES_CS = 2,
    BENCH_TAKES_OUTSIDE = 4,
    BENCH_TAKES_LINES = 8,
};

struct bench_workload {
    const char *name;
    const char *description; /* one line */
    unsigned takes;          /* which parts of the cell mean something to it */
    /* NULL, or: why the workload cannot use this lock, NULL if it can. */
    const char *(*cannot)(const struct bench_lock_ops *ops);
    bool (*run)(struct bench_run *run); /* false: it failed, and run->error says why */
};

void bench_workload_register(const struct bench_workload *workload);

/* In a workload's file: `BENCH_WORKLOAD(workload);` and nothing else anywhere. */
#define BENCH_WORKLOAD(workload)                                                                                       \
    __attribute__((constructor)) static void bench_register_##workload(void)                                           \
    {                                                                                                                  \
        bench_workload_register(&workload);                                                                            \
    }                                                                                                                  \
    _Static_assert(sizeof(workload) > 0, "")

/* Ends the measured time, unless nobody wants to know. */
static inline void bench_run_stop(const struct bench_run *run)
{
    if (run->stop)
        run->stop(run->start_arg);
}

/* The part of a run that a workload spends warming up. */
static inline uint64_t bench_warm_up_ns(uint64_t round_ns)
{
    uint64_t ns = round_ns / 8;

    return ns > 20000000u ? ns : 20000000u;
}

#endif
