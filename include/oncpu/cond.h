/* SPDX-License-Identifier: MIT */
/*
 * A condition variable for oncpu_mutex_t.
 *
 *     oncpu_mutex_lock(&lock);
 *     while (queue_is_empty())
 *         oncpu_cond_wait(&filled, &lock);
 *     take();
 *     oncpu_mutex_unlock(&lock);
 *
 * As POSIX has it (XSH, pthread_cond_wait, pthread_cond_broadcast): a wait can return without a signal, so test the
 * predicate again; signal and broadcast may be called with or without the mutex; all waiters of one moment use one
 * mutex. The waits are not cancellation points. A waiter that sleeps through exactly 2^32 signals between its unlock
 * and its sleep would miss them, as with the condition variables of bionic and musl.
 *
 * None of these functions is async-signal-safe, calls malloc() or touches errno.
 */
#ifndef ONCPU_COND_H
#define ONCPU_COND_H

#include <oncpu/mutex.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* All zero is a valid condition variable that nobody waits for. The fields belong to the library. */
typedef struct oncpu_cond {
    uint32_t oncpu_signals; /* the futex word: moves at each signal and broadcast */
    uint32_t oncpu_waiters; /* threads inside a wait; the top bit: destroy waits for them */
} oncpu_cond_t;

/* clang-format off */
#define ONCPU_COND_INITIALIZER { 0, 0 }
/* clang-format on */

/* Makes *cond a condition variable that nobody waits for. Returns 0. */
int oncpu_cond_init(oncpu_cond_t *cond);

/*
 * Ends its life. May be called as soon as every waiter has been woken by a broadcast: it waits until they have left the
 * condition variable (not: until they have the mutex again). Returns 0.
 */
int oncpu_cond_destroy(oncpu_cond_t *cond);

/* Releases the mutex, waits for a signal or broadcast, takes the mutex again. The caller holds the mutex. Returns 0. */
int oncpu_cond_wait(oncpu_cond_t *cond, oncpu_mutex_t *mutex);

/*
 * The same until CLOCK_REALTIME reaches *deadline at most. Returns, always with the mutex held: 0, ETIMEDOUT, or EINVAL
 * (at once) if tv_nsec is not in [0, 999999999].
 */
int oncpu_cond_timedwait(oncpu_cond_t *cond, oncpu_mutex_t *mutex, const struct timespec *deadline);

/* The same by another clock: CLOCK_REALTIME or CLOCK_MONOTONIC; EINVAL for any other (POSIX.1-2024, clockwait). */
int oncpu_cond_clockwait(oncpu_cond_t *cond, oncpu_mutex_t *mutex, clockid_t clock, const struct timespec *deadline);

/* Wakes one waiter at least, if there is one. Returns 0. */
int oncpu_cond_signal(oncpu_cond_t *cond);

/* Wakes all waiters. Returns 0. */
int oncpu_cond_broadcast(oncpu_cond_t *cond);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
