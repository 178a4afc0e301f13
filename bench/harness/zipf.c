/* SPDX-License-Identifier: MIT */
/* Fills tables of Zipf-distributed numbers. */
#include "zipf.h"

#include <math.h>

void bench_zipf_fill(struct bench_zipf *zipf, unsigned n, double skew)
{
    double sum = 0, upto = 0;
    unsigned at = 0, first = 0;

    for (unsigned k = 1; k <= n; k++)
        sum += pow(k, -skew);
    for (unsigned k = 1; k <= n; k++) {
        /* An odd factor permutes the numbers below a power of two. */
        uint16_t number = (uint16_t)((k * 40503u) & (n - 1));

        upto += pow(k, -skew) / sum;
        while (at < BENCH_ZIPF_DRAWS && (at < upto * BENCH_ZIPF_DRAWS || k == n))
            zipf->draws[at++] = number;
        first = k == 1 ? at : first;
    }
    zipf->hottest = (double)first / BENCH_ZIPF_DRAWS;
}
