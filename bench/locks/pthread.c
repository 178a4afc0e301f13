/* SPDX-License-Identifier: MIT */
/* The C library's mutex, which everything is compared with, and its adaptive kind. */
#include "posix.h"

BENCH_CALLS(mutex, pthread_mutex_lock, pthread_mutex_unlock, pthread_mutex_trylock, 0);
BENCH_TIMED_CALL(mutex, pthread_mutex_timedlock, 0);

static void init_adaptive(void *lock)
{
    bench_posix_init(lock, PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_PROCESS_PRIVATE);
}

static void init_adaptive_shared(void *lock)
{
    bench_posix_init(lock, PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_PROCESS_SHARED);
}

static const struct bench_lock_ops normal = {
    .name = "pthread",
    .description = "pthread_mutex_t of the C library, normal kind",
    .size = sizeof(pthread_mutex_t),
    .lock = lock_mutex,
    .unlock = unlock_mutex,
    .trylock = trylock_mutex,
    .timedlock = timedlock_mutex,
    .cond = &bench_posix_cond,
    .process_shared = true,
    .init_shared = bench_posix_init_shared,
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
    .timedlock = timedlock_mutex,
    .cond = &bench_posix_cond,
    .process_shared = true,
    .init_shared = init_adaptive_shared,
};
BENCH_LOCK(adaptive);
