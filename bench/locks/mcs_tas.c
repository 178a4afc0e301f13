/* SPDX-License-Identifier: MIT */
/* MCS-TAS, the peer to beat: waiters queue, and only the queue's head competes with newcomers for a word. */
#include "queue.h"

struct mcs_tas {
    atomic_uint word;
    _Alignas(64) bench_queue tail;
};

/* One is enough: a thread leaves the queue before its lock call returns. */
static _Thread_local struct bench_place self;

static bool try_mcs_tas(void *lock)
{
    struct mcs_tas *l = lock;

    /* Acquire: pairs with the release in unlock_mcs_tas(). */
    return atomic_load_explicit(&l->word, memory_order_relaxed) == 0 &&
           atomic_exchange_explicit(&l->word, 1, memory_order_acquire) == 0;
}

static void lock_mcs_tas(void *lock)
{
    struct mcs_tas *l = lock;

    if (try_mcs_tas(l))
        return;
    if (!bench_queue_join(&l->tail, &self)) {
        while (bench_place_waits(&self))
            bench_relax();
    }
    while (!try_mcs_tas(l))
        bench_relax();
    struct bench_place *next = bench_queue_leave(&l->tail, &self);

    if (next)
        bench_place_tell(next);
}

static void unlock_mcs_tas(void *lock)
{
    struct mcs_tas *l = lock;

    /* Release: pairs with the acquire in try_mcs_tas(). */
    atomic_store_explicit(&l->word, 0, memory_order_release);
}

static const struct bench_lock_ops ops = {
    .name = "mcs_tas",
    .description = "MCS queue whose head competes with newcomers by test-and-set: spins, never sleeps",
    .size = sizeof(struct mcs_tas),
    .lock = lock_mcs_tas,
    .unlock = unlock_mcs_tas,
    .trylock = try_mcs_tas,
};
BENCH_LOCK(ops);
