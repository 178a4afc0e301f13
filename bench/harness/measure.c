/* SPDX-License-Identifier: MIT */
/* The statistics over runs. */
#include "measure.h"

#include "memory.h"

#include <math.h>
#include <stdlib.h>

#define METRIC(field) {#field, offsetof(struct bench_measure, field)}
const struct bench_metric bench_metrics[] = {
    METRIC(operations), METRIC(seconds),  METRIC(throughput),      METRIC(efficiency),
    METRIC(cpu_ns),     METRIC(fairness), METRIC(voluntary),       METRIC(involuntary),
    METRIC(contended),  METRIC(wait_p50), METRIC(wait_p99),        METRIC(wait_p999),
    METRIC(wait_max),   METRIC(starved),  METRIC(neighbour_share), {NULL, 0},
};

struct bench_measure bench_measure_none(void)
{
    struct bench_measure none;

    for (const struct bench_metric *m = bench_metrics; m->name; m++)
        *bench_metric_of(&none, m) = NAN;
    return none;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, unsigned n)
{
    if (n == 0)
        return NAN;
    qsort(values, n, sizeof(*values), compare);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static double field(const struct bench_measure *measure, size_t offset)
{
    return *(const double *)((const char *)measure + offset);
}

struct bench_measure bench_measure_median(const struct bench_measure *runs, unsigned nruns)
{
    struct bench_measure result = bench_measure_none();
    double *values = bench_realloc(NULL, (nruns + 1) * sizeof(*values));

    for (const struct bench_metric *m = bench_metrics; m->name; m++) {
        unsigned n = 0;

        for (unsigned i = 0; i < nruns; i++) {
            if (!isnan(field(&runs[i], m->offset)))
                values[n++] = field(&runs[i], m->offset);
        }
        *bench_metric_of(&result, m) = median(values, n);
    }
    free(values);
    return result;
}

double bench_measure_spread(const struct bench_measure *runs, unsigned nruns, size_t offset)
{
    double *values = bench_realloc(NULL, (nruns + 1) * sizeof(*values));
    unsigned n = 0;

    for (unsigned i = 0; i < nruns; i++) {
        if (!isnan(field(&runs[i], offset)))
            values[n++] = field(&runs[i], offset);
    }
    double middle = median(values, n), spread = n > 1 ? (values[n - 1] - values[0]) / 2 / middle : NAN;

    free(values);
    return spread;
}

double bench_measure_ratio(const struct bench_measure *a, const struct bench_measure *b, unsigned nruns, size_t offset)
{
    double *values = bench_realloc(NULL, (nruns + 1) * sizeof(*values));
    unsigned n = 0;

    for (unsigned i = 0; i < nruns; i++) {
        double ratio = field(&a[i], offset) / field(&b[i], offset);

        if (isfinite(ratio))
            values[n++] = ratio;
    }
    double result = median(values, n);

    free(values);
    return result;
}

double bench_fairness(const double *values, unsigned n)
{
    double sum = 0, squares = 0;

    for (unsigned i = 0; i < n; i++) {
        sum += values[i];
        squares += values[i] * values[i];
    }
    return squares > 0 ? sum * sum / (n * squares) : NAN;
}
