/* SPDX-License-Identifier: MIT */
/* Makes one google-benchmark run of each lock, cell and round, and collects what they yield. */
#include "matrix.h"

#include "../gbench/gbench.h"
#include "check.h"
#include "interrupt.h"
#include "memory.h"
#include "progress.h"
#include "remote.h"

#include <math.h>

struct job {
    struct collection *collection;
    const struct bench_lock_ops *ops;
    const struct bench_cell *cell;
    unsigned round;
    unsigned series;
};

struct collection {
    const struct bench_matrix *matrix;
    struct bench_results *results;
    const struct job *current; /* a run's result is reported before the next one begins */
};

bool bench_matrix_check(struct bench_matrix *matrix, struct bench_results *results)
{
    unsigned kept = 0;
    bool all_sound = true;

    for (unsigned i = 0; i < matrix->nlocks; i++) {
        const struct bench_lock_ops *ops = matrix->locks[i];
        const char *cannot = bench_lock_unavailable(ops);
        char why[160];

        if (cannot) {
            snprintf(why, sizeof(why), "unavailable: %s", cannot);
            bench_results_not_run(results, ops->name, why);
        } else if (!bench_check(ops, why, sizeof(why))) {
            bench_results_not_run(results, ops->name, why);
            all_sound = false;
        } else {
            matrix->locks[kept++] = ops;
        }
    }
    matrix->nlocks = kept;
    return all_sound;
}

static double run_seconds(const struct bench_matrix *matrix)
{
    return (double)(matrix->round_ns + bench_warm_up_ns(matrix->round_ns)) * 1e-9;
}

double bench_matrix_seconds(const struct bench_matrix *matrix)
{
    return run_seconds(matrix) * matrix->nlocks * matrix->ncells * matrix->rounds;
}

static void publish(struct gbench_state *state, struct bench_measure *measure)
{
    for (const struct bench_metric *m = bench_metrics; m->name; m++) {
        if (!isnan(*bench_metric_of(measure, m)))
            gbench_counter_set(state, m->name, *bench_metric_of(measure, m));
    }
    gbench_finish(state, measure->seconds, (uint64_t)measure->operations);
}

static void start(void *state)
{
    gbench_start(state);
}

static void run_job(struct gbench_state *state, void *arg)
{
    const struct job *job = arg;
    const struct bench_matrix *matrix = job->collection->matrix;
    struct bench_run run = {.ops = job->ops,
                            .cell = *job->cell,
                            .round_ns = matrix->round_ns,
                            .start = start,
                            .start_arg = state,
                            .result = bench_measure_none()};

    job->collection->current = job;
    if (bench_interrupted()) {
        gbench_fail(state, "interrupted");
        return;
    }
    bench_progress_step(run_seconds(matrix), "%s, %s, %u threads, round %u of %u", matrix->workload->name,
                        job->ops->name, job->cell->threads, job->round + 1, matrix->rounds);
    const char *cannot = job->ops->before_run ? job->ops->before_run() : NULL;

    if (cannot)
        gbench_fail(state, cannot);
    else if (!bench_remote_run(matrix->workload, &run))
        gbench_fail(state, run.error);
    else
        publish(state, &run.result);
}

static void collect(const struct gbench_result *result, void *arg)
{
    struct collection *collection = arg;
    unsigned series = collection->current->series;
    struct bench_measure measure = bench_measure_none();

    if (result->error) {
        struct bench_series *s = &collection->results->series[series];

        snprintf(s->error, sizeof(s->error), "%s", result->error);
        return;
    }
    for (size_t i = 0; i < result->ncounters; i++) {
        for (const struct bench_metric *m = bench_metrics; m->name; m++) {
            if (strcmp(m->name, result->counters[i].name) == 0)
                *bench_metric_of(&measure, m) = result->counters[i].value;
        }
    }
    bench_results_add_round(collection->results, series, &measure);
}

static unsigned add_series(const struct collection *c, const struct bench_lock_ops *ops, const struct bench_cell *cell)
{
    const struct bench_workload *workload = c->matrix->workload;
    struct bench_series series = {
        .workload = workload->name, .cell = *cell, .unit = "op/s", .base = strcmp(ops->name, "pthread") == 0};

    if (workload->has_cells)
        snprintf(series.group, sizeof(series.group), "%s: %g ns inside the critical section, %g ns outside on average",
                 workload->name, cell->cs_ns, cell->outside_ns);
    else
        snprintf(series.group, sizeof(series.group), "%s: %s", workload->name, workload->description);
    snprintf(series.subject, sizeof(series.subject), "%s", ops->name);
    return bench_results_add(c->results, &series);
}

static void register_job(struct job *job)
{
    const struct bench_workload *workload = job->collection->matrix->workload;
    char name[160];

    if (workload->has_cells)
        snprintf(name, sizeof(name), "%s/%s/threads:%u/cs:%g/outside:%g", workload->name, job->ops->name,
                 job->cell->threads, job->cell->cs_ns, job->cell->outside_ns);
    else
        snprintf(name, sizeof(name), "%s/%s", workload->name, job->ops->name);
    gbench_register(name, run_job, job);
}

void bench_matrix_run(const struct bench_matrix *matrix, struct bench_results *results)
{
    struct collection collection = {matrix, results, NULL};
    size_t njobs = (size_t)matrix->ncells * matrix->rounds * matrix->nlocks;
    struct job *jobs = bench_realloc(NULL, (njobs + 1) * sizeof(*jobs)), *job = jobs;

    for (unsigned c = 0; c < matrix->ncells; c++) {
        unsigned first = results->nseries;

        for (unsigned i = 0; i < matrix->nlocks; i++)
            add_series(&collection, matrix->locks[i], &matrix->cells[c]);
        for (unsigned round = 0; round < matrix->rounds; round++) {
            for (unsigned i = 0; i < matrix->nlocks; i++, job++) {
                unsigned lock = (i + round) % matrix->nlocks;

                *job = (struct job){&collection, matrix->locks[lock], &matrix->cells[c], round, first + lock};
                register_job(job);
            }
        }
    }
    if (njobs)
        gbench_run(collect, &collection);
    free(jobs);
}
