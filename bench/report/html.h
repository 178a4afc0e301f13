/* SPDX-License-Identifier: MIT */
/* The report for people: one HTML file that needs nothing else. */
#ifndef BENCH_HTML_H
#define BENCH_HTML_H

#include "document.h"

#include <stdio.h>

/* With `b`, both side by side and what differs. Returns false when the file cannot be written (errno). */
bool bench_html_write(const char *path, const struct bench_document *a, const struct bench_document *b,
                      const char *subject);

/* The heat map alone, as SVG: by the best other lock, or, with `b`, B's throughput by A's. */
bool bench_html_figure(const char *path, const struct bench_document *a, const struct bench_document *b,
                       const char *subject);

#endif
