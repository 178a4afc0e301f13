/* SPDX-License-Identifier: MIT */
/* Runs a workload for many locks and cells, so that the figures can be compared. */
#ifndef BENCH_MATRIX_H
#define BENCH_MATRIX_H

#include "../report/results.h"
#include "../workloads/workload.h"
#include "registry.h"

enum { BENCH_MAX_CELLS = 256 };

struct bench_matrix {
    const struct bench_workload *workload;
    bool unchecked; /* no check of the locks comes first: only a workload's own can notice a broken one */
    unsigned nlocks;
    const struct bench_lock_ops *locks[BENCH_MAX_REGISTERED];
    unsigned ncells; /* one, if the workload has none */
    struct bench_cell cells[BENCH_MAX_CELLS];
    unsigned rounds;
    uint64_t round_ns;
};

/* Takes the locks out that cannot run or that the checker found broken. Returns false if one was broken. */
bool bench_matrix_check(struct bench_matrix *matrix, struct bench_results *results);

/* What bench_matrix_run() will take. */
double bench_matrix_seconds(const struct bench_matrix *matrix);

/* Called from time to time between two runs, with what there is so far. */
typedef void bench_matrix_saved_fn(const struct bench_results *results, void *arg);

/* Several matrices, one after the other, as bench_matrix_run() does one. `save` may be NULL. */
void bench_matrix_run_all(const struct bench_matrix *matrices, unsigned n, struct bench_results *results,
                          bench_matrix_saved_fn *save, void *arg);

/*
 * Cell by cell, and in each cell round by round: every lock once, beginning with another lock in each round, so that
 * whatever else the machine does falls on all of them. One of the two, once in a process.
 */
void bench_matrix_run(const struct bench_matrix *matrix, struct bench_results *results);

#endif
