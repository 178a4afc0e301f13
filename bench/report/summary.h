/* SPDX-License-Identifier: MIT */
/* What all the figures come to for one lock: where it leads, where it does not, and by how much. */
#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

#include "cells.h"

#include <stdio.h>

/* Ratios of one kind over cells. */
struct bench_tally {
    unsigned n;
    double log_sum;
    double worst;
    const struct bench_compared *worst_cell; /* NULL: n is 0 */
    const char *worst_peer;
    unsigned bad;  /* cells beyond the limit of this kind of figure */
    unsigned lead; /* cells where the lock is at least as good as the other */
};

/* Throughput: more is better; the others: less is. */
struct bench_against {
    const char *peer; /* NULL: the best other lock in each cell */
    struct bench_tally throughput, cpu, wait;
};

struct bench_summary {
    const char *subject;
    unsigned contended;          /* cells where the lock was measured */
    unsigned alone;              /* of those: no other lock was fair */
    unsigned unfair;             /* of those: the lock itself was not fair */
    unsigned left_out;           /* times that another lock was left out because it was not fair */
    unsigned missing;            /* cells where others were measured, but not the lock */
    struct bench_against best;   /* in contended cells */
    unsigned npeers;             /* every other lock that there is a figure for */
    struct bench_against *peers; /* in contended cells */
    struct bench_tally quiet;    /* throughput against "pthread" in the other cells of workloads */
    struct bench_tally programs; /* throughput with the drop-in against without */
};

/* Below this Jain's index, a lock's throughput is not one to compare with. */
extern const double bench_summary_fair;

/* Throughput by that of the best other lock: less than this is called behind. */
extern const double bench_summary_behind;

/* Points into `cells`, which must stay. */
void bench_summary_make(const struct bench_cells *cells, const char *subject, struct bench_summary *summary);

void bench_summary_free(struct bench_summary *summary);

bool bench_summary_is_fair(const struct bench_series *series);

/* The lock with the most throughput that is fair and not one of ours; NULL: there is none. Counts those that are left out. */
const struct bench_series *bench_summary_best(const struct bench_compared *cell, unsigned *left_out);

double bench_tally_mean(const struct bench_tally *tally);

/* The one sentence that matters. */
void bench_summary_sentence(const struct bench_summary *summary, char *text, size_t size);

void bench_summary_print(FILE *out, const struct bench_summary *summary);

#endif
