/* SPDX-License-Identifier: MIT */
/*
 * Description: the whole process is stopped and continued again and again while its threads contend.
 * Holds: POSIX XSH 2.4.1 (SIGSTOP, SIGCONT); a futex wait that a stop interrupts goes on.
 */
#include "check.h"
#include <fcntl.h>
#include <signal.h>

enum { STOPS = 12, STOP_MS = 20, RUN_MS = 10 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *timed(void *arg)
{
    for (int i = 0; i < 200; i++) {
        struct timespec at = in_ms(CLOCK_MONOTONIC, 1 + i % 3);
        int result = pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &at);
        CHECK(result == 0 || result == ETIMEDOUT);
        if (result == 0) {
            if (i % 32 == 0)
                sleep_ms(1);
            CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        }
    }
    return arg;
}

static void work(int done)
{
    pthread_t threads[2];
    char byte = 0;

    for (int i = 0; i < 2; i++)
        threads[i] = go(timed, NULL);
    while (read(done, &byte, 1) != 1) /* the end is not blocking: nothing there yet */
        contend(&mutex, 4, 500);
    for (int i = 0; i < 2; i++)
        join(threads[i]);
    _exit(0);
}

int main(void)
{
    int ends[2], status;

    begin();
    CHECK_EQ(0, pipe2(ends, O_NONBLOCK));
    pid_t pid = fork_child();
    if (pid == 0)
        work(ends[0]);
    for (int i = 0; i < STOPS; i++) {
        sleep_ms(RUN_MS);
        CHECK_EQ(0, kill(pid, SIGSTOP));
        CHECK_EQ(pid, waitpid(pid, &status, WUNTRACED));
        CHECK(WIFSTOPPED(status));
        sleep_ms(STOP_MS);
        CHECK_EQ(0, kill(pid, SIGCONT));
    }
    CHECK_EQ(1, write(ends[1], "", 1));
    reap(pid);
    return 0;
}
