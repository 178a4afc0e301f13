/* SPDX-License-Identifier: MIT */
/* The C library's spin lock: what spinning costs when nobody knows whether the owner runs. */
#include "lock.h"

#include <pthread.h>

static void init_spin(void *lock)
{
    pthread_spin_init(lock, PTHREAD_PROCESS_PRIVATE);
}

static void lock_spin(void *lock)
{
    pthread_spin_lock(lock);
}

static void unlock_spin(void *lock)
{
    pthread_spin_unlock(lock);
}

static bool trylock_spin(void *lock)
{
    return pthread_spin_trylock(lock) == 0;
}

static const struct bench_lock_ops ops = {
    .name = "pthread_spin",
    .description = "pthread_spinlock_t of the C library: spins, never sleeps",
    .size = sizeof(pthread_spinlock_t),
    .init = init_spin,
    .lock = lock_spin,
    .unlock = unlock_spin,
    .trylock = trylock_spin,
};
BENCH_LOCK(ops);
