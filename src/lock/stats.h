/* SPDX-License-Identifier: MIT */
/*
 * Counting what waiters did.
 */
#ifndef ONCPU_LOCK_STATS_H
#define ONCPU_LOCK_STATS_H

#include <oncpu/oncpu.h>

/* The counters stand in some cache lines of their own, so that threads on different CPUs seldom share one. */
#define ONCPU_STATS_SHARDS 64u

/* All counters are of one type: code that adds them up needs no list. */
#define ONCPU_STATS_COUNTERS (sizeof(struct oncpu_stats) / sizeof(uint64_t))

struct oncpu_stats_shard {
    struct oncpu_stats counts;
} __attribute__((aligned(64)));

/* A process group's counts: made by whoever wants to read them, added to by all processes that map it. */
struct oncpu_stats_area {
    uint32_t magic; /* ONCPU_STATS_MAGIC */
    uint32_t size;  /* of this struct: another version counts nothing */
    uint32_t processes;
    uint32_t source; /* enum oncpu_source + 1 of the process that chose its source last */
    char reason[240];
    struct oncpu_stats_shard shards[ONCPU_STATS_SHARDS];
};

#define ONCPU_STATS_MAGIC 0x5354434fu

/* The environment variable that names the file of an area to count in. */
#define ONCPU_STATS_ENV "ONCPU_STATS_AREA"

/* The area to count in; NULL: nobody wants to know. Set once. */
extern struct oncpu_stats_area *oncpu_stats_area;

/* Adds the counts of one acquisition. */
void oncpu_stats_add(const struct oncpu_stats *counts);

/*
 * An area for the processes that will find `setting`, "NAME=value", in their environment. It goes with this process.
 * NULL with errno when it cannot be made.
 */
struct oncpu_stats_area *oncpu_stats_area_make(char *setting, size_t size);

/* Adds up an area. */
void oncpu_stats_sum(const struct oncpu_stats_area *area, struct oncpu_stats *sum);

#endif
