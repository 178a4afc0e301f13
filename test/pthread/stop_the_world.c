/* SPDX-License-Identifier: MIT */
/*
 * Description: a garbage collector stops a thread that waits for a mutex, by a signal whose handler waits for another one; then
 * it unlocks that mutex and takes it again. The stopped thread runs, but in its handler: whoever gives it the lock gives it to
 * nobody.
 * Holds: glibc: a thread in a signal handler, waiting for a mutex beneath it, keeps nobody from that mutex.
 */
#include "check.h"
#include <signal.h>

enum { ROUNDS = 1500 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int stopped, round_begun, round_ended;
static volatile sig_atomic_t resumed;
static sigset_t only_resume;

static void stop(int signal)
{
    (void)signal;
    resumed = 0;
    __atomic_store_n(&stopped, 1, __ATOMIC_RELEASE);
    while (!resumed)
        sigsuspend(&only_resume);
}

static void resume(int signal)
{
    (void)signal;
    resumed = 1;
}

static void *mutate(void *unused)
{
    (void)unused;
    for (int round = 1; round <= ROUNDS; round++) {
        while (__atomic_load_n(&round_begun, __ATOMIC_ACQUIRE) < round)
            sched_yield();
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        __atomic_store_n(&round_ended, round, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void busy_us(long us)
{
    const struct timespec end = in_ms(CLOCK_MONOTONIC, 0);
    struct timespec now;

    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - end.tv_sec) * 1000000 + (now.tv_nsec - end.tv_nsec) / 1000 < us);
}

static void collect(pthread_t mutator, int round)
{
    struct timespec at;

    CHECK_EQ(0, pthread_mutex_lock(&mutex));
    __atomic_store_n(&stopped, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&round_begun, round, __ATOMIC_RELEASE);
    busy_us(10 + round % 20); /* so that it waits, and by now for long */
    CHECK_EQ(0, pthread_kill(mutator, SIGUSR1));
    while (!__atomic_load_n(&stopped, __ATOMIC_ACQUIRE))
        sched_yield();
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    at = in_ms(CLOCK_REALTIME, 20000);
    CHECK_EQ(0, pthread_mutex_timedlock(&mutex, &at));
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    CHECK_EQ(0, pthread_kill(mutator, SIGUSR2));
    while (__atomic_load_n(&round_ended, __ATOMIC_ACQUIRE) < round)
        sched_yield();
}

int main(void)
{
    struct sigaction action = {.sa_handler = stop};
    pthread_t mutator;

    begin();
    sigfillset(&action.sa_mask);
    CHECK_EQ(0, sigaction(SIGUSR1, &action, NULL));
    action.sa_handler = resume;
    CHECK_EQ(0, sigaction(SIGUSR2, &action, NULL));
    sigfillset(&only_resume);
    sigdelset(&only_resume, SIGUSR2);
    CHECK_EQ(0, pthread_create(&mutator, NULL, mutate, NULL));
    for (int round = 1; round <= ROUNDS; round++)
        collect(mutator, round);
    CHECK_EQ(0, pthread_join(mutator, NULL));
    return 0;
}
