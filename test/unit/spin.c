/* SPDX-License-Identifier: MIT */
/*
 * A spin of so many nanoseconds takes about so long, and spinning is off where there is one CPU.
 */
#include "lock/spin.h"

#include "unit.h"

#include <sched.h>
#include <stdlib.h>

enum { SAMPLES = 201 };

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* The median: a sample can be interrupted. */
static uint64_t median_of_spins(uint32_t ns)
{
    uint64_t took[SAMPLES];

    for (int i = 0; i < SAMPLES; i++) {
        uint64_t begin = test_now_ns();
        oncpu_spin_ns(ns);
        took[i] = test_now_ns() - begin;
    }
    qsort(took, SAMPLES, sizeof(took[0]), compare);
    return took[SAMPLES / 2];
}

Test(spin, takes_about_as_long_as_asked)
{
    static const uint32_t lengths[] = {2000, 20000, 100000};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint64_t median = median_of_spins(lengths[i]);
        cr_assert(median > lengths[i] / 5 && median < (uint64_t)lengths[i] * 5, "%u ns took %lu ns", lengths[i],
                  (unsigned long)median);
    }
}

Test(spin, a_longer_one_takes_longer)
{
    cr_assert_lt(median_of_spins(500), median_of_spins(50000));
}

Test(spin, is_off_on_one_cpu)
{
    cpu_set_t all;

    cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    cr_assert_eq(oncpu_spin_allowed(), CPU_COUNT(&all) > 1);
}
