/* SPDX-License-Identifier: MIT */
/* The C library's spin lock: what spinning costs when nobody knows whether the owner runs. */
#include "calls.h"

#include <pthread.h>

static void init_spin(void *lock)
{
    pthread_spin_init(lock, PTHREAD_PROCESS_PRIVATE);
}

static void init_shared(void *lock)
{
    pthread_spin_init(lock, PTHREAD_PROCESS_SHARED);
}

BENCH_CALLS(spin, pthread_spin_lock, pthread_spin_unlock, pthread_spin_trylock, 0);

static const struct bench_lock_ops ops = {
    .name = "pthread_spin",
    .description = "pthread_spinlock_t of the C library: spins, never sleeps",
    .size = sizeof(pthread_spinlock_t),
    .init = init_spin,
    .lock = lock_spin,
    .unlock = unlock_spin,
    .trylock = trylock_spin,
    .process_shared = true,
    .init_shared = init_shared,
};
BENCH_LOCK(ops);
