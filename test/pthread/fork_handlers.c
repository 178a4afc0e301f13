/* SPDX-License-Identifier: MIT */
/*
 * Description: fork handlers lock in the parent before, and unlock in parent and child after; what libc returns there.
 * Holds: POSIX XSH pthread_atfork; glibc fork (handlers of the child run under its new thread id).
 */
#include "fields.h"
#include "kinds.h"

enum { TYPES = 5, FORKS = 15 };

static pthread_mutex_t mutexes[TYPES];
static int unlocked[TYPES];
static int stop;

static void prepare(void)
{
    for (int t = 0; t < TYPES; t++)
        CHECK_EQ(0, pthread_mutex_lock(&mutexes[t]));
}

static void release(void)
{
    for (int t = TYPES - 1; t >= 0; t--)
        unlocked[t] = pthread_mutex_unlock(&mutexes[t]);
}

static void *keep_busy(void *arg)
{
    /* With the store in main(); orders nothing. */
    for (int t = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); t = (t + 1) % TYPES) {
        CHECK_EQ(0, pthread_mutex_lock(&mutexes[t]));
        sched_yield();
        CHECK_EQ(0, pthread_mutex_unlock(&mutexes[t]));
    }
    return arg;
}

static void in_child(int show)
{
    for (int t = 0; t < TYPES; t++) {
        if (show) {
            printf("child, type %d: unlock %s\n", TYPE_DEFAULT + t, result_name(unlocked[t]));
            printf("  owner %s, count %u\n", tid_name(mutexes[t].__data.__owner), mutexes[t].__data.__count);
        }
        if (unlocked[t] != 0) /* what programs do about it */
            init_type(&mutexes[t], TYPE_DEFAULT + t);
        contend(&mutexes[t], 3, 300);
    }
    exit(0);
}

int main(void)
{
    pthread_t threads[3];

    begin();
    for (int t = 0; t < TYPES; t++)
        init_type(&mutexes[t], TYPE_DEFAULT + t);
    CHECK_EQ(0, pthread_atfork(prepare, release, release));
    for (int i = 0; i < 3; i++)
        threads[i] = go(keep_busy, NULL);
    for (int i = 0; i < FORKS; i++) {
        pid_t pid = fork_child();
        if (pid == 0)
            in_child(i == 0);
        reap(pid);
        for (int t = 0; t < TYPES; t++)
            CHECK_EQ(0, unlocked[t]);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED); /* with the load in keep_busy() */
    for (int i = 0; i < 3; i++)
        join(threads[i]);
    return 0;
}
