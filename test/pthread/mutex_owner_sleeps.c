/* SPDX-License-Identifier: MIT */
/*
 * Description: while the owner sleeps inside its section, its waiters sleep too, for every way to wait.
 * Holds: glibc pthread_mutex_lock (waiters sleep in a futex).
 */
#include "kinds.h"

enum { WAITERS = 6, HOLD_MS = 500 };

static pthread_mutex_t mutex;

static void *wait_for_it(void *how)
{
    struct timespec at = in_ms(CLOCK_REALTIME, 50000);

    CHECK_EQ(0, how ? pthread_mutex_timedlock(&mutex, &at) : pthread_mutex_lock(&mutex));
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    return NULL;
}

int main(void)
{
    static int timed;

    begin();
    for (int type = TYPE_DEFAULT; type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++) {
        pthread_t waiters[WAITERS];

        init_type(&mutex, type);
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        int64_t before = now_ns(CLOCK_PROCESS_CPUTIME_ID);
        for (int i = 0; i < WAITERS; i++)
            waiters[i] = go(wait_for_it, i % 2 ? &timed : NULL);
        sleep_ms(HOLD_MS);
        int64_t burnt = now_ns(CLOCK_PROCESS_CPUTIME_ID) - before;
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        for (int i = 0; i < WAITERS; i++)
            join(waiters[i]);
        CHECK(burnt < (int64_t)HOLD_MS * 1000000 / 4);
        printf("type %d: the waiters slept\n", type);
    }
    return 0;
}
