/* SPDX-License-Identifier: MIT */
/* Programs under one mutex after the other, in rounds. */
#ifndef BENCH_APPS_H
#define BENCH_APPS_H

#include "../report/results.h"
#include "app.h"

enum { BENCH_APPS_MAX = 64, BENCH_APPS_THREADS = 16, BENCH_APPS_PRELOADS = 16 };

/* A library that serves pthread_mutex_t in a program that has it in LD_PRELOAD. */
struct bench_preload {
    char name[32];
    const char *path; /* NULL: none, the C library's mutex, with which the others are compared */
    bool ours;
};

struct bench_apps {
    unsigned napps;
    const struct bench_app *apps[BENCH_APPS_MAX];
    unsigned nthreads;
    unsigned threads[BENCH_APPS_THREADS];
    unsigned npreloads;
    struct bench_preload preloads[BENCH_APPS_PRELOADS];
    unsigned rounds;
    bool quick;
};

/* "pthread" and our drop-in, 2 and 8 threads. Without a drop-in library it is not there and `results` says why. */
void bench_apps_defaults(struct bench_apps *apps, struct bench_results *results);

/* What bench_apps_run() will take. */
double bench_apps_seconds(const struct bench_apps *apps);

/* `mode` receives what the drop-in said of itself, "" if it was not asked. */
void bench_apps_run(const struct bench_apps *apps, struct bench_results *results, char *mode, size_t size);

/* One run of a program, in apps/launch.c. Returns false with the reason in `why`. */
bool bench_app_launch(const struct bench_app *app, const struct bench_app_run *run, const struct bench_preload *preload,
                      struct bench_measure *measure, char *mode, size_t mode_size, char *why, size_t size);

/* argv after the word "apps". Returns the exit status. */
int bench_apps_main(int argc, char **argv);

#endif
