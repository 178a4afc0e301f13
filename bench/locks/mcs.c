/* SPDX-License-Identifier: MIT */
/* The MCS lock: each waiter spins on a line of its own, and the lock is handed to the next in the queue, running or not. */
#include "queue.h"

struct mcs {
    bench_queue tail;
    struct bench_place *owner; /* its place; the owner alone reads and writes it */
};

static void lock_mcs(void *lock)
{
    struct mcs *l = lock;
    struct bench_place *self = bench_place_take();

    if (!bench_queue_join(&l->tail, self)) {
        while (bench_place_waits(self))
            bench_relax();
    }
    l->owner = self;
}

static bool try_mcs(void *lock)
{
    struct mcs *l = lock;
    struct bench_place *self = bench_place_take();

    if (bench_queue_try(&l->tail, self)) {
        l->owner = self;
        return true;
    }
    bench_place_drop(self);
    return false;
}

static void unlock_mcs(void *lock)
{
    struct mcs *l = lock;
    struct bench_place *self = l->owner, *next = bench_queue_leave(&l->tail, self);

    if (next)
        bench_place_tell(next);
    bench_place_drop(self);
}

static const struct bench_lock_ops ops = {
    .name = "mcs",
    .description = "MCS queue lock, first come first served: spins, never sleeps",
    .size = sizeof(struct mcs),
    .lock = lock_mcs,
    .unlock = unlock_mcs,
    .trylock = try_mcs,
};
BENCH_LOCK(ops);
