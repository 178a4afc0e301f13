/* SPDX-License-Identifier: MIT */
/*
 * Description: a thousand threads wait for one mutex, some with deadlines that pass; each gets its turn or its
 * timeout, none is forgotten, and the others do not burn the CPU meanwhile.
 * Holds: POSIX XSH pthread_mutex_lock, pthread_mutex_timedlock; no limit on the waiters of a mutex.
 */
#include "check.h"

enum { WAITERS = 1000, STACK = 64 * 1024, HOLD_MS = 300 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t ready;
static volatile long turns;
static int timed_out;

static void *wait_for_turn(void *timed)
{
    pthread_barrier_wait(&ready);
    if (timed) {
        struct timespec at = in_ms(CLOCK_REALTIME, 30);
        CHECK_EQ(ETIMEDOUT, pthread_mutex_timedlock(&mutex, &at));
        __atomic_fetch_add(&timed_out, 1, __ATOMIC_RELAXED); /* with the load in main(); orders nothing */
    }
    CHECK_EQ(0, pthread_mutex_lock(&mutex));
    turns = turns + 1;
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    return NULL;
}

int main(void)
{
    static pthread_t threads[WAITERS];
    static int timed;
    pthread_attr_t attr;

    begin();
    CHECK_EQ(0, pthread_attr_init(&attr));
    CHECK_EQ(0, pthread_attr_setstacksize(&attr, STACK));
    CHECK_EQ(0, pthread_barrier_init(&ready, NULL, WAITERS + 1));
    CHECK_EQ(0, pthread_mutex_lock(&mutex));
    for (int i = 0; i < WAITERS; i++)
        CHECK_EQ(0, pthread_create(&threads[i], &attr, wait_for_turn, i % 3 == 0 ? &timed : NULL));
    pthread_barrier_wait(&ready);
    while (__atomic_load_n(&timed_out, __ATOMIC_RELAXED) < (WAITERS + 2) / 3) /* with the addition in wait_for_turn() */
        sleep_ms(10);
    sleep_ms(200); /* for most of the others to come and lie down */
    int64_t before = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    sleep_ms(HOLD_MS);
    CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) - before < (int64_t)HOLD_MS * 1000000 / 2);
    CHECK_EQ(0, turns);
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    for (int i = 0; i < WAITERS; i++)
        join(threads[i]);
    CHECK_EQ(WAITERS, turns);
    return 0;
}
