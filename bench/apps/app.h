/* SPDX-License-Identifier: MIT */
/* What the benchmark asks of a program that it runs unmodified, under one mutex after the other. */
#ifndef BENCH_APP_H
#define BENCH_APP_H

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_APP_ARGUMENTS = 32, BENCH_APP_TEXT = 4096, BENCH_APP_LIMIT_S = 60 };

/* A command line under construction. */
struct bench_app_command {
    unsigned n;
    char *argv[BENCH_APP_ARGUMENTS];
    size_t used;
    char text[BENCH_APP_TEXT];
};

/* Adds one argument. */
__attribute__((format(printf, 2, 3))) void bench_app_argument(struct bench_app_command *command, const char *format,
                                                              ...);

/* What a program is told about one of its runs. */
struct bench_app_run {
    unsigned threads;
    bool quick;            /* so little work that it only shows that all works */
    const char *directory; /* empty before prepare(); it stays from run to run, and goes after the last */
};

struct bench_app_score {
    double operations;
    double seconds; /* that they took */
};

struct bench_app {
    const char *name;      /* as it is asked for */
    const char *title;     /* with what it does and what an operation is, for the table's heading */
    const char *program;   /* searched in PATH */
    const char *generator; /* NULL, or another program that a run needs */
    const char *unit;      /* of its throughput */
    double seconds;        /* that a run takes, about */
    bool demo;             /* part of `demo`, too */
    /* NULL, or called once before its runs, its thread count being 0. Returns false, with the reason in `why`. */
    bool (*prepare)(const struct bench_app_run *run, char *why, size_t size);
    /* What follows the program's name. */
    void (*arguments)(const struct bench_app_run *run, struct bench_app_command *command);
    /* Finds the score in what it wrote to its standard output and error. Of a server: what its generator wrote. */
    bool (*parse)(const struct bench_app_run *run, const char *out, const char *err, struct bench_app_score *score);
    /* NULL, or: it is a server on the socket `directory`/socket; works with it, without what it runs with itself. */
    bool (*load)(const struct bench_app_run *run, struct bench_app_score *score, char *why, size_t size);
};

void bench_app_register(const struct bench_app *app);

/* In a program's file: `BENCH_APP(app);` and nothing else anywhere. */
#define BENCH_APP(app)                                                                                                 \
    __attribute__((constructor)) static void bench_register_##app(void)                                                \
    {                                                                                                                  \
        bench_app_register(&app);                                                                                      \
    }                                                                                                                  \
    _Static_assert(sizeof(app) > 0, "")

/* By index, sorted by name; NULL past the end. */
const struct bench_app *bench_app_at(unsigned index);
const struct bench_app *bench_app_find(const char *name);

/* Why it cannot run here, NULL if it can: a program is not installed. */
const char *bench_app_unavailable(const struct bench_app *app);

/* The number that follows `key`; false: there is none. */
bool bench_app_number(const char *text, const char *key, double *number);

/* The sum of the numbers that follow `key`, wherever it stands; false: nowhere. */
bool bench_app_sum(const char *text, const char *key, double *sum);

/* Runs a command that prepares or loads, as it is in the caller's environment. */
bool bench_app_helper(struct bench_app_command *command, char *why, size_t size);

/* Connects to the server's socket; -1: nobody listens. */
int bench_app_connect(const struct bench_app_run *run);

#endif
