/* SPDX-License-Identifier: MIT */
/* Compares two sets of results, series by series. */
#include "diff.h"

#include "../harness/memory.h"
#include "significance.h"

#include <math.h>

#define METRIC(name, field, more) {name, offsetof(struct bench_measure, field), more}
const struct bench_diff_metric bench_diff_metrics[] = {
    METRIC("throughput", throughput, true),
    METRIC("CPU time per operation", cpu_ns, false),
    METRIC("wait, p99.9", wait_p999, false),
    {NULL, 0, false},
};

static bool is_same(const struct bench_series *a, const struct bench_series *b)
{
    return strcmp(a->subject, b->subject) == 0 && bench_series_same_cell(a, b);
}

const struct bench_series *bench_diff_find(const struct bench_results *results, const struct bench_series *series)
{
    for (unsigned i = 0; i < results->nseries; i++) {
        if (is_same(&results->series[i], series))
            return &results->series[i];
    }
    return NULL;
}

static const struct bench_series *base_in(const struct bench_results *results, const struct bench_series *series)
{
    for (unsigned i = 0; i < results->nseries; i++) {
        if (results->series[i].base && bench_series_same_cell(&results->series[i], series))
            return &results->series[i];
    }
    return NULL;
}

static double figure(const struct bench_measure *measure, size_t offset)
{
    return *(const double *)((const char *)measure + offset);
}

/* The figures of all rounds that have one; freed by free(). */
static double *figures(const struct bench_results *results, const struct bench_series *s, size_t offset, bool relative,
                       unsigned *n)
{
    const struct bench_series *base = relative ? base_in(results, s) : NULL;
    double *values = bench_realloc(NULL, (s->nrounds + 1) * sizeof(*values));

    *n = 0;
    for (unsigned i = 0; i < s->nrounds; i++) {
        double value = figure(&s->rounds[i], offset);

        if (relative)
            value = base && base != s && i < base->nrounds ? value / figure(&base->rounds[i], offset) : NAN;
        if (isfinite(value))
            values[(*n)++] = value;
    }
    return values;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, unsigned n)
{
    qsort(values, n, sizeof(*values), compare);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void add(struct bench_diff *diff, const struct bench_difference *d)
{
    diff->at = bench_realloc(diff->at, (diff->n + 1) * sizeof(*diff->at));
    diff->at[diff->n++] = *d;
}

static void add_metric(struct bench_diff *diff, const struct bench_results *a, const struct bench_results *b,
                       struct bench_difference d)
{
    unsigned na, nb;
    double *va = figures(a, d.a, d.metric->offset, diff->rules.relative, &na);
    double *vb = figures(b, d.b, d.metric->offset, diff->rules.relative, &nb);

    if (na && nb) {
        d.p = bench_rank_test(va, na, vb, nb);
        d.verdict = bench_rank_test_least(na, nb) > bench_significant ? BENCH_TOO_FEW : BENCH_CHANCE;
        d.ratio = median(vb, nb) / median(va, na);
        if (isfinite(d.ratio))
            add(diff, &d);
    }
    free(va);
    free(vb);
}

static enum bench_verdict judge(const struct bench_difference *d, double threshold)
{
    if (d->p > bench_significant)
        return BENCH_CHANCE;
    if (d->ratio >= 1 - threshold && d->ratio <= 1 + threshold)
        return BENCH_SMALL;
    return (d->ratio > 1) == d->metric->more_is_better ? BENCH_BETTER : BENCH_WORSE;
}

/* Comparisons that could not have shown anything do not make the others less certain. */
static void judge_all(struct bench_diff *diff)
{
    double *p = bench_realloc(NULL, (diff->n + 1) * sizeof(*p));
    unsigned n = 0;

    for (unsigned i = 0; i < diff->n; i++) {
        if (diff->at[i].verdict != BENCH_TOO_FEW)
            p[n++] = diff->at[i].p;
    }
    bench_correct_for_many(p, n);
    n = 0;
    for (unsigned i = 0; i < diff->n; i++) {
        struct bench_difference *d = &diff->at[i];

        if (d->verdict != BENCH_TOO_FEW) {
            d->p = p[n++];
            d->verdict = judge(d, diff->rules.threshold);
        }
        diff->verdicts[d->verdict]++;
    }
    free(p);
}

static void note_rounds(struct bench_diff *diff, const struct bench_difference *d)
{
    unsigned fewer = d->a->nrounds < d->b->nrounds ? d->a->nrounds : d->b->nrounds;

    if (fewer && (diff->fewest == 0 || fewer < diff->fewest))
        diff->fewest = fewer;
}

void bench_diff_make(const struct bench_results *a, const struct bench_results *b, const struct bench_diff_rules *rules,
                     struct bench_diff *diff)
{
    *diff = (struct bench_diff){.rules = *rules};
    for (unsigned i = 0; i < a->nseries; i++) {
        struct bench_difference d = {.a = &a->series[i], .b = bench_diff_find(b, &a->series[i])};

        diff->only_a += !d.b;
        if (!d.b || (rules->subject && strcmp(rules->subject, d.a->subject) != 0))
            continue;
        note_rounds(diff, &d);
        for (d.metric = bench_diff_metrics; d.metric->name; d.metric++)
            add_metric(diff, a, b, d);
    }
    for (unsigned i = 0; i < b->nseries; i++)
        diff->only_b += !bench_diff_find(a, &b->series[i]);
    judge_all(diff);
}

unsigned bench_diff_rounds_needed(unsigned comparisons)
{
    unsigned rounds = 1;

    while (bench_rank_test_least(rounds, rounds) * comparisons > bench_significant)
        rounds++;
    return rounds;
}

void bench_diff_free(struct bench_diff *diff)
{
    free(diff->at);
    memset(diff, 0, sizeof(*diff));
}
