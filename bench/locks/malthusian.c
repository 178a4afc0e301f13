/* SPDX-License-Identifier: MIT */
/*
 * A Malthusian lock: an MCS queue from which the owner takes waiters that are more than the lock can keep busy, and lays
 * them aside in a passive list, asleep. Few threads then circulate, and their caches stay warm.
 */
#include "lock.h"

#include "../harness/clock.h"
#include "nodes.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The paper's 20 000 cycles, at 3 GHz; and one release in 1000 brings the eldest of the passive ones back. */
enum { SPIN_NS = 7000, LOOKS = 16, FAIR_EVERY = 1000 };
enum { WAITING, ASLEEP, GRANTED };

struct node {
    _Alignas(64) _Atomic(struct node *) next;
    atomic_uint state;
    struct node *elder, *younger; /* in the passive list, which is the owner's */
};

struct malthusian {
    _Atomic(struct node *) tail;
    /* From here on the owner's alone. */
    _Alignas(64) struct node *owner;
    struct node *youngest, *eldest; /* the passive list */
    uint64_t random;
};

static _Thread_local struct node nodes[BENCH_NODES];
static _Thread_local unsigned used;

static struct node *take_node(void)
{
    struct node *self = &nodes[bench_node_take(&used)];

    atomic_store_explicit(&self->next, NULL, memory_order_relaxed);
    atomic_store_explicit(&self->state, WAITING, memory_order_relaxed);
    return self;
}

static void drop_node(struct node *self)
{
    bench_node_drop(&used, (unsigned)(self - nodes));
}

static void wait_for_grant(struct node *self)
{
    uint64_t until = bench_now_ns() + SPIN_NS;
    unsigned waiting = WAITING;

    /* Acquire, here and below: pairs with the release in grant(). */
    do {
        for (int i = 0; i < LOOKS; i++) {
            if (atomic_load_explicit(&self->state, memory_order_acquire) == GRANTED)
                return;
            bench_relax();
        }
    } while (bench_now_ns() < until);
    if (!atomic_compare_exchange_strong_explicit(&self->state, &waiting, ASLEEP, memory_order_acquire,
                                                 memory_order_acquire))
        return;
    while (atomic_load_explicit(&self->state, memory_order_acquire) == ASLEEP)
        syscall(SYS_futex, &self->state, FUTEX_WAIT_PRIVATE, ASLEEP, NULL, NULL, 0);
}

/* The node is its waiter's again as soon as it is granted: the wake-up may then hit whatever is there, which must bear it. */
static void grant(struct node *next)
{
    /* Release: pairs with the acquires in wait_for_grant(). */
    if (atomic_exchange_explicit(&next->state, GRANTED, memory_order_release) == ASLEEP)
        syscall(SYS_futex, &next->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void push_passive(struct malthusian *l, struct node *node)
{
    node->younger = NULL;
    node->elder = l->youngest;
    *(l->youngest ? &l->youngest->younger : &l->eldest) = node;
    l->youngest = node;
}

static struct node *pop_passive(struct malthusian *l, struct node *node)
{
    *(node->younger ? &node->younger->elder : &l->youngest) = node->elder;
    *(node->elder ? &node->elder->younger : &l->eldest) = node->younger;
    return node;
}

static struct node *next_of(struct node *node)
{
    /* Acquire: pairs with the releases of `next` in lock_malthusian() and insert(). */
    return atomic_load_explicit(&node->next, memory_order_acquire);
}

/* For a node that is known not to be the last: whoever comes after it is about to say so. */
static struct node *await_next(struct node *node)
{
    struct node *next;

    while (!(next = next_of(node)))
        bench_relax();
    return next;
}

/* Makes `tail` point to `to` if `node` is the last one of the queue. */
static bool replace_last(struct malthusian *l, struct node *node, struct node *to)
{
    /* Release: pairs with the acquire of the exchange in lock_malthusian(). */
    return atomic_compare_exchange_strong_explicit(&l->tail, &node, to, memory_order_release, memory_order_relaxed);
}

/* Puts a passive waiter into the queue, right behind the owner. */
static void insert(struct malthusian *l, struct node *owner, struct node *node)
{
    struct node *next = next_of(owner);

    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    if (!next && replace_last(l, owner, node))
        return;
    /* Release: pairs with the acquire in next_of(). */
    atomic_store_explicit(&node->next, next ? next : await_next(owner), memory_order_release);
}

static struct node *take_out(struct malthusian *l, struct node *self)
{
    struct node *next = next_of(self), *after;

    if (!next && !l->youngest) {
        if (replace_last(l, self, NULL))
            return NULL;
        next = await_next(self);
    } else if (!next) {
        /* Nobody else comes: the lock must not stand idle while there are passive ones. */
        next = pop_passive(l, l->youngest);
        insert(l, self, next);
        return next;
    }
    /* The one at the end is enough to keep the lock busy: who stands before it is one too many. */
    after = next_of(next);
    if (!after)
        return next;
    push_passive(l, next);
    return after;
}

static void lock_malthusian(void *lock)
{
    struct malthusian *l = lock;
    struct node *self = take_node();
    /* Release: the node is initialised; acquire: pairs with the release in replace_last(). */
    struct node *before = atomic_exchange_explicit(&l->tail, self, memory_order_acq_rel);

    if (before) {
        /* Release: pairs with the acquire in next_of(). */
        atomic_store_explicit(&before->next, self, memory_order_release);
        wait_for_grant(self);
    }
    l->owner = self;
}

static bool try_malthusian(void *lock)
{
    struct malthusian *l = lock;
    struct node *self = take_node(), *none = NULL;

    /* As the exchange in lock_malthusian(). */
    if (atomic_compare_exchange_strong_explicit(&l->tail, &none, self, memory_order_acq_rel, memory_order_relaxed)) {
        l->owner = self;
        return true;
    }
    drop_node(self);
    return false;
}

static void unlock_malthusian(void *lock)
{
    struct malthusian *l = lock;
    struct node *self = l->owner, *next;

    /* Any generator will do (Knuth's, for 64 bits): the upper bits are the random ones. */
    l->random = l->random * 6364136223846793005u + 1442695040888963407u;
    if (l->eldest && (l->random >> 33) % FAIR_EVERY == 0) {
        next = pop_passive(l, l->eldest);
        insert(l, self, next);
    } else {
        next = take_out(l, self);
    }
    if (next)
        grant(next);
    drop_node(self);
}

static const struct bench_lock_ops ops = {
    .name = "malthusian",
    .description = "MCS queue that lays surplus waiters aside: spins for a while, then sleeps",
    .size = sizeof(struct malthusian),
    .lock = lock_malthusian,
    .unlock = unlock_malthusian,
    .trylock = try_malthusian,
};
BENCH_LOCK(ops);
