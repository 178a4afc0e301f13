/* SPDX-License-Identifier: MIT */
/* What goes on and how long it will still take: a line on standard error, rewritten in place on a terminal. */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

/* `seconds` is what everything together is expected to take. */
void bench_progress_begin(double seconds);

/* Says what begins now, and that it is expected to take `seconds`. */
__attribute__((format(printf, 2, 3))) void bench_progress_step(double seconds, const char *format, ...);

/* Clears the line. */
void bench_progress_end(void);

#endif
