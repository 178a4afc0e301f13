/* SPDX-License-Identifier: MIT */
/* A lock that does not lock: looks first and takes afterwards. `oncpu-bench check broken` must fail. */
#include "lock.h"

#include <sched.h>
#include <stdatomic.h>

struct broken {
    atomic_uint word;
};

static void lock_broken(void *lock)
{
    struct broken *l = lock;

    while (atomic_load_explicit(&l->word, memory_order_acquire))
        sched_yield();
    /* The bug, held open long enough to show on one CPU too: between look and take, somebody else looks. */
    sched_yield();
    atomic_store_explicit(&l->word, 1, memory_order_relaxed);
}

static void unlock_broken(void *lock)
{
    struct broken *l = lock;

    atomic_store_explicit(&l->word, 0, memory_order_release);
}

/* For whoever waits until a predicate holds, waking up at once is always right. */
static void wait_broken(void *cond, void *lock)
{
    (void)cond;
    unlock_broken(lock);
    sched_yield();
    lock_broken(lock);
}

static void wake_broken(void *cond)
{
    (void)cond;
}

static const struct bench_cond_ops cond = {
    .size = 1,
    .wait = wait_broken,
    .signal = wake_broken,
    .broadcast = wake_broken,
};

static const struct bench_lock_ops ops = {
    .name = "broken",
    .description = "deliberately broken: the checker must catch it",
    .size = sizeof(struct broken),
    .hidden = true,
    .lock = lock_broken,
    .unlock = unlock_broken,
    .cond = &cond,
    .process_shared = true,
};
BENCH_LOCK(ops);

/* Locks, but does not wait. */
static bool timedlock_early(void *lock, const struct timespec *deadline)
{
    struct broken *l = lock;
    unsigned expected = 0;

    (void)deadline;
    return atomic_compare_exchange_strong_explicit(&l->word, &expected, 1, memory_order_acquire, memory_order_relaxed);
}

static void lock_early(void *lock)
{
    while (!timedlock_early(lock, NULL))
        sched_yield();
}

static const struct bench_lock_ops early_ops = {
    .name = "broken_timed",
    .description = "a timed lock that gives up at once: the checker must catch it",
    .size = sizeof(struct broken),
    .hidden = true,
    .lock = lock_early,
    .unlock = unlock_broken,
    .timedlock = timedlock_early,
};
BENCH_LOCK(early_ops);
