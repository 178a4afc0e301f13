/* SPDX-License-Identifier: MIT */
/*
 * Description: a timed lock never returns ETIMEDOUT before its deadline, nor long after; and takes a mutex that is
 * released in time.
 * Holds: POSIX XSH pthread_mutex_timedlock, pthread_mutex_clocklock.
 */
#include "kinds.h"

enum { ROUNDS = 12, LATE_MS = 20000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *wait_out(void *arg)
{
    const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};

    for (int i = 0; i < ROUNDS; i++) {
        clockid_t clock = clocks[i % 2];
        struct timespec at = in_ms(clock, 1 + i * 3);
        int64_t due = (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;

        CHECK_EQ(ETIMEDOUT, pthread_mutex_clocklock(&mutex, clock, &at));
        int64_t now = now_ns(clock);
        CHECK(now >= due);
        CHECK(now - due < (int64_t)LATE_MS * 1000000);
        at = in_ms(CLOCK_REALTIME, 1 + i);
        due = (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
        CHECK_EQ(ETIMEDOUT, pthread_mutex_timedlock(&mutex, &at));
        CHECK(now_ns(CLOCK_REALTIME) >= due);
    }
    return arg;
}

static void *in_time(void *arg)
{
    struct timespec at = in_ms(CLOCK_MONOTONIC, 40000);

    CHECK_EQ(0, pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &at));
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    at = in_ms(CLOCK_REALTIME, 40000);
    CHECK_EQ(0, pthread_mutex_timedlock(&mutex, &at));
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    return arg;
}

/* The owner runs all the while: a waiter that only watched it would miss its deadline. */
static void owner_runs(int64_t for_ms)
{
    int64_t until = now_ns(CLOCK_MONOTONIC) + for_ms * 1000000;

    while (now_ns(CLOCK_MONOTONIC) < until)
        continue;
}

int main(void)
{
    pthread_t threads[4];

    begin();
    CHECK_EQ(0, pthread_mutex_lock(&mutex));
    for (int i = 0; i < 4; i++)
        threads[i] = go(wait_out, NULL);
    owner_runs(100);
    for (int i = 0; i < 4; i++)
        join(threads[i]);
    for (int i = 0; i < 4; i++)
        threads[i] = go(in_time, NULL);
    sleep_ms(30);
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    for (int i = 0; i < 4; i++)
        join(threads[i]);
    return 0;
}
