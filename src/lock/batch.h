/* SPDX-License-Identifier: MIT */
/*
 * Whether the threads that need a lock should have it in batches of turns, rather than turn by turn. Where sections are short, what a
 * turn costs is mostly that the lock's cache lines come from another CPU: a thread that has them to itself for a moment has more
 * turns than all have together who take them from each other. Whether that is so depends on the machine, on the two CPUs, and, where
 * those are virtual, on the moment; so it is measured: now and then a thread leaves the lock alone for one wait, and counts.
 */
#ifndef ONCPU_LOCK_BATCH_H
#define ONCPU_LOCK_BATCH_H

#include "os.h"

#include <stdbool.h>

#define ONCPU_BATCH_NS 1500u      /* a thread that finds the lock held leaves it alone for so long, ... */
#define ONCPU_BATCH_LONG_NS 3000u /* ... or for so long, where turns are not of the shortest */
#define ONCPU_BATCH_WAITS 8u      /* a window: so many waits of one thread */

/* Whether this thread leaves the lock alone at first when it has to wait. */
bool oncpu_batch_on(const uint32_t *word);

/* For how long, ns, it does so in the wait that begins now; 0: not at all. */
uint32_t oncpu_batch_first(const uint32_t *word, uint64_t now);

/* Its spinning, which began so, has ended after `ns`; others had so many turns meanwhile. */
void oncpu_batch_seen(const uint32_t *word, uint32_t turns, uint64_t ns, uint64_t now);

/* A window is over (by the clock that all threads share); so many turns have been counted by now. */
void oncpu_batch_window(const uint32_t *word, uint32_t turns, uint64_t now);

/* What a turn of the lock takes, ns, in the faster of the two ways. 0: this thread does not know; one of its next waits is to show it, or of those after this epoch. */
uint32_t oncpu_batch_turn(const uint32_t *word, uint64_t now);

extern __thread uint32_t oncpu_batch_waits __attribute__((tls_model("initial-exec"))); /* until it is over */

/* This thread has got the lock, for which it had to wait. Called by the owner, whose section it makes longer: so it only counts. */
static inline void oncpu_batch_got(const uint32_t *word, const uint32_t *turns)
{
    if (__builtin_expect(oncpu_batch_waits-- != 0, 1))
        return;
    oncpu_batch_waits = ONCPU_BATCH_WAITS - 1u;
    oncpu_batch_window(word, __atomic_load_n(turns, __ATOMIC_RELAXED), oncpu_now_ns());
}

#endif
