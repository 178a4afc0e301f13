/* SPDX-License-Identifier: MIT */
/* What changed between two sets of results, and which of it is not chance. */
#ifndef BENCH_DIFF_H
#define BENCH_DIFF_H

#include "document.h"

#include <stdio.h>

struct bench_diff_metric {
    const char *name;
    size_t offset;
    bool more_is_better;
};

/* Those that are compared; the last one's name is NULL. */
extern const struct bench_diff_metric bench_diff_metrics[];

enum bench_verdict {
    BENCH_TOO_FEW, /* rounds: no difference could be significant */
    BENCH_CHANCE,  /* the difference may be chance */
    BENCH_SMALL,   /* it is not, but lies within the threshold */
    BENCH_BETTER,
    BENCH_WORSE,
};

struct bench_difference {
    const struct bench_series *a, *b;
    const struct bench_diff_metric *metric;
    double ratio; /* B's median by A's */
    double p;     /* corrected */
    enum bench_verdict verdict;
};

struct bench_diff_rules {
    double threshold;    /* a share: less is called small */
    bool relative;       /* figures are first divided by those of the group's base in the same round */
    const char *subject; /* this lock only; NULL: all */
};

struct bench_diff {
    struct bench_diff_rules rules;
    unsigned n;
    struct bench_difference *at;
    unsigned only_a, only_b; /* series that the other file lacks */
    unsigned verdicts[BENCH_WORSE + 1];
    unsigned fewest; /* rounds of a series, in either file */
};

/* Compares every series that both have. Points into the results, which must stay. */
void bench_diff_make(const struct bench_results *a, const struct bench_results *b, const struct bench_diff_rules *rules,
                     struct bench_diff *diff);

/* The rounds that both files need so that one change among this many comparisons can be significant. */
unsigned bench_diff_rounds_needed(unsigned comparisons);

void bench_diff_free(struct bench_diff *diff);

/* The same series in other results, NULL: they lack it. */
const struct bench_series *bench_diff_find(const struct bench_results *results, const struct bench_series *series);

/* `all`: what may be chance, too. */
void bench_diff_print(FILE *out, const struct bench_document *a, const struct bench_document *b,
                      const struct bench_diff *diff, bool all);

#endif
