/* SPDX-License-Identifier: MIT */
/*
 * Description: threads fork, the child's threads fork again, four generations deep; every generation contends.
 * Holds: POSIX XSH fork ("a process shall be created with a single thread").
 */
#include "check.h"

enum { DEPTH = 4, ROUNDS = 500 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void generation(int depth);

/* The child's only thread is a copy of this one: it may go on, and end by exit. */
static void *fork_here(void *arg)
{
    int depth = (int)(intptr_t)arg;
    pid_t pid = fork_child();

    if (pid == 0) {
        generation(depth + 1);
        exit(0);
    }
    contend(&mutex, 2, ROUNDS);
    reap(pid);
    return NULL;
}

static void generation(int depth)
{
    contend(&mutex, 3, ROUNDS);
    if (depth == DEPTH) {
        printf("generation %d contended\n", depth);
        return;
    }
    join(go(fork_here, (void *)(intptr_t)depth));
    contend(&mutex, 3, ROUNDS);
}

int main(void)
{
    begin();
    generation(0);
    /* A child that never met contention in its parent. */
    pid_t pid = fork_child();
    if (pid == 0) {
        contend(&mutex, 4, ROUNDS);
        _exit(0);
    }
    reap(pid);
    return 0;
}
