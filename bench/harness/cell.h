/* SPDX-License-Identifier: MIT */
/* What is varied from run to run. */
#ifndef BENCH_CELL_H
#define BENCH_CELL_H

struct bench_cell {
    unsigned threads;
    double cs_ns;        /* inside the critical section */
    double outside_ns;   /* between two of them, on average */
    unsigned lines;      /* cache lines that the section changes */
    unsigned neighbours; /* CPU-bound processes beside it */
    unsigned cpus;       /* the process is pinned to that many; 0: not pinned */
    unsigned quota;      /* per cent of one CPU that a cgroup leaves it; 0: no limit */
};

#endif
