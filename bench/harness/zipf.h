/* SPDX-License-Identifier: MIT */
/* Numbers of which few are wanted often and most seldom, as with the keys of caches and databases. */
#ifndef BENCH_ZIPF_H
#define BENCH_ZIPF_H

#include <stdint.h>

/* A draw is one load: the table holds each number as often as it is to come. */
enum { BENCH_ZIPF_DRAWS = 1 << 16 };

struct bench_zipf {
    double hottest; /* the share of draws that give the most frequent number */
    uint16_t draws[BENCH_ZIPF_DRAWS];
};

/*
 * Numbers below n, n being a power of two up to BENCH_ZIPF_DRAWS: the k-th most frequent one comes in proportion to
 * 1 / k^skew; skew 0: all alike. Neighbouring numbers are not alike in frequency.
 */
void bench_zipf_fill(struct bench_zipf *zipf, unsigned n, double skew);

static inline unsigned bench_zipf_draw(const struct bench_zipf *zipf, uint64_t random)
{
    return zipf->draws[random >> 48];
}

#endif
