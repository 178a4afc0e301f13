/* SPDX-License-Identifier: MIT */
/* The MCS lock: each waiter spins on a line of its own, and the lock is handed to the next in the queue, running or not. */
#include "lock.h"

#include "nodes.h"

#include <stdatomic.h>

struct node {
    _Alignas(64) _Atomic(struct node *) next;
    atomic_bool waiting;
};

struct mcs {
    _Atomic(struct node *) tail;
    struct node *owner; /* its node; the owner alone reads and writes it */
};

static _Thread_local struct node nodes[BENCH_NODES];
static _Thread_local unsigned used;

static struct node *take_node(void)
{
    struct node *self = &nodes[bench_node_take(&used)];

    atomic_store_explicit(&self->next, NULL, memory_order_relaxed);
    atomic_store_explicit(&self->waiting, true, memory_order_relaxed);
    return self;
}

static void drop_node(struct node *self)
{
    bench_node_drop(&used, (unsigned)(self - nodes));
}

static void lock_mcs(void *lock)
{
    struct mcs *l = lock;
    struct node *self = take_node();
    /* Release: whoever finds this node there finds it initialised; acquire: pairs with both releases in unlock_mcs(). */
    struct node *before = atomic_exchange_explicit(&l->tail, self, memory_order_acq_rel);

    if (before) {
        /* Release: pairs with the acquires of `next` in unlock_mcs(). */
        atomic_store_explicit(&before->next, self, memory_order_release);
        /* Acquire: pairs with the release of `waiting` in unlock_mcs(). */
        while (atomic_load_explicit(&self->waiting, memory_order_acquire))
            bench_relax();
    }
    l->owner = self;
}

static bool try_mcs(void *lock)
{
    struct mcs *l = lock;
    struct node *self = take_node(), *none = NULL;

    /* As the exchange in lock_mcs(). */
    if (atomic_compare_exchange_strong_explicit(&l->tail, &none, self, memory_order_acq_rel, memory_order_relaxed)) {
        l->owner = self;
        return true;
    }
    drop_node(self);
    return false;
}

static void unlock_mcs(void *lock)
{
    struct mcs *l = lock;
    struct node *self = l->owner, *expected = self;
    /* Acquire: pairs with the release of `next` in lock_mcs(). */
    struct node *next = atomic_load_explicit(&self->next, memory_order_acquire);

    /* Release: pairs with the acquire of the exchange in lock_mcs(). */
    if (!next && atomic_compare_exchange_strong_explicit(&l->tail, &expected, NULL, memory_order_release,
                                                         memory_order_relaxed)) {
        drop_node(self);
        return;
    }
    /* Acquire: pairs with the release of `next` in lock_mcs(). */
    while (!next && !(next = atomic_load_explicit(&self->next, memory_order_acquire)))
        bench_relax();
    /* Release: pairs with the acquire of `waiting` in lock_mcs(). */
    atomic_store_explicit(&next->waiting, false, memory_order_release);
    drop_node(self);
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
