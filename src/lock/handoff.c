/* SPDX-License-Identifier: MIT */
/*
 * The owner's side of the hand-off.
 */
#include "handoff.h"

#include "../state/records.h"
#include "../state/state.h"
#include "policy.h"
#include "spin.h"

#include <oncpu/thread_state_abi.h>

#define OFFER_NS 500u /* for how long an owner waits for the answer: a claimant looks every 30 ns */
#define OFFER_LOOK_NS 20u

/*
 * Makes the offer, and waits for the answer. Release: pairs with the acquire in oncpu_offer_accept(). The other accesses
 * relaxed: what they read or write is the mailbox alone.
 */
static bool offer(const uint32_t *word, uint64_t *mailbox)
{
    const uint64_t offered = oncpu_mailbox_value(word, ONCPU_MAILBOX_OFFERED);
    uint64_t there = 0;

    if (!__atomic_compare_exchange_n(mailbox, &there, offered, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        return false; /* an older one, of another lock, is still there */
    for (uint32_t ns = 0; ns < OFFER_NS && __atomic_load_n(mailbox, __ATOMIC_RELAXED) == offered; ns += OFFER_LOOK_NS)
        oncpu_spin_ns(OFFER_LOOK_NS);
    there = offered;
    if (__atomic_compare_exchange_n(mailbox, &there, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return false;
    if (there == 0) /* a child, forked in a signal handler: nobody has accepted there */
        return false;
    __atomic_store_n(mailbox, 0, __ATOMIC_RELAXED);
    return true;
}

/* As far as that is known: without thread states, nothing is, and an offer that nobody hears costs OFFER_NS. */
static bool is_off_cpu(uint32_t tid)
{
    const struct oncpu_thread_record *record = NULL;

    if (__atomic_load_n(&oncpu_state_source, __ATOMIC_RELAXED) != ONCPU_SOURCE_NONE)
        record = oncpu_record_find(tid);
    return record && __atomic_load_n(&record->state, __ATOMIC_RELAXED) != ONCPU_STATE_RUNNING;
}

int oncpu_lock_release_claimed(uint32_t *word, uint32_t *claim)
{
    uint32_t claimant = __atomic_load_n(claim, __ATOMIC_RELAXED);
    uint64_t *mailbox;

    if (claimant == ONCPU_CLAIM_LEAVES) {
        oncpu_claim_end(claim, claimant);
        oncpu_lock_set_free(word);
        return oncpu_leave(claim);
    }
    if (!oncpu_policy_hands_over(word))
        return oncpu_lock_set_free(word);
    if (is_off_cpu(claimant)) /* the answer would be long in coming, and the claim stands until it runs again */
        return oncpu_lock_set_free(word);
    mailbox = oncpu_record_mailbox(claimant);
    if (mailbox && offer(word, mailbox))
        return 0;
    /* Who does not answer may not be there any more, or be another process's, before a fork; else it claims again. */
    oncpu_claim_end(claim, claimant);
    return oncpu_lock_set_free(word);
}
