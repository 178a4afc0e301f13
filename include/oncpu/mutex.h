/* SPDX-License-Identifier: MIT */
/*
 * A mutex whose waiters spin while the owner is on a CPU, and sleep otherwise.
 *
 *     static oncpu_mutex_t lock = ONCPU_MUTEX_INITIALIZER;
 *
 *     oncpu_mutex_lock(&lock);
 *     counter++;
 *     oncpu_mutex_unlock(&lock);
 *
 * Call oncpu_init() (oncpu.h) once, as the program starts, to give it the thread states; without them it is still a
 * correct mutex, which spins for a few microseconds only.
 *
 * As POSIX has it for a normal mutex (XSH, pthread_mutex_lock): locking one that the caller holds deadlocks; unlocking
 * one that it does not hold is undefined; unlock makes what the owner wrote visible to the next one. A mutex may be
 * destroyed, and its memory freed, by a thread that has just locked and unlocked it for the last time, even while the
 * previous owner's unlock has not returned yet. It works between the threads of one process; for a mutex between processes
 * take a process-shared pthread_mutex_t and the drop-in: here it would cost every mutex a branch.
 *
 * Who takes it first has it: there is no queue. But a waiter that is on a CPU and has waited for 1 us (5 us on three and more CPUs) while nobody sleeps on the mutex, or for 1 ms in any case, is offered it at
 * the next release (ONCPU_HANDOFF_NS, oncpu.h). On three and more CPUs few threads spin for one mutex; others sleep for tens of
 * microseconds in between (doc/waiting-policy.md). And a thread that had to wait, and has been on its CPU for 0.1 to 1 ms by then, offers
 * its CPU to others (sched_yield(2)) after it has unlocked the mutex, so that it is not preempted in a later section; not with a real-time
 * policy, nor, without thread states (oncpu_source() is ONCPU_SOURCE_NONE), where a seccomp filter is in force.
 *
 * None of these functions is async-signal-safe or a cancellation point, none calls malloc() or touches errno.
 */
#ifndef ONCPU_MUTEX_H
#define ONCPU_MUTEX_H

#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* All zero is a valid, free mutex. The fields belong to the library. */
typedef struct oncpu_mutex {
    uint32_t oncpu_word;  /* the futex word */
    uint32_t oncpu_owner; /* tid of the owner, 0 when free */
    uint32_t oncpu_turns; /* moves each time the mutex is taken, and says on which CPU */
    uint32_t oncpu_claim; /* which waiter is to have it next, or a note of the owner's */
} oncpu_mutex_t;

/* clang-format off */
#define ONCPU_MUTEX_INITIALIZER { 0, 0, 0, 0 }
/* clang-format on */

/* Makes *mutex a free mutex. Returns 0. */
int oncpu_mutex_init(oncpu_mutex_t *mutex);

/* Ends its life; only oncpu_mutex_init() may touch it afterwards. Returns 0, or EBUSY, doing nothing, if it is held. */
int oncpu_mutex_destroy(oncpu_mutex_t *mutex);

/* Takes the mutex, waiting as long as it takes. Returns 0. */
int oncpu_mutex_lock(oncpu_mutex_t *mutex);

/* Takes the mutex if it is free. Returns 0, or EBUSY if it is not. */
int oncpu_mutex_trylock(oncpu_mutex_t *mutex);

/*
 * Takes the mutex, waiting until CLOCK_REALTIME reaches *deadline at most. A free mutex is taken whatever *deadline
 * says. Returns 0, ETIMEDOUT, or EINVAL if it would have had to wait and tv_nsec is not in [0, 999999999].
 */
int oncpu_mutex_timedlock(oncpu_mutex_t *mutex, const struct timespec *deadline);

/* The same by another clock: CLOCK_REALTIME or CLOCK_MONOTONIC; EINVAL for any other (POSIX.1-2024, clocklock). */
int oncpu_mutex_clocklock(oncpu_mutex_t *mutex, clockid_t clock, const struct timespec *deadline);

/* Releases the mutex, which the caller holds. Returns 0. */
int oncpu_mutex_unlock(oncpu_mutex_t *mutex);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
