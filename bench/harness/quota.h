/* SPDX-License-Identifier: MIT */
/* A limit on this process's CPU time, as containers have: a cgroup that is made for a run and removed after it. */
#ifndef BENCH_QUOTA_H
#define BENCH_QUOTA_H

#include <stdbool.h>
#include <stddef.h>

/* Limits this process to `percent` of one CPU. False: it is not limited, and `why` says what was wrong. */
bool bench_quota_begin(unsigned percent, char *why, size_t size);

/* Back to where it was; the cgroup goes. Nothing happens when there is none. */
void bench_quota_end(void);

#endif
