/* SPDX-License-Identifier: MIT */
/* Runs programs with the drop-in and without, and makes sure that the drop-in really was there. */
#include "app.h"

#include "../harness/dropin_library.h"
#include "../harness/interrupt.h"
#include "../harness/progress.h"
#include "../harness/spawn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_S = 60 };

static const unsigned thread_counts[] = {2, 8};
enum { THREAD_COUNTS = sizeof(thread_counts) / sizeof(thread_counts[0]) };

const struct bench_app *const bench_apps[] = {&bench_app_sysbench_mutex, &bench_app_db_bench, NULL};

void bench_app_argument(struct bench_app_command *command, const char *format, ...)
{
    char *at = command->text + command->used;
    size_t left = sizeof(command->text) - command->used;
    va_list args;

    va_start(args, format);
    int length = vsnprintf(at, left, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= left || command->n + 1 == BENCH_APP_ARGUMENTS)
        abort();
    command->argv[command->n++] = at;
    command->used += (size_t)length + 1;
}

/* The line that a process with the drop-in writes when ONCPU_VERBOSE=1, without its newline; NULL: there is none. */
static const char *find_mode(const char *err, int *length)
{
    const char *line = strncmp(err, "oncpu:", 6) == 0 ? err : strstr(err, "\noncpu:");

    if (!line)
        return NULL;
    line += *line == '\n';
    *length = (int)strcspn(line, "\n");
    return line;
}

struct comparison {
    const struct bench_app *app;
    const char *dropin;
    struct bench_results *results;
    char *mode;
    size_t mode_size;
};

static bool was_active(struct comparison *c, const struct bench_spawn *child, bool expected, char *why, size_t size)
{
    int length = 0;
    const char *line = find_mode(child->err, &length);

    if (line && expected)
        snprintf(c->mode, c->mode_size, "%.*s", length, line);
    if (!!line == expected)
        return true;
    snprintf(why, size, expected ? "the drop-in was preloaded but did not report itself" : "a drop-in was active");
    return false;
}

static bool run_once(struct comparison *c, unsigned threads, bool with, struct bench_measure *m, char *why, size_t size)
{
    struct bench_app_command command = {0};
    const char *before = getenv("LD_PRELOAD");
    char preload[8192];
    /* The plain run asks too: a drop-in that came by another way would be compared with itself. */
    const char *environment[] = {"ONCPU_VERBOSE=1", with ? preload : NULL, NULL};
    struct bench_spawn child;

    snprintf(preload, sizeof(preload), "LD_PRELOAD=%s%s%s", c->dropin, before ? ":" : "", before ? before : "");
    bench_app_argument(&command, "%s", c->app->program);
    c->app->arguments(threads, &command);
    bool ok = bench_spawn(command.argv, environment, LIMIT_S, &child);

    if (!ok) {
        snprintf(why, size, "%s", child.why);
    } else if (!c->app->parse(child.out, &m->operations, &m->seconds) || !(m->operations > 0 && m->seconds > 0)) {
        snprintf(why, size, "cannot find the score in the output of %s", c->app->program);
        ok = false;
    } else if (!(ok = was_active(c, &child, with, why, size))) {
        /* `why` is set */
    } else {
        m->throughput = m->operations / m->seconds;
        m->cpu_ns = (double)child.cpu_ns / m->operations;
        m->voluntary = (double)child.voluntary / m->operations;
        m->involuntary = (double)child.involuntary / m->operations;
    }
    bench_spawn_free(&child);
    return ok;
}

static unsigned add_series(const struct comparison *c, const char *subject, unsigned threads, bool base)
{
    struct bench_series series = {.cell.threads = threads, .unit = c->app->unit, .base = base};

    snprintf(series.group, sizeof(series.group), "%s", c->app->name);
    snprintf(series.subject, sizeof(series.subject), "%s", subject);
    return bench_results_add(c->results, &series);
}

static void compare(struct comparison *c, unsigned threads, unsigned rounds)
{
    unsigned plain = add_series(c, "pthread", threads, true);
    unsigned with = add_series(c, "with the drop-in", threads, false);

    for (unsigned i = 0; i < 2 * rounds && !bench_interrupted(); i++) {
        /* Who goes first changes from round to round. */
        bool dropin = (i + i / 2) % 2;
        unsigned series = dropin ? with : plain;
        struct bench_measure measure = bench_measure_none();
        char why[160];

        bench_progress_step(c->app->seconds, "%s, %u threads, %s, round %u of %u", c->app->program, threads,
                            c->results->series[series].subject, i / 2 + 1, rounds);
        if (run_once(c, threads, dropin, &measure, why, sizeof(why)))
            bench_results_add_round(c->results, series, &measure);
        else
            snprintf(c->results->series[series].error, sizeof(c->results->series[series].error), "%s", why);
    }
}

double bench_apps_seconds(unsigned rounds)
{
    double seconds = 0;

    for (unsigned i = 0; bench_apps[i]; i++)
        seconds += bench_apps[i]->seconds * 2 * THREAD_COUNTS * rounds;
    return seconds;
}

void bench_apps_run(unsigned rounds, struct bench_results *results, char *mode, size_t size)
{
    struct comparison c = {.results = results, .mode = mode, .mode_size = size};
    char why[256];

    mode[0] = '\0';
    c.dropin = bench_dropin_path(why, sizeof(why));
    if (!c.dropin) {
        bench_results_not_run(results, "programs", why);
        return;
    }
    for (unsigned i = 0; bench_apps[i] && !bench_interrupted(); i++) {
        c.app = bench_apps[i];
        if (!bench_in_path(c.app->program)) {
            bench_results_not_run(results, c.app->name, "skipped, the program is not installed");
            continue;
        }
        bool ready = !c.app->prepare || c.app->prepare(why, sizeof(why));

        if (!ready)
            bench_results_not_run(results, c.app->name, why);
        for (unsigned t = 0; ready && t < THREAD_COUNTS; t++)
            compare(&c, thread_counts[t], rounds);
        if (c.app->cleanup)
            c.app->cleanup();
    }
}
