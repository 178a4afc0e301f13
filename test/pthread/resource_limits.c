/* SPDX-License-Identifier: MIT */
/*
 * Description: no file descriptor, no locked memory, no file size, hardly any address space is to be had: set before
 * the first thread, or after the first contention.
 * Holds: POSIX XSH setrlimit; a mutex needs none of these, so it works without.
 */
#include "check.h"
#include <sys/resource.h>

enum { THREADS = 4, ROUNDS = 1500, STACK = 64 * 1024 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void count(void)
{
    struct contest contest = {&mutex, ROUNDS, 0};
    pthread_t threads[THREADS];
    pthread_attr_t attr;

    CHECK_EQ(0, pthread_attr_init(&attr));
    CHECK_EQ(0, pthread_attr_setstacksize(&attr, STACK));
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(0, pthread_create(&threads[i], &attr, contest_thread, &contest));
    for (int i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK_EQ(THREADS * ROUNDS, contest.counter);
}

static rlim_t address_space(void)
{
    long pages;
    FILE *file = fopen("/proc/self/statm", "re");

    CHECK(file != NULL);
    CHECK_EQ(1, fscanf(file, "%ld", &pages));
    fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

struct limit {
    const char *name;
    int resource;
    rlim_t value;
    int above_use;
};

static void scene(const struct limit *l, int contended_before)
{
    if (contended_before)
        count();
    rlim_t value = l->value + (l->above_use ? address_space() : 0);
    const struct rlimit limit = {value, value};
    CHECK_EQ(0, setrlimit(l->resource, &limit));
    count();
    count();
    _exit(0);
}

int main(void)
{
    static const struct limit limits[] = {
        {"descriptors", RLIMIT_NOFILE, 0, 0},
        {"descriptors, three", RLIMIT_NOFILE, 3, 0},
        {"descriptors, five", RLIMIT_NOFILE, 5, 0},
        {"locked memory", RLIMIT_MEMLOCK, 0, 0},
        {"file size", RLIMIT_FSIZE, 0, 0},
        {"address space, 1 MiB more", RLIMIT_AS, 1 << 20, 1},
        {"address space, 4 MiB more", RLIMIT_AS, 4 << 20, 1},
        {"address space, 64 MiB more", RLIMIT_AS, 64 << 20, 1},
    };

    begin();
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        for (int before = 0; before < 2; before++) {
            pid_t pid = fork_child();
            if (pid == 0)
                scene(&limits[i], before);
            reap(pid);
            printf("%s: exact\n", limits[i].name);
        }
    return 0;
}
