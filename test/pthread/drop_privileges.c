/* SPDX-License-Identifier: MIT */
/*
 * Description: root becomes nobody while threads contend; old and new threads contend on, and so does a child.
 * Holds: POSIX XSH setuid; glibc's setxid (a signal to every thread of the process).
 */
#include "check.h"
#include <grp.h>

enum { THREADS = 4, NOBODY = 65534 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long counter;
static long done[THREADS];
static int stop;

static void *work(void *arg)
{
    long *mine = arg;

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) { /* with the store in main(); orders nothing */
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        long seen = counter;
        if (*mine % 64 == 0)
            sched_yield();
        counter = seen + 1;
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        ++*mine;
    }
    return NULL;
}

int main(void)
{
    pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[THREADS];
    long sum = 0;

    begin();
    if (geteuid() != 0)
        skip("not root");
    for (int i = 0; i < THREADS; i++)
        threads[i] = go(work, &done[i]);
    sleep_ms(20);
    CHECK_EQ(0, setgroups(0, NULL));
    CHECK_EQ(0, setgid(NOBODY));
    CHECK_EQ(0, setuid(NOBODY));
    CHECK(setuid(0) != 0);
    contend(&other, 4, 2000);
    sleep_ms(20);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED); /* with the load in work() */
    for (int i = 0; i < THREADS; i++) {
        join(threads[i]);
        sum += done[i];
    }
    CHECK_EQ(sum, counter);
    pid_t pid = fork_child();
    if (pid == 0) {
        contend(&mutex, 4, 2000);
        exit(0);
    }
    reap(pid);
    return 0;
}
