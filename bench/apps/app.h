/* SPDX-License-Identifier: MIT */
/* What the benchmark asks of a program that it runs unmodified, with the drop-in and without. */
#ifndef BENCH_APP_H
#define BENCH_APP_H

#include "../report/results.h"

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_APP_ARGUMENTS = 32, BENCH_APP_TEXT = 1024 };

/* A command line under construction. */
struct bench_app_command {
    unsigned n;
    char *argv[BENCH_APP_ARGUMENTS];
    size_t used;
    char text[BENCH_APP_TEXT];
};

__attribute__((format(printf, 2, 3))) void bench_app_argument(struct bench_app_command *command, const char *format,
                                                              ...);

struct bench_app {
    const char *name;    /* with what it does, for the table's heading */
    const char *program; /* searched in PATH */
    const char *unit;    /* of its throughput */
    double seconds;      /* that a run takes, about */
    /* NULL, or called once before its runs. Returns false, with the reason in `why`, when it cannot run. */
    bool (*prepare)(char *why, size_t size);
    /* NULL, or called once after its runs, also when prepare() failed. */
    void (*cleanup)(void);
    void (*arguments)(unsigned threads, struct bench_app_command *command);
    /* Finds the score in what it wrote. */
    bool (*parse)(const char *out, double *operations, double *seconds);
};

/* All there are, ended by NULL. */
extern const struct bench_app *const bench_apps[];
extern const struct bench_app bench_app_sysbench_mutex;
extern const struct bench_app bench_app_db_bench;

/* What bench_apps_run() will take. */
double bench_apps_seconds(unsigned rounds);

/*
 * Runs each program at 2 and 8 threads, with the drop-in and without in turn, `rounds` times. `mode` receives what the
 * drop-in said of itself.
 */
void bench_apps_run(unsigned rounds, struct bench_results *results, char *mode, size_t size);

#endif
