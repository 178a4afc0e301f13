/* SPDX-License-Identifier: MIT */
/* The CLH lock: a queue as of MCS, but a waiter spins on the node of the one before it, which becomes its own. */
#include "lock.h"

#include "../harness/memory.h"

#include <pthread.h>
#include <stdatomic.h>

struct node {
    atomic_bool held;
    struct node *spare; /* the next in a thread's list */
};

struct clh {
    _Atomic(struct node *) tail;
    struct node *owner, *before; /* the owner's node and the one that it gets for it; the owner alone uses them */
};

/* Nodes pass from thread to thread, so they belong to none. */
static _Thread_local struct node *spares;
static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_spares(void *unused)
{
    (void)unused;
    while (spares) {
        struct node *node = spares;

        spares = node->spare;
        free(node);
    }
}

static void make_key(void)
{
    if (pthread_key_create(&at_exit, free_spares) != 0)
        bench_or_exit(NULL);
}

static struct node *take_node(void)
{
    struct node *node = spares;

    if (node) {
        spares = node->spare;
        return node;
    }
    pthread_once(&once, make_key);
    pthread_setspecific(at_exit, &at_exit); /* any value but NULL has the list freed */
    return bench_alloc_lines(sizeof(*node));
}

static void init_clh(void *lock)
{
    struct clh *l = lock;

    atomic_init(&l->tail, bench_alloc_lines(sizeof(struct node)));
}

static void destroy_clh(void *lock)
{
    struct clh *l = lock;

    free(atomic_load_explicit(&l->tail, memory_order_relaxed));
}

static void lock_clh(void *lock)
{
    struct clh *l = lock;
    struct node *self = take_node();

    atomic_store_explicit(&self->held, true, memory_order_relaxed);
    /* Release: the next in the queue finds this node marked as held; acquire: and so do we with the one before. */
    struct node *before = atomic_exchange_explicit(&l->tail, self, memory_order_acq_rel);

    /* Acquire: pairs with the release in unlock_clh(). */
    while (atomic_load_explicit(&before->held, memory_order_acquire))
        bench_relax();
    l->owner = self;
    l->before = before;
}

static void unlock_clh(void *lock)
{
    struct clh *l = lock;
    struct node *self = l->owner, *before = l->before;

    before->spare = spares;
    spares = before;
    /* Release: pairs with the acquire in lock_clh(). */
    atomic_store_explicit(&self->held, false, memory_order_release);
}

static const struct bench_lock_ops ops = {
    .name = "clh",
    .description = "CLH queue lock, first come first served: spins, never sleeps",
    .size = sizeof(struct clh),
    .hidden = true, /* what there is to see, mcs shows */
    .init = init_clh,
    .destroy = destroy_clh,
    .lock = lock_clh,
    .unlock = unlock_clh,
};
BENCH_LOCK(ops);
