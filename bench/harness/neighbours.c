/* SPDX-License-Identifier: MIT */
/*
 * Neighbours are programs, not forks: a fork would make every page of the measured process copy-on-write, and the
 * faults would fall into the measured time.
 */
#include "neighbours.h"

#include "clock.h"
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { READY_MS = 10000 };

int bench_neighbour_main(const char *parent)
{
    uint64_t x = 88172645463325252u;

    /* Whatever ends the benchmark, SIGKILL too, ends its neighbours; unless it has ended already. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != (pid_t)strtol(parent, NULL, 10))
        return 1;
    prctl(PR_SET_NAME, "neighbour");
    if (write(STDOUT_FILENO, "", 1) != 1)
        return 1;
    for (;;)
        x = bench_work_step(x);
}

static pid_t spawn(int ready)
{
    char parent[24];
    char *argv[] = {"oncpu-bench", BENCH_NEIGHBOUR, parent, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;

    snprintf(parent, sizeof(parent), "%ld", (long)getpid());
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ready, STDOUT_FILENO);
    int error = posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, environ);

    posix_spawn_file_actions_destroy(&actions);
    return error ? -error : pid;
}

/* Each writes one byte when it is about to begin. */
static bool all_ready(int fd, unsigned n)
{
    struct pollfd poll_fd = {fd, POLLIN, 0};
    char bytes[BENCH_MAX_NEIGHBOURS];

    while (n > 0) {
        if (poll(&poll_fd, 1, READY_MS) <= 0)
            return false;
        ssize_t got = read(fd, bytes, n);

        if (got <= 0)
            return false;
        n -= (unsigned)got;
    }
    return true;
}

bool bench_neighbours_start(struct bench_neighbours *neighbours, unsigned n, char *why, size_t size)
{
    int ready[2];

    neighbours->n = 0;
    if (n == 0)
        return true;
    if (pipe2(ready, O_CLOEXEC) != 0) {
        snprintf(why, size, "cannot start neighbours: no pipe");
        return false;
    }
    while (neighbours->n < n) {
        pid_t pid = spawn(ready[1]);

        if (pid < 0) {
            snprintf(why, size, "cannot start neighbours: %s", strerror(-pid));
            break;
        }
        neighbours->pids[neighbours->n++] = pid;
    }
    close(ready[1]);
    bool ok = neighbours->n == n;

    if (ok && !all_ready(ready[0], n)) {
        snprintf(why, size, "the neighbours do not start");
        ok = false;
    }
    close(ready[0]);
    if (!ok)
        bench_neighbours_end(neighbours);
    return ok;
}

uint64_t bench_neighbours_cpu_ns(const struct bench_neighbours *neighbours)
{
    uint64_t sum = 0;
    clockid_t clock;

    for (unsigned i = 0; i < neighbours->n; i++) {
        if (clock_getcpuclockid(neighbours->pids[i], &clock) == 0)
            sum += bench_clock_ns(clock);
    }
    return sum;
}

void bench_neighbours_end(struct bench_neighbours *neighbours)
{
    for (unsigned i = 0; i < neighbours->n; i++)
        kill(neighbours->pids[i], SIGKILL);
    for (unsigned i = 0; i < neighbours->n; i++) {
        while (waitpid(neighbours->pids[i], NULL, 0) < 0 && errno == EINTR)
            ;
    }
    neighbours->n = 0;
}
