/* SPDX-License-Identifier: MIT */
/* What every program of this suite shares: the time limit, checks that end the process, values printed by name. */
#ifndef TEST_PTHREAD_CHECK_H
#define TEST_PTHREAD_CHECK_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SKIP_STATUS = 77, TIME_LIMIT_S = 60 };

/* Ends the process at once: other threads may be in any state, so no handler is to run. */
static inline void check_failed(const char *file, int line, const char *what, long long want, long long got)
{
    dprintf(2, "%s:%d: %s: want %lld, got %lld\n", file, line, what, want, got);
    _exit(1);
}

#define CHECK(cond) ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, #cond, 1, 0))

#define CHECK_EQ(want, expr)                                                                                           \
    do {                                                                                                               \
        long long check_got = (long long)(expr);                                                                       \
        if (check_got != (long long)(want))                                                                            \
            check_failed(__FILE__, __LINE__, #expr, (long long)(want), check_got);                                     \
    } while (0)

/* Prints what a call returned, for the comparison between the runs. */
#define SHOW(expr) printf("%s: %s\n", #expr, result_name(expr))

/* The same, where the standard fixes the value. */
#define EXPECT(want, expr)                                                                                             \
    do {                                                                                                               \
        int expect_got = (expr);                                                                                       \
        printf("%s: %s\n", #expr, result_name(expect_got));                                                            \
        if (expect_got != (want))                                                                                      \
            check_failed(__FILE__, __LINE__, #expr, (want), expect_got);                                               \
    } while (0)

static inline const char *result_name(int result)
{
    static const struct {
        int value;
        const char *name;
    } names[] = {{0, "0"},
                 {EAGAIN, "EAGAIN"},
                 {EBUSY, "EBUSY"},
                 {EDEADLK, "EDEADLK"},
                 {EINVAL, "EINVAL"},
                 {ENOTRECOVERABLE, "ENOTRECOVERABLE"},
                 {ENOTSUP, "ENOTSUP"},
                 {EOWNERDEAD, "EOWNERDEAD"},
                 {EPERM, "EPERM"},
                 {ETIMEDOUT, "ETIMEDOUT"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].value == result)
            return names[i].name;
    return "another value";
}

/* Every program calls this first, and so does every child that it forks: a hang ends in SIGALRM. */
static inline void begin(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(TIME_LIMIT_S);
}

static inline void skip(const char *reason)
{
    dprintf(2, "skipped: %s\n", reason);
    _exit(SKIP_STATUS);
}

static inline pthread_t go(void *(*body)(void *), void *arg)
{
    pthread_t thread;

    CHECK_EQ(0, pthread_create(&thread, NULL, body, arg));
    return thread;
}

static inline void join(pthread_t thread)
{
    CHECK_EQ(0, pthread_join(thread, NULL));
}

static inline pid_t fork_child(void)
{
    fflush(stdout);
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0)
        begin();
    return pid;
}

/* Waits for a child and fails unless it ended well; hands a child's "skipped" on. */
static inline void reap(pid_t pid)
{
    int status;

    CHECK_EQ(pid, waitpid(pid, &status, 0));
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP_STATUS)
        _exit(SKIP_STATUS);
    CHECK_EQ(0, status);
}

static inline void sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static inline int64_t now_ns(clockid_t clock)
{
    struct timespec t;

    CHECK_EQ(0, clock_gettime(clock, &t));
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline struct timespec in_ms(clockid_t clock, long ms)
{
    int64_t at = now_ns(clock) + (int64_t)ms * 1000000;
    struct timespec t = {(time_t)(at / 1000000000), (long)(at % 1000000000)};

    return t;
}

struct contest {
    pthread_mutex_t *mutex;
    long rounds;
    volatile long counter;
};

/* The yield inside the section makes sure that the lock is contended on any number of CPUs. */
static inline void *contest_thread(void *arg)
{
    struct contest *contest = (struct contest *)arg;

    for (long i = 0; i < contest->rounds; i++) {
        CHECK_EQ(0, pthread_mutex_lock(contest->mutex));
        long seen = contest->counter;
        if (i % 64 == 0)
            sched_yield();
        contest->counter = seen + 1;
        CHECK_EQ(0, pthread_mutex_unlock(contest->mutex));
    }
    return NULL;
}

/* `threads` threads count under the mutex; fails unless every count arrives. */
static inline void contend(pthread_mutex_t *mutex, int threads, long rounds)
{
    enum { MAX_THREADS = 64 };
    struct contest contest = {mutex, rounds, 0};
    pthread_t ids[MAX_THREADS];

    CHECK(threads <= MAX_THREADS);
    for (int i = 0; i < threads; i++)
        ids[i] = go(contest_thread, &contest);
    for (int i = 0; i < threads; i++)
        join(ids[i]);
    CHECK_EQ(threads * rounds, contest.counter);
}

#endif
