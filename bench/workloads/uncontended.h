/* SPDX-License-Identifier: MIT */
/* How the process that never had a second thread is started: by this program, with a word that people do not use. */
#ifndef BENCH_UNCONTENDED_H
#define BENCH_UNCONTENDED_H

#define BENCH_SINGLE_THREADED "single-threaded-process"

/* What main() does for `BENCH_SINGLE_THREADED lock round_ns`: writes "metric value" lines. Returns the exit status. */
int bench_single_threaded_main(const char *lock, const char *round_ns);

#endif
