/* SPDX-License-Identifier: MIT */
/* The drop-in as programs get it: preloaded into a process, with each source of thread states. */
#include "lose_source.h"

#include "../harness/dropin_library.h"

static struct bench_process any_source = {.stand_in = "pthread", .source = "auto"};
static struct bench_process uptr = {.stand_in = "pthread", .source = "uptr"};
static struct bench_process array = {.stand_in = "pthread", .source = "array"};
static struct bench_process lost = {.stand_in = "pthread", .source = "uptr", .halfway = bench_lose_source};
static struct bench_process none = {.stand_in = "pthread", .source = "none"};

/* Where the library is shows at run time only. */
static const char *find(void)
{
    static char why[256];
    const char *path = bench_dropin_path(why, sizeof(why));

    any_source.preload = uptr.preload = array.preload = lost.preload = none.preload = path;
    return path ? NULL : why;
}

static const struct bench_lock_ops any_ops = {
    .name = "dropin_preloaded",
    .description = "pthread_mutex_t where liboncpu-pthread.so is preloaded, with the best source there is",
    .hidden = true,
    .unavailable = find,
    .process = &any_source,
};
BENCH_LOCK(any_ops);

static const struct bench_lock_ops uptr_ops = {
    .name = "dropin_preloaded_uptr",
    .description = "the same with source uptr",
    .hidden = true,
    .unavailable = find,
    .process = &uptr,
};
BENCH_LOCK(uptr_ops);

static const struct bench_lock_ops array_ops = {
    .name = "dropin_preloaded_array",
    .description = "the same with source array: the machine's, or one of its own",
    .hidden = true,
    .unavailable = find,
    .process = &array,
};
BENCH_LOCK(array_ops);

static const struct bench_lock_ops lost_ops = {
    .name = "dropin_preloaded_lost",
    .description = "the same with a BPF program that is detached halfway",
    .hidden = true,
    .unavailable = find,
    .process = &lost,
};
BENCH_LOCK(lost_ops);

static const struct bench_lock_ops none_ops = {
    .name = "dropin_preloaded_none",
    .description = "the same without BPF",
    .hidden = true,
    .unavailable = find,
    .process = &none,
};
BENCH_LOCK(none_ops);
