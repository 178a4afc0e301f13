/* SPDX-License-Identifier: MIT */
/* Runs a program to its end: what it wrote, and the CPU time it took. */
#ifndef BENCH_SPAWN_H
#define BENCH_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_spawn {
    pid_t pid;
    int fds[2]; /* its outputs, while it runs */
    char *out;  /* standard output, a string */
    char *err;  /* standard error, a string */
    uint64_t cpu_ns;
    long voluntary; /* context switches */
    long involuntary;
    char why[120]; /* set when it failed */
};

/*
 * argv[0] is searched in PATH. `environment` is a NULL-terminated list of NAME=value that replaces or adds, NULL: none.
 * Returns true when the program ended with status 0 within `limit_s`; kills it otherwise. Free `result` in any case.
 */
bool bench_spawn(char *const argv[], const char *const environment[], unsigned limit_s, struct bench_spawn *result);

/*
 * The same in two steps, for a server: the first returns while it runs, or false; the second, after a first that returned
 * true, waits for its end. What a server writes meanwhile must fit into a pipe.
 */
bool bench_spawn_begin(char *const argv[], const char *const environment[], struct bench_spawn *result);
bool bench_spawn_end(unsigned limit_s, struct bench_spawn *result);

void bench_spawn_free(struct bench_spawn *result);

/* Is there such a program in PATH? */
bool bench_in_path(const char *program);

#endif
