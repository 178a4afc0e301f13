/* SPDX-License-Identifier: MIT */
/*
 * Description: 20000 threads, each of which contends once and ends (100000 with ONCPU_TEST_LONG=1): nothing that
 * belongs to a thread runs out or stays behind.
 * Holds: POSIX XSH pthread_create; no limit on the threads over a process's life.
 */
#include "check.h"
#include <dirent.h>

enum { AT_ONCE = 16, SHORT_RUN = 20000, LONG_RUN = 100000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long counter;

static void *once(void *arg)
{
    CHECK_EQ(0, pthread_mutex_lock(&mutex));
    long seen = counter;
    sched_yield();
    counter = seen + 1;
    CHECK_EQ(0, pthread_mutex_unlock(&mutex));
    return arg;
}

static int open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    CHECK(dir != NULL);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static long resident_pages(void)
{
    long size, resident;
    FILE *file = fopen("/proc/self/statm", "re");

    CHECK(file != NULL);
    CHECK_EQ(2, fscanf(file, "%ld %ld", &size, &resident));
    fclose(file);
    return resident;
}

static void generations(long threads)
{
    for (long made = 0; made < threads; made += AT_ONCE) {
        pthread_t ids[AT_ONCE];

        for (int i = 0; i < AT_ONCE; i++)
            ids[i] = go(once, NULL);
        for (int i = 0; i < AT_ONCE; i++)
            join(ids[i]);
    }
}

int main(void)
{
    enum { GROWTH_PAGES = 1024 };
    long threads = getenv("ONCPU_TEST_LONG") ? LONG_RUN : SHORT_RUN;

    begin();
    generations(threads / 10);
    int descriptors = open_descriptors();
    long pages = resident_pages();
    generations(threads - threads / 10);
    CHECK_EQ(threads, counter);
    CHECK_EQ(descriptors, open_descriptors());
    CHECK(resident_pages() < pages + GROWTH_PAGES);
    return 0;
}
