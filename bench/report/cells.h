/* SPDX-License-Identifier: MIT */
/* Results by condition: which locks were measured in the same cell, and can be compared. */
#ifndef BENCH_CELLS_H
#define BENCH_CELLS_H

#include "results.h"

struct bench_compared {
    const struct bench_series *first; /* whose group and cell they all have */
    unsigned n;
    const struct bench_series **series; /* only those that have rounds */
};

struct bench_cells {
    unsigned n;
    struct bench_compared *at;
    unsigned nsubjects;
    const char **subjects; /* every lock's name once, in the order of the results */
};

/* Points into `results`, which must stay. */
void bench_cells_sort(const struct bench_results *results, struct bench_cells *cells);

void bench_cells_free(struct bench_cells *cells);

/* NULL: it was not measured there. */
const struct bench_series *bench_cells_find(const struct bench_compared *cell, const char *subject);

/* The median of the rounds' a / b. */
double bench_cells_ratio(const struct bench_series *a, const struct bench_series *b, size_t offset);

/* The median of one figure. */
double bench_cells_median(const struct bench_series *series, size_t offset);

/* Do threads meet at the lock all the time? bench/README.md says what this takes. */
bool bench_cells_contended(const struct bench_cell *cell);

/* Is this lock one of the project's own, and no peer? */
bool bench_cells_ours(const char *subject);

/* How many CPUs its threads had. */
unsigned bench_cells_cpus(const struct bench_cell *cell, unsigned of_machine);

/* Cells that differ in nothing but the threads, in ascending order of these. */
struct bench_group {
    unsigned n;
    const struct bench_compared **cells;
};

/* All groups; freed by bench_groups_free(). */
struct bench_group *bench_groups_make(const struct bench_cells *cells, unsigned *n);
void bench_groups_free(struct bench_group *groups, unsigned n);

/* Would the two be of one group? */
bool bench_groups_same(const struct bench_series *a, const struct bench_series *b);

/* Which parts of the cell mean something to the workload (enum bench_takes). */
unsigned bench_cells_take(const struct bench_series *series);

enum { BENCH_CELL_NAME = 160 };

/* "contended, 8 threads, 500 ns inside, 1.5 us outside" */
void bench_cells_name(const struct bench_series *series, char name[BENCH_CELL_NAME]);

/* The same without the threads. */
void bench_cells_name_group(const struct bench_series *series, char name[BENCH_CELL_NAME]);

/* "1.5 us", in at most `digits` significant digits. */
void bench_cells_time(double ns, int digits, char text[24]);

#endif
