/* SPDX-License-Identifier: MIT */
/*
 * Description: lock, trylock, timedlock, clocklock and condition waits on one mutex, by many threads: never two owners.
 * Holds: POSIX XSH pthread_mutex_lock, pthread_cond_timedwait.
 */
#include "kinds.h"

enum { THREADS = 12, ROUNDS = 1500 };

struct cell {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    volatile int inside;
    volatile long counter;
};

static int take(struct cell *c, int how)
{
    struct timespec at;

    switch (how) {
    case 0:
        return pthread_mutex_trylock(&c->mutex);
    case 1:
        at = in_ms(CLOCK_REALTIME, how);
        return pthread_mutex_timedlock(&c->mutex, &at);
    case 2:
        at = in_ms(CLOCK_MONOTONIC, 0);
        return pthread_mutex_clocklock(&c->mutex, CLOCK_MONOTONIC, &at);
    default:
        return pthread_mutex_lock(&c->mutex);
    }
}

static void inside(struct cell *c, int turn)
{
    CHECK_EQ(0, c->inside);
    c->inside = 1;
    long seen = c->counter;
    if (turn % 32 == 0)
        sched_yield();
    c->counter = seen + 1;
    c->inside = 0;
    if (turn % 16 == 7) {
        struct timespec at = in_ms(CLOCK_REALTIME, 1);
        int result = pthread_cond_timedwait(&c->moved, &c->mutex, &at);
        CHECK(result == 0 || result == ETIMEDOUT);
        CHECK_EQ(0, c->inside);
    } else if (turn % 4 == 0) {
        CHECK_EQ(0, pthread_cond_signal(&c->moved));
    }
}

static void *work(void *arg)
{
    struct cell *c = arg;

    for (int done = 0, how = 0; done < ROUNDS; how = (how + 1) % 5) {
        int result = take(c, how);
        if (result != 0) {
            CHECK(result == EBUSY || result == ETIMEDOUT);
            continue;
        }
        inside(c, done++);
        CHECK_EQ(0, pthread_mutex_unlock(&c->mutex));
    }
    return NULL;
}

int main(void)
{
    begin();
    for (int type = TYPE_DEFAULT; type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++) {
        struct cell c = {.moved = PTHREAD_COND_INITIALIZER};
        pthread_t threads[THREADS];

        init_type(&c.mutex, type);
        for (int i = 0; i < THREADS; i++)
            threads[i] = go(work, &c);
        for (int i = 0; i < THREADS; i++)
            join(threads[i]);
        CHECK_EQ((long)THREADS * ROUNDS, c.counter);
        CHECK_EQ(0, pthread_mutex_destroy(&c.mutex));
        CHECK_EQ(0, pthread_cond_destroy(&c.moved));
        printf("type %d: exact\n", type);
    }
    return 0;
}
