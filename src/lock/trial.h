/* SPDX-License-Identifier: MIT */
/*
 * Whether a saturated lock with short turns is faster if who waits for it leaves it alone for long. Where sections change much data,
 * as those of a cache, each hand-over brings all that from another CPU, and an owner that is handed a lock back after microseconds
 * never has it in its own. A thread cannot find that out alone: who tries it only makes room for another that spins. So one that
 * finds the lock saturated says by its address that it is tried now, and all who wait for it rest for 1 to 2 ms; and if turns take
 * half as long then, for 17 ms more. If not, it is not tried again for a quarter of a second.
 */
#ifndef ONCPU_LOCK_TRIAL_H
#define ONCPU_LOCK_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

/* A wait for this lock, whose turns are short, was over at the time `now` (ns), when it had counted so many turns; `hint`: the wait
 * took most of this thread's time. May begin a trial. */
void oncpu_trial_note(const uint32_t *word, bool hint, uint32_t count, uint64_t now);

/* Whether this lock is left alone now, on trial or because that was found to be good. */
bool oncpu_trial_on(const uint32_t *word, uint64_t now);

/* The caller has left it alone, and turns took so long (ns). */
void oncpu_trial_rested(const uint32_t *word, uint64_t turn, uint64_t now);

#endif
