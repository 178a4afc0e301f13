/* SPDX-License-Identifier: MIT */
/*
 * Seats: who begins to spin for a lock has one, and there are few, so that many cores do not pull one cache line to and fro. (Who comes
 * from a sleep spins without: in the futex word one is woken at a time, and from rests one claims.)
 *
 * A seat is no promise. Who does not say again and again that it is there loses it, as it may not run, may have jumped out of a
 * signal handler, or be on the other side of a fork: so there is nothing to give back, and no count that can be wrong for long.
 */
#ifndef ONCPU_LOCK_SEATS_H
#define ONCPU_LOCK_SEATS_H

#include <stdbool.h>
#include <stdint.h>

#define ONCPU_SEATS 3u          /* for one lock */
#define ONCPU_SEAT_STALE 20000u /* ns: ten times what lies between two looks at most */

/* The place that a thread has; all zero: none. */
struct oncpu_seat {
    uint64_t *at;
    uint64_t held; /* what the thread has written there */
};

/*
 * Takes a seat of this lock at the time `now` (CLOCK_MONOTONIC, ns). Returns false if `count` (ONCPU_SEATS at most) other threads of
 * this process have one. If there is no room because of other locks, whose places are the same, it returns
 * true, and `seat` is none. Async-signal-safe.
 */
bool oncpu_seat_take(struct oncpu_seat *seat, const uint32_t *word, uint32_t count, uint64_t now);

/* Says that the thread is there still; false: it has lost its seat meanwhile. */
bool oncpu_seat_keep(struct oncpu_seat *seat, uint64_t now);

void oncpu_seat_leave(struct oncpu_seat *seat);

#endif
