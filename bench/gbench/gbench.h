/* SPDX-License-Identifier: MIT */
/* google-benchmark for C: it runs, filters and writes JSON; the caller does the work and gets every finished run. */
#ifndef GBENCH_H
#define GBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gbench_state;

typedef void gbench_fn(struct gbench_state *state, void *arg);

struct gbench_counter {
    const char *name;
    double value;
};

/* One finished run. Everything in it is gone when the callback returns. */
struct gbench_result {
    const char *name;  /* as registered, without what google-benchmark appends */
    const char *error; /* NULL: the run succeeded */
    double real_ns;    /* per operation */
    double cpu_ns;     /* per operation, of the whole process */
    int64_t operations;
    const struct gbench_counter *counters;
    size_t ncounters;
};

typedef void gbench_result_fn(const struct gbench_result *result, void *arg);

/* Takes the --benchmark_* flags out of argv. Call first. */
void gbench_initialize(int *argc, char **argv);

/* True when --benchmark_format asked for google-benchmark's own output on standard output. */
bool gbench_displays(void);

/* A line for the "context" object of the JSON output. */
void gbench_context(const char *key, const char *value);

/*
 * Adds one run of fn(state, arg). Runs are made in the order of registration. The same name may be registered again:
 * in the JSON output such runs are repetitions of one benchmark, which is how compare.py reads them.
 */
void gbench_register(const char *name, gbench_fn *fn, void *arg);

/* Inside fn, once each and in this order: what lies between them is the measured time. */
void gbench_start(struct gbench_state *state);
void gbench_finish(struct gbench_state *state, double seconds, uint64_t operations);

/* Inside fn: adds a figure to the result. */
void gbench_counter_set(struct gbench_state *state, const char *name, double value);

/* Inside fn, instead of gbench_finish(): the run failed. fn must return at once. */
void gbench_fail(struct gbench_state *state, const char *why);

/* Runs what was registered and matches the filter. Returns how many runs that was. */
size_t gbench_run(gbench_result_fn *fn, void *arg);

#ifdef __cplusplus
}
#endif

#endif
