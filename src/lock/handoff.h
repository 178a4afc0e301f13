/* SPDX-License-Identifier: MIT */
/*
 * The hand-off: a waiter that is on a CPU and has waited for long claims the lock, and whoever releases it next gives it to
 * the claimant instead of setting it free.
 *
 * The claim is a word beside the lock's word:
 *
 *   value           meaning                                     who writes it
 *   0               nobody claims                               the claimant, leaving (compare and exchange) or owning (store)
 *   tid             that waiter claims                          the waiter (compare and exchange 0→tid)
 *   tid | GRANTED   the lock is its: it only has to notice      the owner, releasing (compare and exchange tid→…, release)
 *
 * Invariants, in addition to those of lock.h:
 *   H1  The claimant is awake: it gives the claim up before it sleeps, and before it leaves for its deadline. If it cannot,
 *       because it was granted, it has the lock.
 *   H2  A granted lock was never free: the word stays HELD or CONTENDED, and I1 to I3 hold as before. A claimant that was
 *       woken in this wait marks it CONTENDED (I2).
 *   H3  After the granting exchange the old owner does not touch the lock (I4).
 *   H4  Sleepers are not woken by a grant, so of every few turns that end in one, one wakes a sleeper.
 *   H5  A claim that nobody holds (a child of fork inherits one) is cleared by the next owner.
 * Who does not know of claims, as glibc inside pthread_cond_wait, releases and takes the lock as ever; the claim stands.
 */
#ifndef ONCPU_LOCK_HANDOFF_H
#define ONCPU_LOCK_HANDOFF_H

#include "lock.h"

#define ONCPU_CLAIM_GRANTED 0x80000000u /* no tid has this bit (Linux: PID_MAX_LIMIT is 2^22) */

/* True: the calling thread claims the lock now. False: somebody else does. Relaxed: a request; the grant carries the data. */
static inline bool oncpu_claim(struct oncpu_lock lock, uint32_t self)
{
    uint32_t nobody = 0;

    return __atomic_load_n(lock.claim, __ATOMIC_RELAXED) == 0 &&
           __atomic_compare_exchange_n(lock.claim, &nobody, self, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Ends the claim of a thread that has the lock. Relaxed: only owners and the claimant itself look for this value. */
static inline void oncpu_claim_end(struct oncpu_lock lock)
{
    __atomic_store_n(lock.claim, 0, __ATOMIC_RELAXED);
}

/* Whether the claimant has been given the lock. Acquire: pairs with the release in oncpu_lock_release_claimed(). */
static inline bool oncpu_claim_granted(struct oncpu_lock lock, uint32_t self)
{
    return __atomic_load_n(lock.claim, __ATOMIC_ACQUIRE) == (self | ONCPU_CLAIM_GRANTED);
}

/* Gives the claim up. True: too late, the caller has the lock, and the claim stands. Acquire: as above. */
static inline bool oncpu_claim_withdraw(struct oncpu_lock lock, uint32_t self)
{
    uint32_t expected = self;

    if (__atomic_compare_exchange_n(lock.claim, &expected, 0, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
        return false;
    return expected == (self | ONCPU_CLAIM_GRANTED);
}

#endif
