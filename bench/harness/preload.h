/* SPDX-License-Identifier: MIT */
/* Locks that the user brings: libraries that serve pthread_mutex_* in a process that preloads them. */
#ifndef BENCH_PRELOAD_H
#define BENCH_PRELOAD_H

#include <stdbool.h>

/*
 * Takes each `--preload NAME=FILE` out of argv and makes it a lock. Call before anybody looks for locks. Returns false
 * after it said on standard error what is wrong.
 */
bool bench_preload_take(int *argc, char **argv);

#endif
