/* SPDX-License-Identifier: MIT */
/* One run of a program: starts it, makes sure that it has the mutex that it should have, and takes its figures. */
#include "apps.h"

#include "../../src/lock/stats.h"
#include "../harness/clock.h"
#include "../harness/interrupt.h"
#include "../harness/spawn.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_S = 10, END_S = 20 };

struct launch {
    const struct bench_app *app;
    const struct bench_app_run *run;
    const struct bench_preload *preload;
    struct bench_spawn child;
    struct bench_app_score score;
};

/* Where the drop-ins of all runs count: one after the other. */
static const struct oncpu_stats_area *counts(const char **setting)
{
    static struct oncpu_stats_area *area;
    static char text[64];

    if (!area)
        area = oncpu_stats_area_make(text, sizeof(text));
    *setting = area ? text : NULL;
    return area;
}

static double contended(const struct oncpu_stats_area *area)
{
    struct oncpu_stats sum = {0};

    if (area)
        oncpu_stats_sum(area, &sum);
    return (double)sum.contended;
}

/* The line that a process with our drop-in writes when ONCPU_VERBOSE=1, without its newline; NULL: there is none. */
static const char *find_mode(const char *err, int *length)
{
    const char *line = strncmp(err, "oncpu:", 6) == 0 ? err : strstr(err, "\noncpu:");

    if (!line)
        return NULL;
    line += *line == '\n';
    *length = (int)strcspn(line, "\n");
    return line;
}

static bool had_its_mutex(const struct launch *l, char *mode, size_t mode_size, char *why, size_t size)
{
    int length = 0;
    const char *line = find_mode(l->child.err, &length);
    const char *problem = NULL;

    if (l->preload->path && strstr(l->child.err, "from LD_PRELOAD cannot be preloaded"))
        problem = "the library was not preloaded";
    else if (l->preload->ours && !line)
        problem = "the drop-in was preloaded but did not report itself";
    else if (!l->preload->path && line)
        problem = "a drop-in was active";
    if (problem)
        snprintf(why, size, "%s", problem);
    else if (l->preload->ours)
        snprintf(mode, mode_size, "%.*s", length, line);
    return !problem;
}

static bool has_ended(pid_t pid)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

static bool answers(const struct launch *l)
{
    uint64_t deadline = bench_now_ns() + START_S * 1000000000ull;

    while (!bench_interrupted() && bench_now_ns() < deadline && !has_ended(l->child.pid)) {
        int fd = bench_app_connect(l->run);

        if (fd >= 0) {
            close(fd);
            return true;
        }
        bench_sleep_ns(10000000);
    }
    return false;
}

/* A server ends when it is told to, and must end well. */
static bool serve(struct launch *l, char *const argv[], const char *const environment[], char *why, size_t size)
{
    char socket[4096];
    bool ok = true;

    snprintf(socket, sizeof(socket), "%s/socket", l->run->directory);
    unlink(socket);
    if (!bench_spawn_begin(argv, environment, &l->child)) {
        snprintf(why, size, "%s", l->child.why);
        return false;
    }
    if (!answers(l)) {
        snprintf(why, size, "does not answer on %.100s", socket);
        ok = false;
    } else {
        ok = l->app->load(l->run, &l->score, why, size);
    }
    kill(l->child.pid, SIGTERM);
    if (bench_spawn_end(END_S, &l->child))
        return ok;
    if (ok || l->child.err[0])
        snprintf(why, size, "%s", l->child.why);
    return false;
}

static bool work(struct launch *l, char *const argv[], const char *const environment[], char *why, size_t size)
{
    if (!bench_spawn(argv, environment, BENCH_APP_LIMIT_S, &l->child)) {
        snprintf(why, size, "%s", l->child.why);
        return false;
    }
    if (l->app->parse(l->run, l->child.out, l->child.err, &l->score))
        return true;
    snprintf(why, size, "cannot find the score in the output of %s", l->app->program);
    return false;
}

static void fill(const struct launch *l, struct bench_measure *m)
{
    m->operations = l->score.operations;
    m->seconds = l->score.seconds;
    m->throughput = m->operations / m->seconds;
    m->cpu_ns = (double)l->child.cpu_ns / m->operations;
    m->voluntary = (double)l->child.voluntary / m->operations;
    m->involuntary = (double)l->child.involuntary / m->operations;
}

bool bench_app_launch(const struct bench_app *app, const struct bench_app_run *run, const struct bench_preload *preload,
                      struct bench_measure *measure, char *mode, size_t mode_size, char *why, size_t size)
{
    struct launch l = {.app = app, .run = run, .preload = preload};
    struct bench_app_command command = {0};
    const char *before = getenv("LD_PRELOAD"), *setting;
    const struct oncpu_stats_area *area = counts(&setting);
    char libraries[8192];
    const char *environment[4] = {"ONCPU_VERBOSE=1"};
    unsigned n = 1;

    /* The run without a library asks too: a drop-in that came by another way would be compared with itself. */
    if (setting)
        environment[n++] = setting;
    snprintf(libraries, sizeof(libraries), "LD_PRELOAD=%s%s%s", preload->path ? preload->path : "", before ? ":" : "",
             before ? before : "");
    if (preload->path)
        environment[n++] = libraries;
    bench_app_argument(&command, "%s", app->program);
    app->arguments(run, &command);
    double contended_before = contended(area);
    bool ok =
        app->load ? serve(&l, command.argv, environment, why, size) : work(&l, command.argv, environment, why, size);

    if (ok && !(l.score.operations > 0 && l.score.seconds > 0)) {
        snprintf(why, size, "a score of nothing");
        ok = false;
    }
    ok = ok && had_its_mutex(&l, mode, mode_size, why, size);
    if (ok)
        fill(&l, measure);
    if (ok && area && preload->ours)
        measure->contended = (contended(area) - contended_before) / measure->operations;
    bench_spawn_free(&l.child);
    return ok;
}
