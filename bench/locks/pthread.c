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

static void init(void *lock, int type, int shared)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    pthread_mutexattr_setpshared(&attr, shared);
    pthread_mutex_init(lock, &attr);
    pthread_mutexattr_destroy(&attr);
}

static void init_adaptive(void *lock)
{
    init(lock, PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_PROCESS_PRIVATE);
}

static void init_adaptive_shared(void *lock)
{
    init(lock, PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_PROCESS_SHARED);
}

static void init_normal_shared(void *lock)
{
    init(lock, PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_SHARED);
}

static void wait_cond(void *cond, void *lock)
{
    pthread_cond_wait(cond, lock);
}

static void signal_cond(void *cond)
{
    pthread_cond_signal(cond);
}

static void broadcast_cond(void *cond)
{
    pthread_cond_broadcast(cond);
}

static const struct bench_cond_ops cond = {
    .size = sizeof(pthread_cond_t),
    .wait = wait_cond,
    .signal = signal_cond,
    .broadcast = broadcast_cond,
};

static const struct bench_lock_ops normal = {
    .name = "pthread",
    .description = "pthread_mutex_t of the C library, normal kind",
    .size = sizeof(pthread_mutex_t),
    .lock = lock_mutex,
    .unlock = unlock_mutex,
    .trylock = trylock_mutex,
    .cond = &cond,
    .process_shared = true,
    .init_shared = init_normal_shared,
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
    .cond = &cond,
    .process_shared = true,
    .init_shared = init_adaptive_shared,
};
BENCH_LOCK(adaptive);
