/* SPDX-License-Identifier: MIT */
/*
 * Description: the same filter comes to all threads at once after they have contended; old threads, new threads and a
 * forked child contend on.
 * Holds: Linux seccomp(2) SECCOMP_FILTER_FLAG_TSYNC; what browsers, sshd and container tools do once they are set up.
 */
#include "sandbox.h"

enum { OLD_THREADS = 4, ROUNDS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t before, after;
static volatile long counter;

static void count(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        long seen = counter;
        if (i % 64 == 0)
            sched_yield();
        counter = seen + 1;
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    }
}

/* Half of them meet their first contention only inside the sandbox. */
static void *old_thread(void *arg)
{
    if ((intptr_t)arg % 2)
        count();
    pthread_barrier_wait(&before);
    pthread_barrier_wait(&after);
    count();
    return NULL;
}

int main(void)
{
    pthread_t threads[OLD_THREADS];

    begin();
    CHECK_EQ(0, pthread_barrier_init(&before, NULL, OLD_THREADS + 1));
    CHECK_EQ(0, pthread_barrier_init(&after, NULL, OLD_THREADS + 1));
    for (intptr_t i = 0; i < OLD_THREADS; i++)
        threads[i] = go(old_thread, (void *)i);
    pthread_barrier_wait(&before);
    enter_sandbox(SECCOMP_FILTER_FLAG_TSYNC);
    pthread_barrier_wait(&after);
    contend(&mutex, 4, ROUNDS);
    for (int i = 0; i < OLD_THREADS; i++)
        join(threads[i]);
    CHECK_EQ((OLD_THREADS + OLD_THREADS / 2) * ROUNDS, counter);
    contend(&mutex, 4, ROUNDS);
    pid_t pid = fork_child();
    if (pid == 0) {
        contend(&mutex, 4, ROUNDS);
        exit(0);
    }
    reap(pid);
    return 0;
}
