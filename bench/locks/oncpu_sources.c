/* SPDX-License-Identifier: MIT */
/* The native mutex with each source of thread states, and with one that goes away: each in a process of its own. */
#include "lose_source.h"

static const struct bench_process uptr = {.stand_in = "oncpu", .source = "uptr"};
static const struct bench_process array = {.stand_in = "oncpu", .source = "array"};
static const struct bench_process lost = {.stand_in = "oncpu", .source = "uptr", .halfway = bench_lose_source};

static const struct bench_lock_ops uptr_ops = {
    .name = "oncpu_uptr",
    .description = "oncpu_mutex_t with source uptr",
    .hidden = true,
    .process = &uptr,
};
BENCH_LOCK(uptr_ops);

static const struct bench_lock_ops array_ops = {
    .name = "oncpu_array",
    .description = "oncpu_mutex_t with source array: the machine's, or one of its own",
    .hidden = true,
    .process = &array,
};
BENCH_LOCK(array_ops);

static const struct bench_lock_ops lost_ops = {
    .name = "oncpu_lost",
    .description = "oncpu_mutex_t whose BPF program is detached halfway",
    .hidden = true,
    .process = &lost,
};
BENCH_LOCK(lost_ops);
