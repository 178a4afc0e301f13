/* SPDX-License-Identifier: MIT */
/*
 * Counting what waiters did: one addition per counter and contended acquisition, into a line that the thread shares
 * with few others.
 */
#include "stats.h"

#include "../state/self.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

struct oncpu_stats_area *oncpu_stats_area;

void oncpu_stats_add(const struct oncpu_stats *counts)
{
    struct oncpu_stats_area *area = __atomic_load_n(&oncpu_stats_area, __ATOMIC_ACQUIRE); /* pairs with stats_enable */
    const uint64_t *from = (const uint64_t *)counts;
    uint64_t *to;

    if (!area)
        return;
    to = (uint64_t *)&area->shards[oncpu_self_tid() % ONCPU_STATS_SHARDS].counts;
    for (size_t i = 0; i < ONCPU_STATS_COUNTERS; i++)
        if (from[i])
            __atomic_fetch_add(&to[i], from[i], __ATOMIC_RELAXED); /* a count orders nothing */
}

int oncpu_stats_enable(void)
{
    struct oncpu_stats_area *none = NULL;
    int saved_errno = errno;
    void *area;

    if (__atomic_load_n(&oncpu_stats_area, __ATOMIC_RELAXED))
        return 0;
    area = mmap(NULL, sizeof(*none), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    errno = saved_errno;
    if (area == MAP_FAILED)
        return -ENOMEM;
    /* release: the area is complete for whoever sees it */
    if (!__atomic_compare_exchange_n(&oncpu_stats_area, &none, area, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        munmap(area, sizeof(*none));
    return 0;
}

void oncpu_stats_read(struct oncpu_stats *stats)
{
    const struct oncpu_stats_area *area = __atomic_load_n(&oncpu_stats_area, __ATOMIC_ACQUIRE);

    if (area)
        oncpu_stats_sum(area, stats);
    else
        memset(stats, 0, sizeof(*stats));
}
