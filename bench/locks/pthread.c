/* SPDX-License-Identifier: MIT */
/* The C library's mutex, which everything is compared with, and its adaptive kind. */
#include "lock.h"

#include <pthread.h>

static void lock_mutex(void *lock)
{
    pthread_mutex_lock(lock);
}

static void unlock_mutex(void *lock)
{
    pthread_mutex_unlock(lock);
}

static bool trylock_mutex(void *lock)
{
    return pthread_mutex_trylock(lock) == 0;
}

static void init_adaptive(void *lock)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(lock, &attr);
    pthread_mutexattr_destroy(&attr);
}

static const struct bench_lock_ops normal = {
    .name = "pthread",
    .description = "pthread_mutex_t of the C library, normal kind",
    .size = sizeof(pthread_mutex_t),
    .lock = lock_mutex,
    .unlock = unlock_mutex,
    .trylock = trylock_mutex,
};
BENCH_LOCK(normal);

static const struct bench_lock_ops adaptive = {
    .name = "pthread_adaptive",
    .description = "pthread_mutex_t of the C library, PTHREAD_MUTEX_ADAPTIVE_NP: spins a while, then sleeps",
    .size = sizeof(pthread_mutex_t),
    .init = init_adaptive,
    .lock = lock_mutex,
    .unlock = unlock_mutex,
    .trylock = trylock_mutex,
};
BENCH_LOCK(adaptive);
