/* SPDX-License-Identifier: MIT */
/*
 * A forked child for what a test must not do to its own process, such as giving up privileges.
 */
#ifndef ONCPU_TEST_CHILD_H
#define ONCPU_TEST_CHILD_H

#include "check.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>

/* The child's exit status, or 256 + the signal that killed it. */
static inline int test_child_status(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* fork() past the C library, which then does not know of it. */
static inline pid_t test_raw_fork(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* Runs `body` in a child; 0 if all of its CHECKs held. */
static inline int test_in_child(void (*body)(void))
{
    pid_t pid = fork();

    if (pid)
        return pid < 0 ? -1 : test_child_status(pid);
    body();
    _exit(0);
}

static inline int test_in_raw_child(void (*body)(void))
{
    pid_t pid = test_raw_fork();

    if (pid)
        return pid < 0 ? -1 : test_child_status(pid);
    body();
    _exit(0);
}

#endif
