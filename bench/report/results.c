/* SPDX-License-Identifier: MIT */
/* Keeps what was measured until it is reported. */
#include "results.h"

#include "../harness/memory.h"

#include <math.h>

unsigned bench_results_add(struct bench_results *results, const struct bench_series *like)
{
    results->series = bench_realloc(results->series, (results->nseries + 1) * sizeof(*results->series));
    struct bench_series *series = &results->series[results->nseries];

    *series = *like;
    series->nrounds = 0;
    series->rounds = NULL;
    return results->nseries++;
}

void bench_results_add_round(struct bench_results *results, unsigned series, const struct bench_measure *measure)
{
    struct bench_series *s = &results->series[series];

    s->rounds = bench_realloc(s->rounds, (s->nrounds + 1) * sizeof(*s->rounds));
    s->rounds[s->nrounds++] = *measure;
}

void bench_results_not_run(struct bench_results *results, const char *what, const char *why)
{
    for (unsigned i = 0; i < results->nnot_run; i++) {
        if (strcmp(results->not_run[i].what, what) == 0 && strcmp(results->not_run[i].why, why) == 0)
            return; /* of another cell */
    }
    results->not_run = bench_realloc(results->not_run, (results->nnot_run + 1) * sizeof(*results->not_run));
    struct bench_not_run *n = &results->not_run[results->nnot_run++];

    snprintf(n->what, sizeof(n->what), "%s", what);
    snprintf(n->why, sizeof(n->why), "%s", why);
}

bool bench_series_measured(const struct bench_series *series)
{
    for (unsigned i = 0; i < series->nrounds; i++) {
        if (!isnan(series->rounds[i].throughput))
            return true;
    }
    return false;
}

bool bench_series_same_cell(const struct bench_series *a, const struct bench_series *b)
{
    const struct bench_cell *x = &a->cell, *y = &b->cell;

    return x->threads == y->threads && x->neighbours == y->neighbours && x->cpus == y->cpus && x->quota == y->quota &&
           x->lines == y->lines && x->cs_ns == y->cs_ns && x->outside_ns == y->outside_ns &&
           strcmp(a->group, b->group) == 0;
}

static const struct bench_series *base_of(const struct bench_results *results, const struct bench_series *series)
{
    size_t at = (size_t)(series - results->series);

    /* It comes before the others as a rule, and not far from them. */
    for (size_t i = at + 1; i-- > 0;) {
        if (results->series[i].base && bench_series_same_cell(&results->series[i], series))
            return &results->series[i];
    }
    for (size_t i = at + 1; i < results->nseries; i++) {
        if (results->series[i].base && bench_series_same_cell(&results->series[i], series))
            return &results->series[i];
    }
    return NULL;
}

double bench_results_ratio(const struct bench_results *results, const struct bench_series *series, size_t offset)
{
    const struct bench_series *base = base_of(results, series);
    unsigned n;

    if (!base)
        return NAN;
    n = base->nrounds < series->nrounds ? base->nrounds : series->nrounds;
    return bench_measure_ratio(series->rounds, base->rounds, n, offset);
}

bool bench_results_failed(const struct bench_results *results)
{
    for (unsigned i = 0; i < results->nseries; i++) {
        if (results->series[i].error[0])
            return true;
    }
    return false;
}

void bench_results_free(struct bench_results *results)
{
    for (unsigned i = 0; i < results->nseries; i++)
        free(results->series[i].rounds);
    free(results->series);
    free(results->not_run);
}
