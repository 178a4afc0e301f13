/* SPDX-License-Identifier: MIT */
/* A rank test, because figures of rounds are few and not normally distributed. */
#include "significance.h"

#include "../harness/memory.h"

#include <math.h>

const double bench_significant = 0.05;

enum { EXACT = 40 };

struct value {
    double value;
    double *p;     /* of bench_correct_for_many() */
    unsigned rank; /* twice its rank, so that the mean of two is whole */
    int of_a;
};

static int compare(const void *left, const void *right)
{
    double a = ((const struct value *)left)->value, b = ((const struct value *)right)->value;

    return (a > b) - (a < b);
}

/* Equal values share the mean of their ranks. Returns the sum of t^3 - t over runs of t equal values. */
static double set_ranks(struct value *values, unsigned n)
{
    double ties = 0;

    for (unsigned i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && values[j].value == values[i].value; j++)
            ;
        for (unsigned k = i; k < j; k++)
            values[k].rank = i + 1 + j;
        double t = j - i;

        ties += t * t * t - t;
    }
    return ties;
}

/* The share of all ways to pick `na` of the ranks whose sum is at least as far from the mean. */
static double exact(const struct value *values, unsigned n, unsigned na, unsigned sum)
{
    enum { SUMS = EXACT * (EXACT + 1) + 1 };
    double(*ways)[SUMS] = bench_realloc(NULL, sizeof(double[EXACT + 1][SUMS]));
    double mean = na * (n + 1.0), extreme = 0, all = 0;

    memset(ways, 0, sizeof(double[EXACT + 1][SUMS]));
    ways[0][0] = 1;
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = na; k > 0; k--) {
            for (unsigned s = values[i].rank; s < SUMS; s++)
                ways[k][s] += ways[k - 1][s - values[i].rank];
        }
    }
    for (unsigned s = 0; s < SUMS; s++) {
        all += ways[na][s];
        extreme += fabs(s - mean) >= fabs(sum - mean) ? ways[na][s] : 0;
    }
    free(ways);
    return extreme / all;
}

static double approximate(unsigned n, unsigned na, unsigned sum, double ties)
{
    double nb = n - na, mean = na * (n + 1.0);
    double variance = na * nb / 3 * (n + 1 - ties / (n * (n - 1.0))); /* of twice the sum */

    return variance > 0 ? erfc(fabs(sum - mean) / sqrt(2 * variance)) : 1;
}

double bench_rank_test(const double *a, unsigned na, const double *b, unsigned nb)
{
    unsigned n = na + nb, sum = 0;
    struct value *values = bench_realloc(NULL, (n + 1) * sizeof(*values));
    double p = 1;

    for (unsigned i = 0; i < n; i++)
        values[i] = (struct value){.value = i < na ? a[i] : b[i - na], .of_a = i < na};
    qsort(values, n, sizeof(*values), compare);
    double ties = set_ranks(values, n);

    for (unsigned i = 0; i < n; i++)
        sum += values[i].of_a ? values[i].rank : 0;
    if (na && nb)
        p = n <= EXACT ? exact(values, n, na, sum) : approximate(n, na, sum, ties);
    free(values);
    return p;
}

double bench_rank_test_least(unsigned na, unsigned nb)
{
    double ways = 1;

    for (unsigned i = 1; i <= na; i++)
        ways *= (double)(nb + i) / i;
    return ways > 2 ? 2 / ways : 1;
}

void bench_correct_for_many(double *p, unsigned n)
{
    struct value *values = bench_realloc(NULL, (n + 1) * sizeof(*values));
    double least = 1;

    for (unsigned i = 0; i < n; i++)
        values[i] = (struct value){.value = p[i], .p = &p[i]};
    qsort(values, n, sizeof(*values), compare);
    for (unsigned i = n; i-- > 0;) {
        least = fmin(least, values[i].value * n / (i + 1));
        *values[i].p = least;
    }
    free(values);
}
