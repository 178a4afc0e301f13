/* SPDX-License-Identifier: MIT */
/* Makes one google-benchmark run of each lock, cell and round, and collects what they yield. */
#include "matrix.h"

#include "../gbench/gbench.h"
#include "check.h"
#include "clock.h"
#include "conditions.h"
#include "interrupt.h"
#include "memory.h"
#include "progress.h"
#include "quiet.h"
#include "remote.h"

#include <math.h>

struct job {
    struct collection *collection;
    const struct bench_matrix *matrix;
    const struct bench_lock_ops *ops;
    const struct bench_cell *cell;
    unsigned round;
    unsigned series;
};

struct collection {
    struct bench_results *results;
    const struct job *current; /* a run's result is reported before the next one begins */
    bench_matrix_saved_fn *save;
    void *save_arg;
    uint64_t saved_ns;
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
        } else if (!matrix->unchecked && !bench_check(ops, why, sizeof(why))) {
            bench_results_not_run(results, ops->name, why);
            all_sound = false;
        } else {
            matrix->locks[kept++] = ops;
        }
    }
    matrix->nlocks = kept;
    return all_sound;
}

/* Takes the locks out that the workload cannot use. */
static void drop_unable(struct bench_matrix *matrix, struct bench_results *results)
{
    const struct bench_workload *workload = matrix->workload;
    unsigned kept = 0;

    for (unsigned i = 0; i < matrix->nlocks; i++) {
        const struct bench_lock_ops *ops = matrix->locks[i];
        const char *cannot = workload->cannot ? workload->cannot(bench_lock_called(ops)) : NULL;
        char what[100];

        if (cannot) {
            snprintf(what, sizeof(what), "%s with %s", workload->name, ops->name);
            bench_results_not_run(results, what, cannot);
        } else {
            matrix->locks[kept++] = ops;
        }
    }
    matrix->nlocks = kept;
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

/* What goes on around the workload in one run. */
struct around {
    struct gbench_state *state;
    struct bench_conditions conditions;
};

static void start(void *arg)
{
    struct around *around = arg;

    bench_conditions_start(&around->conditions);
    gbench_start(around->state);
}

static void stop(void *arg)
{
    struct around *around = arg;

    bench_conditions_stop(&around->conditions);
}

static bool run_under_conditions(const struct bench_workload *workload, struct bench_run *run, struct around *around)
{
    if (!bench_conditions_enter(&around->conditions, &run->cell, run->error, sizeof(run->error)))
        return false;
    bool ok = bench_remote_run(workload, run);

    if (around->conditions.to_ns == 0) /* the workload did not say where its measured time ended */
        bench_conditions_stop(&around->conditions);
    bench_conditions_measure(&around->conditions, &run->result);
    bench_conditions_leave(&around->conditions);
    return ok;
}

static void run_job(struct gbench_state *state, void *arg)
{
    const struct job *job = arg;
    const struct bench_matrix *matrix = job->matrix;
    struct around around = {.state = state};
    struct bench_run run = {.ops = job->ops,
                            .cell = *job->cell,
                            .round_ns = matrix->round_ns,
                            .start = start,
                            .stop = stop,
                            .start_arg = &around,
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
    else if (!run_under_conditions(matrix->workload, &run, &around))
        gbench_fail(state, run.error);
    else
        publish(state, &run.result);
}

/* What took hours should not be lost with the process. */
static void save_some_times(struct collection *c)
{
    enum { EVERY_S = 60 };
    uint64_t now = bench_now_ns();

    if (!c->save || now - c->saved_ns < EVERY_S * 1000000000ull)
        return;
    c->save(c->results, c->save_arg);
    c->saved_ns = bench_now_ns();
}

static void collect(const struct gbench_result *result, void *arg)
{
    struct collection *collection = arg;
    unsigned series = collection->current->series;
    struct bench_measure measure = bench_measure_none();

    if (result->error) {
        struct bench_series *s = &collection->results->series[series];

        snprintf(s->error, sizeof(s->error), "%s", result->error);
        if (!bench_interrupted())
            bench_results_add_round(collection->results, series, &measure);
        return;
    }
    for (size_t i = 0; i < result->ncounters; i++) {
        for (const struct bench_metric *m = bench_metrics; m->name; m++) {
            if (strcmp(m->name, result->counters[i].name) == 0)
                *bench_metric_of(&measure, m) = result->counters[i].value;
        }
    }
    bench_results_add_round(collection->results, series, &measure);
    save_some_times(collection);
}

static void heading(const struct bench_workload *workload, const struct bench_cell *cell, char *text, size_t size)
{
    char cs[60] = "", outside[60] = "", lines[40] = "", conditions[60];

    if (workload->takes & BENCH_TAKES_CS)
        snprintf(cs, sizeof(cs), ", %g ns inside the critical section", cell->cs_ns);
    if (workload->takes & BENCH_TAKES_OUTSIDE)
        snprintf(outside, sizeof(outside), ", %g ns outside on average", cell->outside_ns);
    if (cell->lines > 1)
        snprintf(lines, sizeof(lines), ", %u cache lines", cell->lines);
    bench_conditions_describe(cell, conditions, sizeof(conditions));
    const char *what = cs[0] ? cs + 2 : workload->description;

    snprintf(text, size, "%s: %s%s%s%s", workload->name, what, outside, lines, conditions);
}

static unsigned add_series(struct bench_results *results, const struct bench_workload *workload,
                           const struct bench_lock_ops *ops, const struct bench_cell *cell)
{
    struct bench_series series = {
        .workload = workload->name, .cell = *cell, .unit = "op/s", .base = strcmp(ops->name, "pthread") == 0};

    heading(workload, cell, series.group, sizeof(series.group));
    snprintf(series.subject, sizeof(series.subject), "%s", ops->name);
    return bench_results_add(results, &series);
}

static void register_job(struct job *job)
{
    const struct bench_workload *workload = job->matrix->workload;
    const struct bench_cell *cell = job->cell;
    char name[240], threads[30] = "", cs[30] = "", outside[30] = "", lines[30] = "", conditions[60];

    if (workload->takes & BENCH_TAKES_THREADS)
        snprintf(threads, sizeof(threads), "/threads:%u", cell->threads);
    if (workload->takes & BENCH_TAKES_CS)
        snprintf(cs, sizeof(cs), "/cs:%g", cell->cs_ns);
    if (workload->takes & BENCH_TAKES_OUTSIDE)
        snprintf(outside, sizeof(outside), "/outside:%g", cell->outside_ns);
    if (cell->lines > 1)
        snprintf(lines, sizeof(lines), "/lines:%u", cell->lines);
    bench_conditions_name(cell, conditions, sizeof(conditions));
    snprintf(name, sizeof(name), "%s/%s%s%s%s%s%s", workload->name, job->ops->name, threads, cs, outside, lines,
             conditions);
    gbench_register(name, run_job, job);
}

static size_t count_jobs(const struct bench_matrix *matrix)
{
    return (size_t)matrix->ncells * matrix->rounds * matrix->nlocks;
}

/* Registers all rounds of a cell; returns the first job that it did not need. */
static struct job *plan_cell(const struct bench_matrix *matrix, const struct bench_cell *cell,
                             struct collection *collection, struct job *job)
{
    unsigned first = collection->results->nseries;
    char why[160], what[100];

    if (!bench_conditions_possible(cell, why, sizeof(why))) {
        bench_conditions_describe(cell, what, sizeof(what));
        bench_results_not_run(collection->results, what + strspn(what, ", "), why);
        return job;
    }
    for (unsigned i = 0; i < matrix->nlocks; i++)
        add_series(collection->results, matrix->workload, matrix->locks[i], cell);
    for (unsigned round = 0; round < matrix->rounds; round++) {
        for (unsigned i = 0; i < matrix->nlocks; i++, job++) {
            unsigned lock = (i + round) % matrix->nlocks;

            *job = (struct job){collection, matrix, matrix->locks[lock], cell, round, first + lock};
            register_job(job);
        }
    }
    return job;
}

void bench_matrix_run_all(const struct bench_matrix *matrices, unsigned n, struct bench_results *results,
                          bench_matrix_saved_fn *save, void *arg)
{
    struct collection collection = {.results = results, .save = save, .save_arg = arg, .saved_ns = bench_now_ns()};
    struct bench_matrix *fit = bench_realloc(NULL, (n + 1) * sizeof(*fit));
    size_t njobs = 0;

    for (unsigned i = 0; i < n; i++)
        njobs += count_jobs(&matrices[i]);
    struct job *jobs = bench_realloc(NULL, (njobs + 1) * sizeof(*jobs)), *next = jobs;

    for (unsigned i = 0; i < n; i++) {
        fit[i] = matrices[i];
        drop_unable(&fit[i], results);
        for (unsigned c = 0; c < fit[i].ncells; c++)
            next = plan_cell(&fit[i], &fit[i].cells[c], &collection, next);
    }
    if (next != jobs) {
        bench_quiet_begin(&results->disturbance);
        gbench_run(collect, &collection);
        bench_quiet_end(&results->disturbance);
    }
    free(fit);
    free(jobs);
}

void bench_matrix_run(const struct bench_matrix *matrix, struct bench_results *results)
{
    bench_matrix_run_all(matrix, 1, results, NULL, NULL);
}
