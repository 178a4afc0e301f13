/* SPDX-License-Identifier: MIT */
/*
 * Leaving the CPU between two sections. A thread that has had its CPU for a while loses it soon, if others want it, and as likely
 * as not in the middle of a section or of a wait; then others wait for the scheduler, too. So it offers the CPU before that, when
 * it has just released a lock: it waits for nobody then, and, unless it has another one, nobody waits for it.
 */
#ifndef ONCPU_LOCK_LEAVE_H
#define ONCPU_LOCK_LEAVE_H

#include <oncpu/thread_state_abi.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * In place of a claimant's tid (handoff.h): the owner's own note that it is to leave its CPU after it has released this lock. So the
 * fast path need not ask. Whoever claims the lock may overwrite it.
 */
#define ONCPU_CLAIM_LEAVES 0x80000000u

/*
 * The calling thread, whose record is `mine`, has got a lock for which it had to wait, at the time `now`. Leaves the note in
 * `claim` (or NULL) if it has had its CPU for long enough. NULL: without a record the kernel says that, unless a sandbox might object.
 */
void oncpu_leave_plan(uint32_t *claim, const struct oncpu_thread_record *mine, uint64_t now);

/*
 * The lock is released in whose claim the note was: that is an address here, as the lock may be gone. Leaves the CPU if others want
 * it. Returns 0, for who jumps here. Preserves errno.
 */
int oncpu_leave(uint32_t *claim);

/* A waiter has seen that this owner is off its CPU, or, where nobody says so, that it takes long: it may have left with that lock. */
void oncpu_leave_missed(uint32_t owner);

/*
 * Lets other threads have this CPU if they want it. Returns false, and does nothing, where the caller does not share its CPU in
 * turns, or a sandbox might object. Preserves errno.
 */
bool oncpu_leave_cpu(void);

#endif
