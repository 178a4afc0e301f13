/* SPDX-License-Identifier: MIT */
/*
 * Leaving the CPU between two sections. A thread that has had its CPU for a while loses it soon, if others want it, and as likely as not in
 * the middle of a section or of a wait; then others wait for the scheduler, too. So it offers the CPU before that, at the one moment at
 * which nobody waits for it and it waits for nobody: when it has just released a lock, and has no other.
 */
#ifndef ONCPU_LOCK_LEAVE_H
#define ONCPU_LOCK_LEAVE_H

#include <oncpu/thread_state_abi.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * How many locks of this library the calling thread has, and 1 more, unless it is to leave. So it is 0 at just that moment, and the fast
 * path needs no second question. It may be wrong, where a mutex is released by another thread than the one that took it; that costs
 * time.
 */
extern __thread uint32_t oncpu_leave_count __attribute__((tls_model("initial-exec"), visibility("hidden")));

static inline void oncpu_leave_took(void)
{
    oncpu_leave_count++;
}

/* The caller is about to release a lock. True: after that, oncpu_leave() is to be called. */
static inline bool oncpu_leave_releases(void)
{
    return __builtin_expect(--oncpu_leave_count == 0, 0);
}

/* Leaves the CPU, if others want it. Returns 0, for who jumps here. Async-signal-safe, preserves errno. */
int oncpu_leave(void);

/*
 * The calling thread, whose record is `mine` (or NULL), has got a lock for which it had to wait, at the time `now`, and not counted it
 * yet: decides whether it is to leave soon.
 */
void oncpu_leave_plan(const struct oncpu_thread_record *mine, uint64_t now);

/*
 * Lets other threads have this CPU if they want it. Returns false, and does nothing, where the caller does not share its CPU in turns, or a
 * sandbox might object. Preserves errno.
 */
bool oncpu_leave_cpu(void);

#endif
