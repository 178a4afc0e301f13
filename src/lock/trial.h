/* SPDX-License-Identifier: MIT */
/*
 * Whether a saturated lock with short turns is faster if who waits for it leaves it alone for long. Where sections change much data,
 * as those of a cache, each hand-over brings all that from another CPU, and an owner that is handed a lock back after microseconds
 * never has it in its own. A thread cannot find that out alone: who tries it only makes room for another that spins. So one that
 * finds the lock saturated, as two others do, says by its address that it is tried now, and all who wait for it rest, for a few
 * milliseconds; and if turns take much less time then, for 17 ms more. If not, it is not tried again for a while, and longer each
 * time.
 */
#ifndef ONCPU_LOCK_TRIAL_H
#define ONCPU_LOCK_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

enum oncpu_trial { ONCPU_NOT_TRIED, ONCPU_ON_TRIAL, ONCPU_FOUND_GOOD };

/*
 * A wait for this lock was over at the time `now` (ns), after `waited`, in which others had so many turns; `hint`: it took most of
 * this thread's time. May begin a trial.
 */
void oncpu_trial_note(const uint32_t *word, bool hint, uint32_t turns, uint64_t waited, uint64_t now);

/* Whether this lock is left alone now, and why. */
enum oncpu_trial oncpu_trial_of(const uint32_t *word, uint64_t now);

/* For how long, ns, who waits for it leaves it alone, ... */
uint32_t oncpu_trial_rest(enum oncpu_trial trial, uint32_t others);

/* ... and who has it refuses claims, where so many others wait. */
uint32_t oncpu_trial_slice(uint32_t others);

/* The caller has left it alone from `begin` until `now`, and turns took so long (ns). */
void oncpu_trial_rested(const uint32_t *word, uint64_t turn, uint64_t begin, uint64_t now);

#endif
