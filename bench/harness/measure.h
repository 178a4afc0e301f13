/* SPDX-License-Identifier: MIT */
/* What one run yields, in the one form in which it is counted, stored, compared and printed. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>

/* A figure that a run does not have is NaN. */
struct bench_measure {
    double operations;  /* a lock's operation is one lock and one unlock */
    double seconds;     /* of wall time that they took */
    double throughput;  /* operations a second */
    double efficiency;  /* throughput by the ideal one */
    double cpu_ns;      /* CPU time an operation, of all threads */
    double fairness;    /* Jain's index of the threads' operations: 1 all equal, 1/threads one has all */
    double voluntary;   /* context switches an operation: the thread went to sleep */
    double involuntary; /* context switches an operation: the thread was preempted */
    double contended;   /* acquisitions an operation that found the lock held; of programs with the drop-in only */
    double wait_p50;    /* ns from the call of lock to having it */
    double wait_p99;
    double wait_p999;
    double wait_max;
    double starved;         /* ns: the longest time in which a thread did not come round to the lock again */
    double neighbour_share; /* CPU time that the neighbours got, of what they would have alone on a CPU each */
};

struct bench_metric {
    const char *name; /* in JSON */
    size_t offset;
};

/* All of them, in the order of the struct; the last one's name is NULL. */
extern const struct bench_metric bench_metrics[];

static inline double *bench_metric_of(struct bench_measure *measure, const struct bench_metric *metric)
{
    return (double *)((char *)measure + metric->offset);
}

struct bench_measure bench_measure_none(void);

/* Each figure's median over the runs that have it. */
struct bench_measure bench_measure_median(const struct bench_measure *runs, unsigned nruns);

/* Half of the range of a figure over the runs, by its median; NaN of fewer than two. */
double bench_measure_spread(const struct bench_measure *runs, unsigned nruns, size_t offset);

/* The median of a[i].x / b[i].x: figures of the same round, so that a drift of the machine's speed cancels. */
double bench_measure_ratio(const struct bench_measure *a, const struct bench_measure *b, unsigned nruns, size_t offset);

/* Jain's index. */
double bench_fairness(const double *values, unsigned n);

#endif
