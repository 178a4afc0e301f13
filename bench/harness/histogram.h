/* SPDX-License-Identifier: MIT */
/* A log-linear histogram of nanoseconds: 16 buckets to each power of two, so a value is known to about 6 %. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
    BENCH_HISTOGRAM_SUB_BITS = 4,
    BENCH_HISTOGRAM_SUB = 1 << BENCH_HISTOGRAM_SUB_BITS,
    BENCH_HISTOGRAM_BUCKETS = (64 - BENCH_HISTOGRAM_SUB_BITS + 1) * BENCH_HISTOGRAM_SUB,
};

struct bench_histogram {
    uint64_t count;
    uint64_t max;
    uint32_t buckets[BENCH_HISTOGRAM_BUCKETS];
};

static inline unsigned bench_histogram_bucket(uint64_t ns)
{
    if (ns < BENCH_HISTOGRAM_SUB)
        return (unsigned)ns;
    unsigned octave = 63u - (unsigned)__builtin_clzll(ns) - BENCH_HISTOGRAM_SUB_BITS;

    return (octave + 1) * BENCH_HISTOGRAM_SUB + ((unsigned)(ns >> octave) & (BENCH_HISTOGRAM_SUB - 1));
}

static inline void bench_histogram_add(struct bench_histogram *h, uint64_t ns)
{
    h->count++;
    h->max = ns > h->max ? ns : h->max;
    h->buckets[bench_histogram_bucket(ns)]++;
}

void bench_histogram_merge(struct bench_histogram *into, const struct bench_histogram *from);

/* The value that `share` (0 to 1) of the entries do not exceed: its bucket's middle. NaN when there is no entry. */
double bench_histogram_quantile(const struct bench_histogram *h, double share);

#endif
