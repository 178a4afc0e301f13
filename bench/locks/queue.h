/* SPDX-License-Identifier: MIT */
/* The queue of Mellor-Crummey and Scott, for locks that differ in how a waiter waits and in what the head may do. */
#ifndef BENCH_QUEUE_H
#define BENCH_QUEUE_H

#include "lock.h"
#include "nodes.h"

#include <stdatomic.h>

/* What a thread waits on while it is in a queue. */
struct bench_place {
    _Alignas(64) _Atomic(struct bench_place *) next;
    atomic_uint waiting;
};

typedef _Atomic(struct bench_place *) bench_queue; /* its tail; NULL: empty */

static _Thread_local struct bench_place bench_places[BENCH_NODES];
static _Thread_local unsigned bench_places_used;

/* A place for locks that keep it until they are released. */
static inline struct bench_place *bench_place_take(void)
{
    return &bench_places[bench_node_take(&bench_places_used)];
}

static inline void bench_place_drop(struct bench_place *self)
{
    bench_node_drop(&bench_places_used, (unsigned)(self - bench_places));
}

static inline void bench_place_prepare(struct bench_place *self)
{
    atomic_store_explicit(&self->next, NULL, memory_order_relaxed);
    atomic_store_explicit(&self->waiting, 1, memory_order_relaxed);
}

/* True: it was empty, and this place is its head. */
static inline bool bench_queue_try(bench_queue *tail, struct bench_place *self)
{
    struct bench_place *none = NULL;

    bench_place_prepare(self);
    /* As the exchange in bench_queue_join(). */
    return atomic_compare_exchange_strong_explicit(tail, &none, self, memory_order_acq_rel, memory_order_relaxed);
}

/* False: another is the head, and whoever leaves the queue right before this place has to end its `waiting`. */
static inline bool bench_queue_join(bench_queue *tail, struct bench_place *self)
{
    bench_place_prepare(self);
    /* Release: whoever finds this place there finds it prepared; acquire: pairs with the release in bench_queue_leave(). */
    struct bench_place *before = atomic_exchange_explicit(tail, self, memory_order_acq_rel);

    /* Release: pairs with the acquires of `next` in bench_queue_leave(). */
    if (before)
        atomic_store_explicit(&before->next, self, memory_order_release);
    return !before;
}

/* The head goes. Returns who is the head now and is to be told so, NULL: nobody. */
static inline struct bench_place *bench_queue_leave(bench_queue *tail, struct bench_place *self)
{
    /* Acquire, here and below: pairs with the release of `next` in bench_queue_join(). */
    struct bench_place *next = atomic_load_explicit(&self->next, memory_order_acquire), *expected = self;

    /* Release: pairs with the acquire of the exchange in bench_queue_join(). */
    if (!next &&
        atomic_compare_exchange_strong_explicit(tail, &expected, NULL, memory_order_release, memory_order_relaxed))
        return NULL;
    while (!next && !(next = atomic_load_explicit(&self->next, memory_order_acquire)))
        bench_relax();
    return next;
}

/* What comes before it is seen by the new head. */
static inline void bench_place_tell(struct bench_place *head)
{
    /* Release: pairs with the acquire in bench_place_waits(). */
    atomic_store_explicit(&head->waiting, 0, memory_order_release);
}

static inline bool bench_place_waits(const struct bench_place *self)
{
    /* Acquire: pairs with the release in bench_place_tell(). */
    return atomic_load_explicit(&self->waiting, memory_order_acquire) != 0;
}

#endif
