/* SPDX-License-Identifier: MIT */
/*
 * How many threads lately waited for a lock that they found saturated: what none of them can know of itself, and the lock has no
 * room for.
 *
 * A thread says once in each period of some milliseconds that it does. So there is nothing to take back, and nothing stays wrong: not
 * for a thread that jumped out of a signal handler, and not in a child of fork. Locks that share a place take it from each other.
 * Relaxed, all of it: a hint to the policy.
 */
#ifndef ONCPU_LOCK_CROWD_H
#define ONCPU_LOCK_CROWD_H

#include <stdint.h>

#define ONCPU_CROWD_MOST 64u /* more are not told apart */

/* The caller waits for the lock, or has waited for it, at the time `now`. */
void oncpu_crowd_enter(const uint32_t *word, uint64_t now);

/* How many threads said that in this period or the last one, not counting the caller. */
uint32_t oncpu_crowd_others(const uint32_t *word, uint64_t now);

#endif
