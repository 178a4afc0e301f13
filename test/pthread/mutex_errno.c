/* SPDX-License-Identifier: MIT */
/*
 * Description: errno is what it was before, also after calls that waited, timed out or failed.
 * Holds: glibc pthread_mutex_* (error numbers are returned, errno is not used); programs save and test errno around
 * locks.
 */
#include "kinds.h"

enum { THREADS = 6, ROUNDS = 3000, MARK = 4711 };

static pthread_mutex_t mutex;

static void *work(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct timespec at = in_ms(CLOCK_REALTIME, i % 3 ? 60000 : 0);
        errno = MARK;
        int result = i % 2 ? pthread_mutex_lock(&mutex) : pthread_mutex_timedlock(&mutex, &at);
        CHECK_EQ(MARK, errno);
        CHECK(result == 0 || result == ETIMEDOUT);
        if (result != 0)
            continue;
        if (i % 32 == 0) {
            sched_yield();
            errno = MARK;
        }
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        CHECK_EQ(MARK, errno);
    }
    return arg;
}

static void failures(int type)
{
    const struct timespec past = {1, 0}, bad = {1, -1};
    pthread_mutex_t m;

    init_type(&m, type);
    errno = MARK;
    SHOW(pthread_mutex_trylock(&m));
    SHOW(pthread_mutex_trylock(&m));
    SHOW(pthread_mutex_timedlock(&m, &past));
    SHOW(pthread_mutex_timedlock(&m, &bad));
    SHOW(pthread_mutex_clocklock(&m, 999, &past));
    SHOW(pthread_mutex_destroy(&m));
    CHECK_EQ(MARK, errno);
}

int main(void)
{
    pthread_t threads[THREADS];

    begin();
    printf("start\n"); /* stdio decides about its buffer once, and that sets errno */
    for (int type = TYPE_DEFAULT; type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++) {
        failures(type);
        init_type(&mutex, type);
        for (int i = 0; i < THREADS; i++)
            threads[i] = go(work, NULL);
        for (int i = 0; i < THREADS; i++)
            join(threads[i]);
    }
    return 0;
}
