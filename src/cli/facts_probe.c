/* SPDX-License-Identifier: MIT */
/*
 * A look at something in a child process: a seccomp filter may kill it, a BPF program goes with it, and what it writes
 * is caught.
 */
#include "facts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_MS 1500

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void be_the_child(int output, void (*body)(const void *argument), const void *argument)
{
    /* 1, not 0: that is the only value that stops a core dump that would go to a pipe, too (core(5)) */
    struct rlimit no_core = {1, 1};

    setrlimit(RLIMIT_CORE, &no_core);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    body(argument);
    fflush(NULL);
    _exit(0);
}

/* True: all of the output, which has ended in time. */
static bool collect(int input, struct oncpu_probe *probe)
{
    long long end = now_ms() + LIMIT_MS;
    size_t length = 0;
    char rest[256];

    for (;;) {
        struct pollfd poll_input = {.fd = input, .events = POLLIN};
        long long left = end - now_ms();
        size_t room = sizeof(probe->output) - 1 - length;
        int ready = left > 0 ? poll(&poll_input, 1, (int)left) : 0;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        ssize_t got = read(input, room ? probe->output + length : rest, room ? room : sizeof(rest));
        if (got <= 0)
            return !got;
        length += room ? (size_t)got : 0;
    }
}

void oncpu_probe(void (*body)(const void *argument), const void *argument, struct oncpu_probe *probe)
{
    int ends[2];
    pid_t child;

    memset(probe, 0, sizeof(*probe));
    if (pipe2(ends, O_CLOEXEC))
        return;
    fflush(NULL);
    child = fork();
    if (!child)
        be_the_child(ends[1], body, argument);
    close(ends[1]);
    probe->finished = child > 0 && collect(ends[0], probe);
    close(ends[0]);
    if (child > 0) {
        if (!probe->finished)
            kill(child, SIGKILL);
        while (waitpid(child, &probe->status, 0) < 0 && errno == EINTR)
            ;
    }
}

const char *oncpu_probe_trouble(const struct oncpu_probe *probe)
{
    if (!probe->finished)
        return "the attempt did not end in time";
    if (WIFSIGNALED(probe->status))
        return WTERMSIG(probe->status) == SIGSYS ? "a seccomp filter killed the attempt (SIGSYS)"
                                                 : "the attempt was killed by a signal";
    return WEXITSTATUS(probe->status) ? "the attempt failed" : NULL;
}
