/* SPDX-License-Identifier: MIT */
/* Measures how fast this CPU works, and how many there are. */
#include "work.h"

#include "clock.h"

#include <sched.h>

static double rate;

void bench_work_rate_set(double measured)
{
    rate = measured;
}

double bench_work_rate(void)
{
    enum { STEPS = 20000, TRIES = 100 };
    uint64_t best = UINT64_MAX, x = 88172645463325252u;

    /* The fastest try is the one that nothing interrupted. */
    for (int i = 0; rate == 0 && i < TRIES; i++) {
        uint64_t start = bench_now_ns();

        x = bench_work(x, STEPS);
        uint64_t ns = bench_now_ns() - start;

        best = ns && ns < best ? ns : best;
    }
    if (rate == 0)
        rate = (double)STEPS / (double)best;
    return rate;
}

unsigned bench_cpus(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    /* Fails only on machines with more CPUs than the set holds: any number that large will do. */
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return CPU_SETSIZE;
    return (unsigned)CPU_COUNT(&set);
}
