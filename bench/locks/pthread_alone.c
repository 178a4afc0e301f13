/* SPDX-License-Identifier: MIT */
/* The C library's mutex in a process of its own: what preloaded locks are to be compared with, if that makes a difference. */
#include "lock.h"

static const struct bench_process process = {.stand_in = "pthread"};

static const struct bench_lock_ops ops = {
    .name = "pthread_alone",
    .description = "pthread_mutex_t of the C library in a process of its own, as preloaded locks are measured",
    .hidden = true,
    .process = &process,
};
BENCH_LOCK(ops);
