/* SPDX-License-Identifier: MIT */
/* Test-and-test-and-set with bounded exponential backoff: the spin lock that most programs write for themselves. */
#include "lock.h"

#include <stdatomic.h>

enum { MIN_PAUSES = 4, MAX_PAUSES = 128 };

struct ttas {
    atomic_uint word;
};

static bool try_ttas(void *lock)
{
    struct ttas *l = lock;

    /* Acquire: pairs with the release in unlock_ttas(). */
    return atomic_load_explicit(&l->word, memory_order_relaxed) == 0 &&
           atomic_exchange_explicit(&l->word, 1, memory_order_acquire) == 0;
}

static void lock_ttas(void *lock)
{
    for (int pauses = MIN_PAUSES; !try_ttas(lock); pauses = pauses < MAX_PAUSES ? 2 * pauses : MAX_PAUSES) {
        for (int i = 0; i < pauses; i++)
            bench_relax();
    }
}

static void unlock_ttas(void *lock)
{
    struct ttas *l = lock;

    /* Release: pairs with the acquire in try_ttas(). */
    atomic_store_explicit(&l->word, 0, memory_order_release);
}

static const struct bench_lock_ops ops = {
    .name = "ttas",
    .description = "test-and-test-and-set spin lock with exponential backoff",
    .size = sizeof(struct ttas),
    .lock = lock_ttas,
    .unlock = unlock_ttas,
    .trylock = try_ttas,
    .process_shared = true,
};
BENCH_LOCK(ops);
