/* SPDX-License-Identifier: MIT */
/*
 * The reader's side of an area of counts: for those who start programs and want to know what their locks did. It needs
 * nothing else of the library.
 */
#include "stats.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * A nameless file of ours that the processes open by way of /proc: it goes when we go, however that happens, and takes
 * no descriptor of theirs.
 */
struct oncpu_stats_area *oncpu_stats_area_make(char *setting, size_t size)
{
    struct oncpu_stats_area *area;
    int fd = memfd_create("oncpu-stats", MFD_CLOEXEC);

    if (fd < 0)
        return NULL;
    area = ftruncate(fd, sizeof(*area)) ? MAP_FAILED
                                        : mmap(NULL, sizeof(*area), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (area == MAP_FAILED) {
        int saved_errno = errno;

        close(fd);
        errno = saved_errno;
        return NULL;
    }
    area->magic = ONCPU_STATS_MAGIC;
    area->size = sizeof(*area);
    snprintf(setting, size, ONCPU_STATS_ENV "=/proc/%d/fd/%d", (int)getpid(), fd);
    return area;
}

void oncpu_stats_sum(const struct oncpu_stats_area *area, struct oncpu_stats *sum)
{
    uint64_t *to = (uint64_t *)sum;

    memset(sum, 0, sizeof(*sum));
    for (uint32_t shard = 0; shard < ONCPU_STATS_SHARDS; shard++)
        for (size_t i = 0; i < ONCPU_STATS_COUNTERS; i++)
            to[i] += __atomic_load_n((const uint64_t *)&area->shards[shard].counts + i, __ATOMIC_RELAXED);
}
