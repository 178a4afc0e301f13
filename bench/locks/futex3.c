/* SPDX-License-Identifier: MIT */
/* The three-state futex mutex of Drepper's "Futexes Are Tricky": sleeps at once, never spins. */
#include "lock.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FREE, HELD, HELD_WITH_SLEEPERS };

struct futex3 {
    atomic_uint word;
    int shared; /* between processes */
};

static void init_shared(void *lock)
{
    struct futex3 *l = lock;

    l->shared = 1;
}

static void call_futex(struct futex3 *l, int operation, unsigned value)
{
    syscall(SYS_futex, &l->word, l->shared ? operation : operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static bool try_futex3(void *lock)
{
    struct futex3 *l = lock;
    unsigned expected = FREE;

    /* Acquire: pairs with the release in unlock_futex3(). */
    return atomic_compare_exchange_strong_explicit(&l->word, &expected, HELD, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void lock_futex3(void *lock)
{
    struct futex3 *l = lock;

    if (try_futex3(lock))
        return;
    /* Acquire: pairs with the release in unlock_futex3(). */
    while (atomic_exchange_explicit(&l->word, HELD_WITH_SLEEPERS, memory_order_acquire) != FREE)
        call_futex(l, FUTEX_WAIT, HELD_WITH_SLEEPERS);
}

static void unlock_futex3(void *lock)
{
    struct futex3 *l = lock;

    /* Release: pairs with the acquires in try_futex3() and lock_futex3(). */
    if (atomic_exchange_explicit(&l->word, FREE, memory_order_release) == HELD_WITH_SLEEPERS)
        call_futex(l, FUTEX_WAKE, 1);
}

static const struct bench_lock_ops ops = {
    .name = "futex3",
    .description = "plain three-state futex mutex: sleeps at once",
    .size = sizeof(struct futex3),
    .lock = lock_futex3,
    .unlock = unlock_futex3,
    .trylock = try_futex3,
    .process_shared = true,
    .init_shared = init_shared,
};
BENCH_LOCK(ops);
