/* SPDX-License-Identifier: MIT */
/* The forms in which results are handed out. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "results.h"

#include <stdio.h>

/* The console table. `wide` adds waits, context switches and the share of the ideal. */
void bench_report_table(FILE *out, const struct bench_results *results, bool wide);

/* One JSON object with every round and its medians. Returns false when the file cannot be written (errno). */
bool bench_report_json(const char *path, const struct bench_results *results);

/* The source of thread states that the native lock had, and why no better one. Not while a lock is in use. */
void bench_report_source(const char **name, const char **reason);

/* The same as a line of text. */
void bench_report_mode(FILE *out);

#endif
