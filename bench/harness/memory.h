/* SPDX-License-Identifier: MIT */
/* Memory that shares no cache line, nor the pair of lines that a prefetcher fetches together, with anything else. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BENCH_LINE = 128 };

/* A benchmark has nothing to fall back to when memory is out: all of these say so and exit. */
static inline void *bench_or_exit(void *memory)
{
    if (!memory) {
        fputs("oncpu-bench: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

/* Zeroed, aligned to BENCH_LINE. Freed with free(). */
static inline void *bench_alloc_lines(size_t size)
{
    size_t rounded = (size + BENCH_LINE - 1) / BENCH_LINE * BENCH_LINE;

    return memset(bench_or_exit(aligned_alloc(BENCH_LINE, rounded)), 0, rounded);
}

/* Zeroed, and the same memory in processes that fork() makes afterwards. Given back with munmap(). */
static inline void *bench_map_shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return bench_or_exit(memory == MAP_FAILED ? NULL : memory);
}

static inline void *bench_realloc(void *memory, size_t size)
{
    return bench_or_exit(realloc(memory, size));
}

#endif
