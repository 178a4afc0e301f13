/* SPDX-License-Identifier: MIT */
/* Starts a program and reads both its outputs until it ends. */
#include "spawn.h"

#include "clock.h"
#include "interrupt.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool bench_in_path(const char *program)
{
    const char *path = getenv("PATH");
    char file[4096];

    while (path && *path) {
        size_t length = strcspn(path, ":");

        snprintf(file, sizeof(file), "%.*s/%s", (int)length, path, program);
        if (access(file, X_OK) == 0)
            return true;
        path += length + (path[length] == ':');
    }
    return false;
}

static bool same_name(const char *a, const char *b)
{
    size_t length = strcspn(a, "=");

    return strncmp(a, b, length) == 0 && b[length] == '=';
}

/* The strings stay the caller's and the process's. */
static char **merged_environment(const char *const *extra)
{
    size_t n = 0, m = 0;

    while (environ[n])
        n++;
    while (extra && extra[m])
        m++;
    char **merged = bench_realloc(NULL, (n + m + 1) * sizeof(*merged)), **end = merged;

    for (size_t i = 0; i < n; i++) {
        bool replaced = false;

        for (size_t j = 0; j < m; j++)
            replaced = replaced || same_name(extra[j], environ[i]);
        if (!replaced)
            *end++ = environ[i];
    }
    for (size_t j = 0; j < m; j++)
        *end++ = (char *)extra[j];
    *end = NULL;
    return merged;
}

struct stream {
    int fd;
    char **text;
    size_t length;
};

/* Returns false at the end of the stream. */
static bool read_some(struct stream *s)
{
    enum { KEEP = 1 << 20 };
    char block[4096];
    ssize_t n = read(s->fd, block, sizeof(block));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (n <= 0)
        return false;
    if (s->length + (size_t)n < KEEP) {
        *s->text = bench_realloc(*s->text, s->length + (size_t)n + 1);
        memcpy(*s->text + s->length, block, (size_t)n);
        s->length += (size_t)n;
        (*s->text)[s->length] = '\0';
    }
    return true;
}

/* Returns false when the program must be killed. */
static bool read_all(struct stream streams[2], uint64_t deadline)
{
    for (;;) {
        struct pollfd fds[2] = {{streams[0].fd, POLLIN, 0}, {streams[1].fd, POLLIN, 0}};

        if (streams[0].fd < 0 && streams[1].fd < 0)
            return true;
        if (bench_interrupted() || bench_now_ns() > deadline)
            return false;
        if (poll(fds, 2, 100) < 0)
            continue;
        for (int i = 0; i < 2; i++) {
            if (fds[i].revents && !read_some(&streams[i])) {
                close(streams[i].fd);
                streams[i].fd = -1;
            }
        }
    }
}

static pid_t start(char *const argv[], char **environment, const int out[2], const int err[2])
{
    posix_spawn_file_actions_t actions;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    int error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environment);

    posix_spawn_file_actions_destroy(&actions);
    return error ? -error : pid;
}

static bool finish(pid_t pid, bool killed, struct bench_spawn *result)
{
    struct rusage usage;
    int status;

    if (killed)
        kill(pid, SIGKILL);
    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    result->cpu_ns = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000u +
                     (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000u;
    result->voluntary = usage.ru_nvcsw;
    result->involuntary = usage.ru_nivcsw;
    if (killed)
        snprintf(result->why, sizeof(result->why), bench_interrupted() ? "interrupted" : "took too long");
    else if (WIFSIGNALED(status))
        snprintf(result->why, sizeof(result->why), "killed by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        snprintf(result->why, sizeof(result->why), "exit status %d: %.80s", WEXITSTATUS(status), result->err);
    else
        return true;
    return false;
}

static bool make_pipes(int out[2], int err[2])
{
    if (pipe2(out, O_CLOEXEC) != 0)
        return false;
    if (pipe2(err, O_CLOEXEC) == 0)
        return true;
    close(out[0]);
    close(out[1]);
    return false;
}

bool bench_spawn_begin(char *const argv[], const char *const environment[], struct bench_spawn *result)
{
    int out[2], err[2];

    memset(result, 0, sizeof(*result));
    result->out = bench_or_exit(strdup(""));
    result->err = bench_or_exit(strdup(""));
    if (!make_pipes(out, err)) {
        snprintf(result->why, sizeof(result->why), "no pipe");
        return false;
    }
    char **merged = merged_environment(environment);

    result->pid = start(argv, merged, out, err);
    free(merged);
    close(out[1]);
    close(err[1]);
    result->fds[0] = out[0];
    result->fds[1] = err[0];
    if (result->pid > 0)
        return true;
    close(out[0]);
    close(err[0]);
    snprintf(result->why, sizeof(result->why), "cannot start %.60s: %.40s", argv[0], strerror(-result->pid));
    return false;
}

bool bench_spawn_end(unsigned limit_s, struct bench_spawn *result)
{
    struct stream streams[2] = {{result->fds[0], &result->out, 0}, {result->fds[1], &result->err, 0}};
    bool ended = read_all(streams, bench_now_ns() + limit_s * 1000000000ull);

    for (int i = 0; i < 2; i++) {
        if (streams[i].fd >= 0)
            close(streams[i].fd);
    }
    return finish(result->pid, !ended, result);
}

bool bench_spawn(char *const argv[], const char *const environment[], unsigned limit_s, struct bench_spawn *result)
{
    return bench_spawn_begin(argv, environment, result) && bench_spawn_end(limit_s, result);
}

void bench_spawn_free(struct bench_spawn *result)
{
    free(result->out);
    free(result->err);
}
