/* SPDX-License-Identifier: MIT */
/*
 * Description: a seccomp filter that kills for bpf(2), pidfd_open(2) and perf_event_open(2) is there before the first
 * thread.
 * Holds: Linux seccomp(2); a sandboxed program's mutexes must not make system calls that a mutex has no need of.
 */
#include "sandbox.h"

int main(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    begin();
    enter_sandbox(0);
    contend(&mutex, 6, 3000);
    pid_t pid = fork_child();
    if (pid == 0) {
        contend(&mutex, 6, 1000);
        exit(0);
    }
    reap(pid);
    return 0;
}
