/* SPDX-License-Identifier: MIT */
/*
 * Statistics of a program that knows nothing of us: `oncpu run --stats` makes an area, all processes of the command
 * count in it, and the numbers are there whatever way they end.
 */
#include "report.h"

#include "../lock/stats.h"
#include "glibc_mutex.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void oncpu_report_source(void)
{
    struct oncpu_stats_area *area = oncpu_stats_area;

    if (!area)
        return;
    /* Several processes may write at once. They mostly say the same, and the reader ends the text itself. */
    strncpy(area->reason, oncpu_source_reason(), sizeof(area->reason) - 1);
    __atomic_store_n(&area->source, (uint32_t)oncpu_source() + 1, __ATOMIC_RELAXED);
}

static struct oncpu_stats_area *map(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct oncpu_stats_area *area;
    struct stat status;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) || (size_t)status.st_size < sizeof(*area))
        area = MAP_FAILED;
    else
        area = mmap(NULL, sizeof(*area), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (area == MAP_FAILED)
        return NULL;
    if (area->magic == ONCPU_STATS_MAGIC && area->size == sizeof(*area))
        return area;
    munmap(area, sizeof(*area));
    return NULL;
}

/* With ONCPU_VERBOSE=1, the one thing to be said of a process that may never create a thread. */
static void say(void)
{
    static const char refused[] = "oncpu: this glibc's mutexes are not as expected: all calls are passed to glibc\n";
    const char *verbose = secure_getenv("ONCPU_VERBOSE");

    if (!oncpu_served() && verbose && !strcmp(verbose, "1") && write(STDERR_FILENO, refused, sizeof(refused) - 1) < 0)
        return; /* nobody to tell */
}

__attribute__((constructor(103))) static void join(void)
{
    const char *path = secure_getenv(ONCPU_STATS_ENV);
    int saved_errno = errno;
    struct oncpu_stats_area *area = path && *path ? map(path) : NULL;

    if (area)
        __atomic_fetch_add(&area->processes, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&oncpu_stats_area, area, __ATOMIC_RELEASE); /* pairs with oncpu_stats_add() */
    say();
    errno = saved_errno;
}
