/* SPDX-License-Identifier: MIT */
/* Can a difference between two sets of rounds be chance? */
#ifndef BENCH_SIGNIFICANCE_H
#define BENCH_SIGNIFICANCE_H

/* What is called significant, after the correction for many comparisons. */
extern const double bench_significant;

/*
 * Mann and Whitney's U test, two-sided: the chance that ranks differ as much or more if both sets come from the same
 * distribution. Exact, with ties, up to 40 values together; beyond, the normal approximation.
 */
double bench_rank_test(const double *a, unsigned na, const double *b, unsigned nb);

/* The least that bench_rank_test() can yield for so many values. */
double bench_rank_test_least(unsigned na, unsigned nb);

/*
 * Benjamini and Hochberg's correction, in place: of what is then called significant, no more than that share is
 * expected to be chance.
 */
void bench_correct_for_many(double *p, unsigned n);

#endif
