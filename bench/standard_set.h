/* SPDX-License-Identifier: MIT */
/* The cells that every lock is judged by. */
#ifndef BENCH_STANDARD_SET_H
#define BENCH_STANDARD_SET_H

#include "harness/matrix.h"

/*
 * Fills matrices that are like `like` but for the workload and the cells; they are freed by free(). Workloads that this
 * program lacks, and what cannot be had of them, go to the results as not run.
 */
struct bench_matrix *bench_standard_set(bool full, const struct bench_matrix *like, struct bench_results *results,
                                        unsigned *n);

#endif
