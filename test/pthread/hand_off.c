/* SPDX-License-Identifier: MIT */
/*
 * Description: threads that take the mutex again at once after they released it do not keep others out for ever.
 * Holds: POSIX XSH pthread_mutex_unlock (the scheduling policy decides who is next, but somebody who waits must be
 * woken).
 */
#include "check.h"

enum { HOGS = 3, TURNS = 15 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int stop;

static void *hog(void *arg)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) { /* with the store in main(); orders nothing */
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        int64_t until = now_ns(CLOCK_MONOTONIC) + 2000;
        while (now_ns(CLOCK_MONOTONIC) < until)
            continue;
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    }
    return arg;
}

int main(void)
{
    pthread_t hogs[HOGS];

    begin();
    for (int i = 0; i < HOGS; i++)
        hogs[i] = go(hog, NULL);
    for (int i = 0; i < TURNS; i++) {
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        sleep_ms(2);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED); /* with the load in hog() */
    for (int i = 0; i < HOGS; i++)
        join(hogs[i]);
    return 0;
}
