/* SPDX-License-Identifier: MIT */
/*
 * How many threads wait for a lock that they have found saturated: what none of them can know of itself, and the lock has no room
 * for.
 *
 * Counted by the lock's address, in few places, so locks can share one; and a thread that jumps out of a signal handler in the
 * middle of a wait, or is not in a child of fork, stays counted. Relaxed, all of it: a hint to the policy, which may be wrong.
 */
#ifndef ONCPU_LOCK_CROWD_H
#define ONCPU_LOCK_CROWD_H

#include <stdint.h>

#define ONCPU_CROWDS 16u
#define ONCPU_CROWD_MOST 64u /* more are not told apart, so that wrong counts have a bound */

struct oncpu_crowd {
    _Alignas(64) uint32_t threads;
};

extern struct oncpu_crowd oncpu_crowds[ONCPU_CROWDS];

static inline uint32_t *oncpu_crowd_of(const uint32_t *word)
{
    return &oncpu_crowds[((uintptr_t)word >> 5) % ONCPU_CROWDS].threads;
}

static inline void oncpu_crowd_enter(const uint32_t *word)
{
    __atomic_fetch_add(oncpu_crowd_of(word), 1, __ATOMIC_RELAXED);
}

static inline void oncpu_crowd_leave(const uint32_t *word)
{
    __atomic_fetch_sub(oncpu_crowd_of(word), 1, __ATOMIC_RELAXED);
}

static inline uint32_t oncpu_crowd_size(const uint32_t *word)
{
    uint32_t threads = __atomic_load_n(oncpu_crowd_of(word), __ATOMIC_RELAXED);

    return threads < ONCPU_CROWD_MOST ? threads : ONCPU_CROWD_MOST;
}

#endif
