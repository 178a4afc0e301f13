/* SPDX-License-Identifier: MIT */
/* The command line, read into numbers and locks. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "harness/matrix.h"

struct bench_options {
    struct bench_matrix matrix;
    const char *json; /* NULL: nowhere */
};

/*
 * Fills `options` from argv, starting at argv[1]; what is not there keeps the defaults of `run`. Returns false after it
 * said on standard error what it did not understand.
 */
bool bench_options_read(int argc, char **argv, struct bench_options *options);

/* Takes the locks of a list "a,b"; NULL: all that are not hidden, or, with `hidden`, all. False: said what is wrong. */
bool bench_options_locks(const char *list, bool hidden, struct bench_matrix *matrix);

#endif
