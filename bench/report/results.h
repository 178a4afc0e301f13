/* SPDX-License-Identifier: MIT */
/* All that was measured in one call of the program, as the reports read it. */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "../harness/cell.h"
#include "../harness/measure.h"
#include "../harness/quiet.h"

#include <stdbool.h>

/* One line of the table: the same thing, measured once a round. */
struct bench_series {
    char group[160];        /* what is compared: a workload with its arguments, or a program */
    char subject[32];       /* which lock */
    const char *workload;   /* NULL: a program */
    struct bench_cell cell; /* of a program: the threads */
    const char *unit;       /* of the throughput */
    bool base;              /* the others of its group and cell are compared with it */
    unsigned nrounds;
    struct bench_measure *rounds; /* all NaN: it failed, the same round of others stays beside it */
    char error[160];              /* of the last run that failed; "": none did */
};

/* Something that was not measured, and why. */
struct bench_not_run {
    char what[100];
    char why[200];
};

struct bench_results {
    unsigned nseries;
    struct bench_series *series;
    unsigned nnot_run;
    struct bench_not_run *not_run;
    struct bench_disturbance disturbance;
};

/* A new series like this one, without rounds; returns its index. */
unsigned bench_results_add(struct bench_results *results, const struct bench_series *like);

void bench_results_add_round(struct bench_results *results, unsigned series, const struct bench_measure *measure);

void bench_results_not_run(struct bench_results *results, const char *what, const char *why);

/* Has any of its rounds a figure? */
bool bench_series_measured(const struct bench_series *series);

/* Were the two measured under the same conditions? */
bool bench_series_same_cell(const struct bench_series *a, const struct bench_series *b);

/* A figure of a series in `results` by that of the group's base, NaN without one. */
double bench_results_ratio(const struct bench_results *results, const struct bench_series *series, size_t offset);

/* Did anything that was to be measured fail? */
bool bench_results_failed(const struct bench_results *results);

void bench_results_free(struct bench_results *results);

#endif
