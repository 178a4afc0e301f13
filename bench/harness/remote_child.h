/* SPDX-License-Identifier: MIT */
/* What parent and child say to each other. Both are the same program, so structs travel as they lie in memory. */
#ifndef BENCH_REMOTE_CHILD_H
#define BENCH_REMOTE_CHILD_H

#include <stdbool.h>
#include <stddef.h>

/* The child's arguments: program, BENCH_REMOTE, name, stand-in, library, source, action, round in ns, cell, work rate. */
enum { BENCH_REMOTE_ARGUMENTS = 10 };

/* Actions; any other is the name of a workload to run. */
#define BENCH_ASK "?can-it-run"
#define BENCH_CHECK "?check"

/* A source other than none, whichever. */
#define BENCH_ANY_SOURCE "auto"

/* The child's answer is a line of standard output: this, then BENCH_OK and perhaps a measure, or else what is wrong. */
#define BENCH_ANSWER "oncpu-bench-answer: "
#define BENCH_OK "ok "

/* `text` has room for two characters a byte and a 0. */
void bench_to_text(const void *data, size_t size, char *text);

/* False: the text is not that of `size` bytes. */
bool bench_from_text(const char *text, void *data, size_t size);

#endif
