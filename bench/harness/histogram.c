/* SPDX-License-Identifier: MIT */
/* What is read from a histogram after the threads that filled it have ended. */
#include "histogram.h"

#include <math.h>

void bench_histogram_merge(struct bench_histogram *into, const struct bench_histogram *from)
{
    into->count += from->count;
    into->max = from->max > into->max ? from->max : into->max;
    for (unsigned i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
}

static double bucket_middle(unsigned bucket)
{
    if (bucket < BENCH_HISTOGRAM_SUB)
        return bucket;
    unsigned octave = bucket / BENCH_HISTOGRAM_SUB - 1;
    uint64_t low = (uint64_t)(BENCH_HISTOGRAM_SUB + bucket % BENCH_HISTOGRAM_SUB) << octave;

    return (double)low + ((double)(1ull << octave) - 1) / 2;
}

double bench_histogram_quantile(const struct bench_histogram *h, double share)
{
    double rank = ceil(share * (double)h->count);
    uint64_t seen = 0;

    if (h->count == 0)
        return NAN;
    for (unsigned i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen > 0 && (double)seen >= rank)
            return fmin(bucket_middle(i), (double)h->max);
    }
    return (double)h->max;
}
