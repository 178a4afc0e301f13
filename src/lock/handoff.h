/* SPDX-License-Identifier: MIT */
/*
 * The hand-off: a waiter that is on a CPU and has waited for long claims the lock; whoever releases it next offers it to the
 * claimant, and sets it free only if the claimant does not accept at once.
 *
 * The claim is a word beside the lock's word: 0, or the tid of a waiter that claims. A request: nothing follows from it but an
 * offer, so it may be stale, cleared or overwritten at any time. Where nobody claims, the owner may have left a note (leave.h).
 *
 * The offer is made in the claimant's mailbox, a word outside the lock that is never unmapped, and all zero in a child of fork:
 *
 *   mailbox             meaning                                       who writes it
 *   0                   empty                                         the offering owner (store, or exchange from OFFERED)
 *   lock | OFFERED      the lock's owner waits for the answer         that owner (compare and exchange from 0, release)
 *   lock | ACCEPTED     the claimant has the lock                     the claimant (compare and exchange from OFFERED, acquire)
 *
 * Invariants, in addition to those of lock.h:
 *   H1  The lock changes hands in the exchange OFFERED→ACCEPTED, and only there. Until then the offering owner has it; it can take
 *       the offer back, by the exchange OFFERED→0, and exactly one of the two exchanges succeeds.
 *   H2  Only a thread accepts that waits for that lock at this moment and has not got it. So an offer to one that is in a signal
 *       handler, has jumped out of one, or is long gone, costs the owner OFFER_NS, and nothing else.
 *   H3  Once it was accepted the old owner touches nothing but the mailbox (I4).
 *   H4  A lock that is handed over is never free: the word stays HELD or CONTENDED, and I1 to I3 hold as before. Who was woken
 *       in this wait marks it CONTENDED (I2).
 *   H5  Nobody wakes a sleeper at a hand-off, and libc's own waiters cannot claim: so while anybody sleeps, only who has waited
 *       for very long claims (policy.c).
 * An owner need not offer: one that rests at other times keeps the lock for a slice of time first (policy.c).
 * Who does not know of claims, as glibc inside pthread_cond_wait, releases and takes the lock as ever.
 */
#ifndef ONCPU_LOCK_HANDOFF_H
#define ONCPU_LOCK_HANDOFF_H

#include "leave.h"
#include "lock.h"

/* In the lowest bits of a word's address. */
#define ONCPU_MAILBOX_OFFERED 1u
#define ONCPU_MAILBOX_ACCEPTED 2u

static inline uint64_t oncpu_mailbox_value(const uint32_t *word, unsigned bit)
{
    return (uint64_t)(uintptr_t)word | bit;
}

/* Whether the calling thread claims the lock now. Relaxed, as all of the claim: a request. */
static inline bool oncpu_claim(uint32_t *claim, uint32_t self)
{
    uint32_t there = __atomic_load_n(claim, __ATOMIC_RELAXED);

    return there == self ||
           ((there == 0 || there == ONCPU_CLAIM_LEAVES) &&
            __atomic_compare_exchange_n(claim, &there, self, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

/* Ends a claim, if it is still there. */
static inline void oncpu_claim_end(uint32_t *claim, uint32_t self)
{
    __atomic_compare_exchange_n(claim, &self, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Takes the lock if its owner offers it. Acquire: pairs with the release of the offer, in handoff.c. */
static inline bool oncpu_offer_accept(uint64_t *mailbox, const uint32_t *word)
{
    uint64_t offer = oncpu_mailbox_value(word, ONCPU_MAILBOX_OFFERED);

    return __atomic_load_n(mailbox, __ATOMIC_RELAXED) == offer &&
           __atomic_compare_exchange_n(mailbox, &offer, oncpu_mailbox_value(word, ONCPU_MAILBOX_ACCEPTED), false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

#endif
