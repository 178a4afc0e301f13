/* SPDX-License-Identifier: MIT */
/* The rounds: each program at each thread count, with each library in turn. */
#include "apps.h"

#include "../harness/dropin_library.h"
#include "../harness/interrupt.h"
#include "../harness/progress.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct comparison {
    const struct bench_apps *plan;
    const struct bench_app *app;
    struct bench_app_run run;
    struct bench_results *results;
    char *mode;
    size_t mode_size;
};

void bench_apps_defaults(struct bench_apps *apps, struct bench_results *results)
{
    char why[256];
    const char *dropin = bench_dropin_path(why, sizeof(why));

    memset(apps, 0, sizeof(*apps));
    apps->rounds = 5;
    apps->threads[apps->nthreads++] = 2;
    apps->threads[apps->nthreads++] = 8;
    apps->preloads[apps->npreloads++] = (struct bench_preload){.name = "pthread"};
    if (dropin)
        apps->preloads[apps->npreloads++] = (struct bench_preload){"dropin", dropin, true};
    else
        bench_results_not_run(results, "programs with the drop-in", why);
}

static double run_seconds(const struct comparison *c)
{
    return c->plan->quick ? 0.3 : c->app->seconds;
}

double bench_apps_seconds(const struct bench_apps *apps)
{
    struct comparison c = {.plan = apps};
    double seconds = 0;

    for (unsigned i = 0; i < apps->napps; i++) {
        c.app = apps->apps[i];
        if (!bench_app_unavailable(c.app))
            seconds += run_seconds(&c) * apps->npreloads * apps->nthreads * apps->rounds;
    }
    return seconds;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *position)
{
    (void)status;
    (void)type;
    (void)position;
    return remove(path);
}

static bool make_directory(char *directory, size_t length, char *why, size_t size)
{
    const char *parent = getenv("TMPDIR");

    snprintf(directory, length, "%.200s/oncpu-bench-XXXXXX", parent && *parent ? parent : "/tmp");
    if (mkdtemp(directory))
        return true;
    snprintf(why, size, "cannot make %.100s: %.60s", directory, strerror(errno));
    return false;
}

static void remove_directory(const char *directory)
{
    if (nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "oncpu-bench: cannot remove %s: %s\n", directory, strerror(errno));
}

static unsigned add_series(const struct comparison *c, const struct bench_preload *preload)
{
    struct bench_series series = {.cell.threads = c->run.threads, .unit = c->app->unit, .base = !preload->path};

    snprintf(series.group, sizeof(series.group), "program: %s", c->app->title);
    snprintf(series.subject, sizeof(series.subject), "%s", preload->name);
    return bench_results_add(c->results, &series);
}

static void run_once(struct comparison *c, const struct bench_preload *preload, unsigned series)
{
    struct bench_measure measure = bench_measure_none();
    char why[160];

    if (bench_app_launch(c->app, &c->run, preload, &measure, c->mode, c->mode_size, why, sizeof(why)))
        bench_results_add_round(c->results, series, &measure);
    else
        snprintf(c->results->series[series].error, sizeof(c->results->series[series].error), "%s", why);
}

static void compare(struct comparison *c)
{
    const struct bench_apps *plan = c->plan;
    unsigned first = c->results->nseries;

    for (unsigned i = 0; i < plan->npreloads; i++)
        add_series(c, &plan->preloads[i]);
    for (unsigned round = 0; round < plan->rounds; round++) {
        for (unsigned i = 0; i < plan->npreloads && !bench_interrupted(); i++) {
            /* Who goes first changes from round to round. */
            unsigned preload = (i + round) % plan->npreloads;

            bench_progress_step(run_seconds(c), "%s, %u threads, %s, round %u of %u", c->app->name, c->run.threads,
                                plan->preloads[preload].name, round + 1, plan->rounds);
            run_once(c, &plan->preloads[preload], first + preload);
        }
    }
}

static void compare_all(struct comparison *c)
{
    char directory[256], why[200];

    if (!make_directory(directory, sizeof(directory), why, sizeof(why))) {
        bench_results_not_run(c->results, c->app->name, why);
        return;
    }
    c->run = (struct bench_app_run){.quick = c->plan->quick, .directory = directory};
    bool ready = !c->app->prepare || c->app->prepare(&c->run, why, sizeof(why));

    if (!ready)
        bench_results_not_run(c->results, c->app->name, why);
    for (unsigned t = 0; ready && t < c->plan->nthreads; t++) {
        c->run.threads = c->plan->threads[t];
        compare(c);
    }
    remove_directory(directory);
}

void bench_apps_run(const struct bench_apps *apps, struct bench_results *results, char *mode, size_t size)
{
    struct comparison c = {.plan = apps, .results = results, .mode = mode, .mode_size = size};

    mode[0] = '\0';
    for (unsigned i = 0; i < apps->napps && !bench_interrupted(); i++) {
        c.app = apps->apps[i];
        const char *cannot = bench_app_unavailable(c.app);

        if (cannot)
            bench_results_not_run(results, c.app->name, cannot);
        else
            compare_all(&c);
    }
}
