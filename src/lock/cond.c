/* SPDX-License-Identifier: MIT */
/*
 * oncpu_cond_t: a futex word that moves at each signal, and a count of those who may sleep on it.
 *
 * No wake-up is lost: a waiter reads the word while it still has the mutex, so a signal that follows from what another
 * thread did under the mutex moves the word after that, and the futex refuses the sleep. Signals need the count only to
 * know that nobody waits, and a waiter counts itself before it releases the mutex.
 */
#include "../state/state.h"
#include "lock.h"

#define DESTROYING 0x80000000u

int oncpu_cond_init(oncpu_cond_t *cond)
{
    *cond = (oncpu_cond_t)ONCPU_COND_INITIALIZER;
    return 0;
}

/*
 * The last touch of a waiter. Release: all that it did with the condition variable is over when destroy() sees the
 * count (acquire). Behind the subtraction the memory may be gone, and only its address is used.
 */
static void leave(oncpu_cond_t *cond)
{
    if (__atomic_sub_fetch(&cond->oncpu_waiters, 1, __ATOMIC_RELEASE) == DESTROYING)
        oncpu_futex_wake(&cond->oncpu_waiters, INT_MAX);
}

int oncpu_cond_destroy(oncpu_cond_t *cond)
{
    uint32_t waiters = __atomic_or_fetch(&cond->oncpu_waiters, DESTROYING, __ATOMIC_ACQUIRE); /* pairs with leave() */

    while (waiters != DESTROYING) {
        oncpu_futex_wait(&cond->oncpu_waiters, waiters, NULL);
        waiters = __atomic_load_n(&cond->oncpu_waiters, __ATOMIC_ACQUIRE);
    }
    return 0;
}

static int wait_until(oncpu_cond_t *cond, oncpu_mutex_t *mutex, const struct oncpu_deadline *deadline)
{
    uint32_t signals;
    int error;

    /* Relaxed, both: the mutex orders them before whatever another thread does after taking it, and then signals. */
    __atomic_fetch_add(&cond->oncpu_waiters, 1, __ATOMIC_RELAXED);
    signals = __atomic_load_n(&cond->oncpu_signals, __ATOMIC_RELAXED);
    oncpu_mutex_unlock(mutex);
    error = oncpu_futex_wait(&cond->oncpu_signals, signals, deadline);
    leave(cond);
    oncpu_mutex_lock(mutex);
    return error == ETIMEDOUT ? ETIMEDOUT : 0;
}

int oncpu_cond_wait(oncpu_cond_t *cond, oncpu_mutex_t *mutex)
{
    return wait_until(cond, mutex, NULL);
}

int oncpu_cond_timedwait(oncpu_cond_t *cond, oncpu_mutex_t *mutex, const struct timespec *deadline)
{
    return oncpu_cond_clockwait(cond, mutex, CLOCK_REALTIME, deadline);
}

int oncpu_cond_clockwait(oncpu_cond_t *cond, oncpu_mutex_t *mutex, clockid_t clock, const struct timespec *deadline)
{
    const struct timespec long_ago = {0, 0};
    /* futex(2) has no time before 1970 */
    const struct oncpu_deadline until = {clock, deadline->tv_sec < 0 ? &long_ago : deadline};

    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    if (deadline->tv_nsec < 0 || deadline->tv_nsec > 999999999)
        return EINVAL;
    return wait_until(cond, mutex, &until);
}

/*
 * A signaller that does not have the mutex may read a count that lacks a waiter who is just coming: that waiter came
 * after the signal. One that has the mutex, or had it since it made the predicate true, sees everybody who waits for
 * it.
 */
static int wake(oncpu_cond_t *cond, int count)
{
    if (__atomic_load_n(&cond->oncpu_waiters, __ATOMIC_RELAXED) & ~DESTROYING) {
        /* relaxed: the futex compares in the kernel, under its lock */
        __atomic_fetch_add(&cond->oncpu_signals, 1, __ATOMIC_RELAXED);
        oncpu_futex_wake(&cond->oncpu_signals, count);
    }
    return 0;
}

int oncpu_cond_signal(oncpu_cond_t *cond)
{
    return wake(cond, 1);
}

int oncpu_cond_broadcast(oncpu_cond_t *cond)
{
    return wake(cond, INT_MAX);
}
