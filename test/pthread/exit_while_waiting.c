/* SPDX-License-Identifier: MIT */
/*
 * Description: the process ends by _exit, exit, return from main or pthread_exit of the main thread while threads
 * hold the mutex, spin and sleep.
 * Holds: POSIX XSH _Exit, exit, pthread_exit.
 */
#include "check.h"

enum { TIMES = 15, THREADS = 4 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int turns;

static void *for_ever(void *arg)
{
    for (;;) {
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        if (++turns % 16 == 0)
            sched_yield();
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    }
    return arg;
}

static void *ends(void *arg)
{
    for (int i = 0; i < 300; i++) {
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        sched_yield();
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    }
    return arg;
}

static void *exit_here(void *arg)
{
    exit((int)(intptr_t)arg);
}

static void end(int how)
{
    for (int i = 0; i < THREADS; i++)
        go(how == 3 ? ends : for_ever, NULL);
    sleep_ms(2);
    switch (how) {
    case 0:
        _exit(0);
    case 1:
        CHECK_EQ(0, pthread_mutex_lock(&mutex));
        exit(0);
    case 2:
        go(exit_here, NULL);
        for (;;)
            CHECK_EQ(0, pthread_mutex_lock(&mutex) || pthread_mutex_unlock(&mutex));
    default:
        pthread_exit(NULL);
    }
}

int main(void)
{
    begin();
    for (int how = 0; how < 4; how++) {
        for (int i = 0; i < TIMES; i++) {
            pid_t pid = fork_child();
            if (pid == 0)
                end(how);
            reap(pid);
        }
        printf("way %d: ended\n", how);
    }
    return 0;
}
