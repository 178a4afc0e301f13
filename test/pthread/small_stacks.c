/* SPDX-License-Identifier: MIT */
/*
 * Description: threads with the smallest stack there is contend and wait, also with a signal frame on top.
 * Holds: POSIX XBD <limits.h> PTHREAD_STACK_MIN, XSH pthread_attr_setstacksize.
 */
#include "check.h"
#include <signal.h>

enum { THREADS = 6, ROUNDS = 3000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static volatile long counter;

static void *work(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct timespec at = in_ms(CLOCK_REALTIME, 50000);
        CHECK_EQ(0, i % 2 ? pthread_mutex_lock(&mutex) : pthread_mutex_timedlock(&mutex, &at));
        long seen = counter;
        if (i % 64 == 0)
            sched_yield();
        counter = seen + 1;
        if (i % 128 == 0) {
            at = in_ms(CLOCK_REALTIME, 1);
            pthread_cond_timedwait(&moved, &mutex, &at);
        }
        CHECK_EQ(0, pthread_cond_signal(&moved));
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    }
    return arg;
}

static void ignore(int signal)
{
    (void)signal;
}

int main(void)
{
    struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    pthread_t threads[THREADS];
    pthread_attr_t attr;

    begin();
    CHECK_EQ(0, sigaction(SIGUSR1, &action, NULL));
    CHECK_EQ(0, pthread_attr_init(&attr));
    CHECK_EQ(0, pthread_attr_setstacksize(&attr, (size_t)sysconf(_SC_THREAD_STACK_MIN)));
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(0, pthread_create(&threads[i], &attr, work, NULL));
    for (int i = 0; i < 100; i++) {
        pthread_kill(threads[i % THREADS], SIGUSR1); /* ESRCH, once the thread has ended */
        sched_yield();
    }
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK_EQ(THREADS * ROUNDS, counter);
    return 0;
}
