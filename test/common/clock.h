/* SPDX-License-Identifier: MIT */
/*
 * Time for tests: clocks, sleeps, deadlines, and waiting for something to become true on a machine of any speed.
 */
#ifndef ONCPU_TEST_CLOCK_H
#define ONCPU_TEST_CLOCK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define TEST_MS 1000000u
#define TEST_SECOND 1000000000u
#define TEST_PATIENCE_NS (30ull * TEST_SECOND) /* after which something is taken never to happen */

static inline uint64_t test_clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * TEST_SECOND + (uint64_t)now.tv_nsec;
}

static inline uint64_t test_now_ns(void)
{
    return test_clock_ns(CLOCK_MONOTONIC);
}

static inline struct timespec test_timespec(uint64_t ns)
{
    return (struct timespec){(time_t)(ns / TEST_SECOND), (long)(ns % TEST_SECOND)};
}

/* The time `ns` from now. */
static inline struct timespec test_deadline(clockid_t clock, uint64_t ns)
{
    return test_timespec(test_clock_ns(clock) + ns);
}

static inline void test_sleep_ns(uint64_t ns)
{
    struct timespec left = test_timespec(ns);

    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        ;
}

/* Lets some time pass; false when patience is at its end. */
static inline bool test_patient(uint64_t end)
{
    test_sleep_ns(200000);
    return test_now_ns() < end;
}

/* Whether the condition becomes true within all patience. */
#define EVENTUALLY(condition)                                                                                          \
    __extension__({                                                                                                    \
        uint64_t eventually_end = test_now_ns() + TEST_PATIENCE_NS;                                                    \
        bool eventually_met;                                                                                           \
        while (!(eventually_met = (condition)) && test_patient(eventually_end))                                        \
            ;                                                                                                          \
        eventually_met;                                                                                                \
    })

#endif
