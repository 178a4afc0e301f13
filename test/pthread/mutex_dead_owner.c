/* SPDX-License-Identifier: MIT */
/*
 * Description: a thread ends while it holds a mutex: the mutex stays held, waiters sleep and time out, and its id in
 * the mutex means nothing to the threads that come later.
 * Holds: POSIX XSH pthread_mutex_lock, PTHREAD_MUTEX_STALLED.
 */
#include "kinds.h"

enum { WAITERS = 4, WAIT_MS = 400 };

static void *lock_it(void *mutex)
{
    CHECK_EQ(0, pthread_mutex_lock(mutex));
    return NULL;
}

static void *wait_for_it(void *mutex)
{
    struct timespec soon = in_ms(CLOCK_MONOTONIC, WAIT_MS);

    CHECK_EQ(ETIMEDOUT, pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &soon));
    return NULL;
}

static void stalled(int type)
{
    pthread_mutex_t m;
    pthread_t waiters[WAITERS];

    printf("type %d\n", type);
    init_type(&m, type);
    join(go(lock_it, &m));
    int64_t before = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < WAITERS; i++)
        waiters[i] = go(wait_for_it, &m);
    for (int i = 0; i < WAITERS; i++)
        join(waiters[i]);
    int64_t burnt = now_ns(CLOCK_PROCESS_CPUTIME_ID) - before;
    CHECK(burnt < (int64_t)WAIT_MS * 1000000 / 4);
    EXPECT(EBUSY, pthread_mutex_trylock(&m));
}

int main(void)
{
    begin();
    for (int type = TYPE_DEFAULT; type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++)
        stalled(type);
    return 0;
}
