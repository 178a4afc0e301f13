/* SPDX-License-Identifier: MIT */
/* Spin locks of Concurrency Kit, as its users get them. */
#include "calls.h"

BENCH_NEEDS("ck_spinlock.h", "", "libck-dev");

#ifdef BENCH_FOUND
#include "nodes.h"

#include <ck_spinlock.h>

BENCH_CALLS(fas, ck_spinlock_fas_lock, ck_spinlock_fas_unlock, ck_spinlock_fas_trylock, true);

static void lock_fas_backoff(void *lock)
{
    ck_spinlock_fas_lock_eb(lock);
}

static void lock_ticket(void *lock)
{
    ck_spinlock_ticket_lock(lock);
}

static void unlock_ticket(void *lock)
{
    ck_spinlock_ticket_unlock(lock);
}

struct mcs {
    ck_spinlock_mcs_t tail;
    unsigned node; /* the owner's */
};

static _Thread_local struct {
    _Alignas(64) ck_spinlock_mcs_context_t node;
} nodes[BENCH_NODES];
static _Thread_local unsigned used;

static void lock_mcs(void *lock)
{
    struct mcs *l = lock;
    unsigned mine = bench_node_take(&used);

    ck_spinlock_mcs_lock(&l->tail, &nodes[mine].node);
    l->node = mine;
}

static void unlock_mcs(void *lock)
{
    struct mcs *l = lock;
    unsigned mine = l->node;

    ck_spinlock_mcs_unlock(&l->tail, &nodes[mine].node);
    bench_node_drop(&used, mine);
}

static bool trylock_mcs(void *lock)
{
    struct mcs *l = lock;
    unsigned mine = bench_node_take(&used);
    bool taken = ck_spinlock_mcs_trylock(&l->tail, &nodes[mine].node);

    if (taken)
        l->node = mine;
    else
        bench_node_drop(&used, mine);
    return taken;
}

/* For each kind what `struct bench_lock_ops` asks; all zero is free in all of them. */
#define OPS(type, lock_it, unlock_it, trylock_it)                                                                      \
    .size = sizeof(type), .lock = lock_it, .unlock = unlock_it, .trylock = trylock_it
#else
#define OPS(type, lock_it, unlock_it, trylock_it) .unavailable = bench_not_installed
#endif

static const struct bench_lock_ops fas = {
    .name = "ck_fas",
    .description = "ck_spinlock_fas of Concurrency Kit: test-and-test-and-set, spins",
    .hidden = true,
    OPS(ck_spinlock_fas_t, lock_fas, unlock_fas, trylock_fas),
    .process_shared = true, /* it is a word or two */
};
BENCH_LOCK(fas);

static const struct bench_lock_ops fas_backoff = {
    .name = "ck_fas_eb",
    .description = "ck_spinlock_fas of Concurrency Kit with its exponential backoff",
    .hidden = true,
    OPS(ck_spinlock_fas_t, lock_fas_backoff, unlock_fas, trylock_fas),
    .process_shared = true, /* it is a word or two */
};
BENCH_LOCK(fas_backoff);

static const struct bench_lock_ops ticket = {
    .name = "ck_ticket",
    .description = "ck_spinlock_ticket of Concurrency Kit: first come first served, spins",
    .hidden = true,
    OPS(ck_spinlock_ticket_t, lock_ticket, unlock_ticket, NULL),
    .process_shared = true, /* it is a word or two */
};
BENCH_LOCK(ticket);

static const struct bench_lock_ops mcs = {
    .name = "ck_mcs",
    .description = "ck_spinlock_mcs of Concurrency Kit: waiters queue and spin",
    .hidden = true,
    OPS(struct mcs, lock_mcs, unlock_mcs, trylock_mcs),
};
BENCH_LOCK(mcs);
