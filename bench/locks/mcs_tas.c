/* SPDX-License-Identifier: MIT */
/* MCS-TAS, the peer to beat: waiters queue, and only the queue's head competes with newcomers for a word. */
#include "lock.h"

#include <stdatomic.h>

struct node {
    _Alignas(64) _Atomic(struct node *) next;
    atomic_bool waiting;
};

struct mcs_tas {
    atomic_uint word;
    _Alignas(64) _Atomic(struct node *) tail;
};

/* One is enough: a thread leaves the queue before its lock call returns. */
static _Thread_local struct node self;

static bool try_mcs_tas(void *lock)
{
    struct mcs_tas *l = lock;

    /* Acquire: pairs with the release in unlock_mcs_tas(). */
    return atomic_load_explicit(&l->word, memory_order_relaxed) == 0 &&
           atomic_exchange_explicit(&l->word, 1, memory_order_acquire) == 0;
}

static void become_head(struct mcs_tas *l)
{
    atomic_store_explicit(&self.next, NULL, memory_order_relaxed);
    atomic_store_explicit(&self.waiting, true, memory_order_relaxed);
    /* Release: whoever finds this node there finds it initialised; acquire: and so do we with the one before. */
    struct node *before = atomic_exchange_explicit(&l->tail, &self, memory_order_acq_rel);

    if (!before)
        return;
    /* Release: pairs with the acquire of `next` in leave_queue(). */
    atomic_store_explicit(&before->next, &self, memory_order_release);
    /* Acquire: pairs with the release of `waiting` in leave_queue(). */
    while (atomic_load_explicit(&self.waiting, memory_order_acquire))
        bench_relax();
}

static void leave_queue(struct mcs_tas *l)
{
    struct node *next = atomic_load_explicit(&self.next, memory_order_acquire);

    if (!next) {
        struct node *expected = &self;

        /* Release: pairs with the acquire half of the exchange in become_head(), of the node's next use. */
        if (atomic_compare_exchange_strong_explicit(&l->tail, &expected, NULL, memory_order_release,
                                                    memory_order_relaxed))
            return;
        /* Acquire: pairs with the release of `next` in become_head(). */
        while (!(next = atomic_load_explicit(&self.next, memory_order_acquire)))
            bench_relax();
    }
    /* Release: pairs with the acquire of `waiting` in become_head(). */
    atomic_store_explicit(&next->waiting, false, memory_order_release);
}

static void lock_mcs_tas(void *lock)
{
    if (try_mcs_tas(lock))
        return;
    become_head(lock);
    while (!try_mcs_tas(lock))
        bench_relax();
    leave_queue(lock);
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
