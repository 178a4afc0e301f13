/* SPDX-License-Identifier: MIT */
/*
 * Description: destructors of thread-specific data take contended locks, in every iteration that the standard allows.
 * Holds: POSIX XSH pthread_key_create (PTHREAD_DESTRUCTOR_ITERATIONS), pthread_exit.
 */
#include "check.h"

enum { THREADS = 8, ROUNDS = 60, LOCKS = 20 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t first, last;
static volatile long counter;

static void count(void)
{
    for (int i = 0; i < LOCKS; i++) {
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        long seen = counter;
        if (i == LOCKS / 2)
            sched_yield();
        counter = seen + 1;
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    }
}

static void destroy_first(void *value)
{
    count();
    CHECK_EQ(0, pthread_setspecific(last, value));
}

static void destroy_last(void *value)
{
    count();
    CHECK_EQ(0, pthread_setspecific(first, value));
}

static void *work(void *arg)
{
    CHECK_EQ(0, pthread_setspecific(first, &mutex));
    return arg;
}

int main(void)
{
    begin();
    CHECK_EQ(0, pthread_key_create(&first, destroy_first));
    CHECK_EQ(0, pthread_key_create(&last, destroy_last));
    for (int r = 0; r < ROUNDS; r++) {
        pthread_t threads[THREADS];

        for (int i = 0; i < THREADS; i++)
            threads[i] = go(work, NULL);
        for (int i = 0; i < THREADS; i++)
            join(threads[i]);
    }
    printf("%ld locks in destructors\n", counter);
    CHECK_EQ(0, counter % (THREADS * ROUNDS * LOCKS));
    CHECK(counter > 0);
    return 0;
}
