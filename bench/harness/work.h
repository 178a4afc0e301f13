/* SPDX-License-Identifier: MIT */
/* Computation of a known length: what a thread does inside the critical section and outside. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdint.h>

/* One step of a chain in which each step needs the one before: a CPU cannot overlap them. Also a random number. */
static inline uint64_t bench_work_step(uint64_t x)
{
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    /* Or the compiler would compute several steps at a time where it can. */
    __asm__ volatile("" : "+r"(x));
    return x;
}

static inline uint64_t bench_work(uint64_t x, uint64_t steps)
{
    while (steps--)
        x = bench_work_step(x);
    return x;
}

/* Steps a nanosecond on this CPU; measured once, at the first call (some milliseconds). */
double bench_work_rate(void);

/* Takes over what another process of this machine measured, before the first call of bench_work_rate(). */
void bench_work_rate_set(double rate);

/* The CPUs that this process may use. */
unsigned bench_cpus(void);

#endif
