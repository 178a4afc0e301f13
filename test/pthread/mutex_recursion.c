/* SPDX-License-Identifier: MIT */
/*
 * Description: recursion depth, with contenders; EAGAIN at its limit, by every call that takes the mutex.
 * Holds: POSIX XSH pthread_mutex_lock (EAGAIN), PTHREAD_MUTEX_RECURSIVE.
 */
#include "fields.h"
#include "kinds.h"

enum { DEPTH = 5, ROUNDS = 2000, THREADS = 4 };

static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static volatile long counter;

static void *nest(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        for (int d = 0; d < DEPTH; d++)
            CHECK_EQ(0, d % 2 ? pthread_mutex_trylock(&mutex) : pthread_mutex_lock(&mutex));
        CHECK_EQ(DEPTH, mutex.__data.__count);
        long seen = counter;
        for (int d = 0; d < DEPTH; d++) {
            CHECK_EQ(gettid(), mutex.__data.__owner);
            if (d == DEPTH - 1)
                counter = seen + 1;
            CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        }
    }
    return arg;
}

static void at_the_limit(pthread_mutex_t *m)
{
    struct timespec soon = in_ms(CLOCK_REALTIME, 1000);

    CHECK_EQ(0, pthread_mutex_lock(m));
    m->__data.__count = UINT_MAX - 1;
    EXPECT(0, pthread_mutex_lock(m));
    EXPECT(EAGAIN, pthread_mutex_lock(m));
    EXPECT(EAGAIN, pthread_mutex_trylock(m));
    EXPECT(EAGAIN, pthread_mutex_timedlock(m, &soon));
    EXPECT(EAGAIN, pthread_mutex_clocklock(m, CLOCK_REALTIME, &soon));
    show_fields("limit", m);
    EXPECT(0, pthread_mutex_unlock(m));
    EXPECT(0, pthread_mutex_trylock(m));
    m->__data.__count = 1;
    EXPECT(0, pthread_mutex_unlock(m));
    show_fields("free", m);
    EXPECT(EPERM, pthread_mutex_unlock(m));
}

int main(void)
{
    pthread_t threads[THREADS];
    pthread_mutex_t shared;

    begin();
    for (int i = 0; i < THREADS; i++)
        threads[i] = go(nest, NULL);
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK_EQ(THREADS * ROUNDS, counter);
    show_fields("after nesting", &mutex);
    at_the_limit(&mutex);
    const struct kind kind = {"", PTHREAD_MUTEX_RECURSIVE, 0, PTHREAD_PRIO_NONE, 1};
    init_kind(&shared, &kind);
    at_the_limit(&shared);
    return 0;
}
