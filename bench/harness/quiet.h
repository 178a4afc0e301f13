/* SPDX-License-Identifier: MIT */
/* Did anything else use the machine while it was measured? */
#ifndef BENCH_QUIET_H
#define BENCH_QUIET_H

#include <stdbool.h>

enum { BENCH_DISTURBERS = 3 };

/* Shares are of the time of all CPUs. NaN: not known. All zero: nobody looked. */
struct bench_disturbance {
    bool looked;
    double before, during;
    unsigned n; /* the busiest processes of those that were there all the time */
    struct bench_disturber {
        char name[20];
        long pid;
        double share;
    } by[BENCH_DISTURBERS];
};

/*
 * The first call looks for a moment how quiet the machine is, and says so on standard error if it is not; each call
 * begins a time to watch. What this process and its children use is not counted.
 */
void bench_quiet_begin(struct bench_disturbance *disturbance);

/* Ends it. Of several times, the worst is kept. */
void bench_quiet_end(struct bench_disturbance *disturbance);

/* Is it more than figures can stand? */
bool bench_disturbed(const struct bench_disturbance *disturbance);

#endif
