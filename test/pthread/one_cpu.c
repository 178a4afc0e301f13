/* SPDX-License-Identifier: MIT */
/*
 * Description: all threads share one CPU: a waiter that spins keeps the owner from running, one of real-time priority
 * for as long as it likes; so none may, and the work gets done at little cost.
 * Holds: Linux sched(7) (SCHED_FIFO keeps the CPU until it blocks).
 */
#include "check.h"

enum { ROUNDS = 40, BUSY_US = 1000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int64_t cpu_of_waiters;

static void use_one_cpu(void)
{
    cpu_set_t all, one;

    CHECK_EQ(0, sched_getaffinity(0, sizeof(all), &all));
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    CHECK_EQ(0, sched_setaffinity(0, sizeof(one), &one));
}

static void *wait_for_owner(void *real_time)
{
    const struct sched_param param = {.sched_priority = 2};

    if (real_time && pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) != 0)
        return NULL; /* not permitted: it waits as the others do */
    int64_t before = now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        sleep_ms(1);
    }
    int64_t burnt = now_ns(CLOCK_THREAD_CPUTIME_ID) - before;
    __atomic_fetch_add(&cpu_of_waiters, burnt, __ATOMIC_RELAXED); /* read after the join */
    return NULL;
}

static void *own(void *stop)
{
    while (!__atomic_load_n((int *)stop, __ATOMIC_RELAXED)) { /* with the store in scene(); orders nothing */
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        int64_t until = now_ns(CLOCK_THREAD_CPUTIME_ID) + BUSY_US * 1000;
        while (now_ns(CLOCK_THREAD_CPUTIME_ID) < until)
            continue;
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        sched_yield();
    }
    return NULL;
}

static void scene(void *real_time)
{
    int stop = 0;
    pthread_t waiters[2];

    cpu_of_waiters = 0;
    int64_t before = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    pthread_t owner = go(own, &stop);
    for (int i = 0; i < 2; i++)
        waiters[i] = go(wait_for_owner, real_time);
    for (int i = 0; i < 2; i++)
        join(waiters[i]);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED); /* with the load in own() */
    join(owner);
    /* Who waits by spinning uses as much as the owner, or more. */
    CHECK(cpu_of_waiters < (now_ns(CLOCK_PROCESS_CPUTIME_ID) - before) / 4);
}

int main(void)
{
    static int yes;

    begin();
    use_one_cpu();
    contend(&mutex, 8, 3000);
    scene(NULL);
    scene(&yes);
    return 0;
}
