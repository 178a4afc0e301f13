/* SPDX-License-Identifier: MIT */
/* A ticket lock: what strict first-come-first-served costs once a waiter in the line is not running. */
#include "lock.h"

#include <stdatomic.h>

struct ticket {
    atomic_uint next;
    _Alignas(64) atomic_uint serving; /* on a line of its own: arrivals do not disturb those who wait */
};

static void lock_ticket(void *lock)
{
    struct ticket *l = lock;
    unsigned mine = atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed);

    for (;;) {
        /* Acquire: pairs with the release in unlock_ticket(). */
        unsigned ahead = mine - atomic_load_explicit(&l->serving, memory_order_acquire);

        if (ahead == 0)
            return;
        for (unsigned i = 0; i < 8 * ahead; i++)
            bench_relax();
    }
}

static void unlock_ticket(void *lock)
{
    struct ticket *l = lock;
    unsigned mine = atomic_load_explicit(&l->serving, memory_order_relaxed);

    /* Release: pairs with the acquire in lock_ticket(). */
    atomic_store_explicit(&l->serving, mine + 1, memory_order_release);
}

static bool try_ticket(void *lock)
{
    struct ticket *l = lock;
    /* Acquire: pairs with the release in unlock_ticket(); that the ticket is still free is for the exchange to say. */
    unsigned serving = atomic_load_explicit(&l->serving, memory_order_acquire);

    return atomic_compare_exchange_strong_explicit(&l->next, &serving, serving + 1, memory_order_relaxed,
                                                   memory_order_relaxed);
}

static const struct bench_lock_ops ops = {
    .name = "ticket",
    .description = "ticket spin lock, first come first served",
    .size = sizeof(struct ticket),
    .lock = lock_ticket,
    .unlock = unlock_ticket,
    .trylock = try_ticket,
    .process_shared = true,
};
BENCH_LOCK(ops);
