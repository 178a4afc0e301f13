/* SPDX-License-Identifier: MIT */
/* Makes the functions of an adapter in C whose library has a call for each of them. */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H

#include "lock.h"

/* lock_NAME(), unlock_NAME() and trylock_NAME(); `taken` is what the library's trylock returns when it has the lock. */
#define BENCH_CALLS(name, lock_it, unlock_it, trylock_it, taken)                                                       \
    static void lock_##name(void *lock)                                                                                \
    {                                                                                                                  \
        lock_it(lock);                                                                                                 \
    }                                                                                                                  \
                                                                                                                       \
    static void unlock_##name(void *lock)                                                                              \
    {                                                                                                                  \
        unlock_it(lock);                                                                                               \
    }                                                                                                                  \
                                                                                                                       \
    static bool trylock_##name(void *lock)                                                                             \
    {                                                                                                                  \
        return trylock_it(lock) == (taken);                                                                            \
    }                                                                                                                  \
    static_assert(true, "")

/* timedlock_NAME(), of one that is called and answers as the trylock above. */
#define BENCH_TIMED_CALL(name, timedlock_it, taken)                                                                    \
    static bool timedlock_##name(void *lock, const struct timespec *deadline)                                          \
    {                                                                                                                  \
        return timedlock_it(lock, deadline) == (taken);                                                                \
    }                                                                                                                  \
    static_assert(true, "")

/* `static const struct bench_cond_ops NAME` of a condition variable that is valid when it is all zero. */
#define BENCH_COND(name, type, wait_for, signal_it, broadcast_it)                                                      \
    static void wait_##name(void *cond, void *lock)                                                                    \
    {                                                                                                                  \
        wait_for(cond, lock);                                                                                          \
    }                                                                                                                  \
                                                                                                                       \
    static void signal_##name(void *cond)                                                                              \
    {                                                                                                                  \
        signal_it(cond);                                                                                               \
    }                                                                                                                  \
                                                                                                                       \
    static void broadcast_##name(void *cond)                                                                           \
    {                                                                                                                  \
        broadcast_it(cond);                                                                                            \
    }                                                                                                                  \
                                                                                                                       \
    static const struct bench_cond_ops name = {                                                                        \
        .size = sizeof(type),                                                                                          \
        .wait = wait_##name,                                                                                           \
        .signal = signal_##name,                                                                                       \
        .broadcast = broadcast_##name,                                                                                 \
    }

#endif
