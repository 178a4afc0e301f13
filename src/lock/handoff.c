/* SPDX-License-Identifier: MIT */
/*
 * The owner's side of the hand-off.
 */
#include "handoff.h"

#include "../state/records.h"

#include <oncpu/thread_state_abi.h>

#define TURNS_PER_WAKE 16u /* a power of two */

/* A wake-up that comes with no release: the sleeper looks, and may claim. The caller still owns the lock. */
static void let_a_sleeper_in(const uint32_t *word, const uint32_t *turns)
{
    if (__atomic_load_n(turns, __ATOMIC_RELAXED) % TURNS_PER_WAKE == 0 &&
        __atomic_load_n(word, __ATOMIC_RELAXED) == ONCPU_WORD_CONTENDED)
        oncpu_futex_wake(word, 1);
}

static bool hand_off(const uint32_t *word, const uint32_t *turns, uint32_t *claim)
{
    uint32_t claimant = __atomic_load_n(claim, __ATOMIC_RELAXED);
    const struct oncpu_thread_record *record = oncpu_record_find(claimant);

    if (!record) {
        /* H5. Relaxed: nothing depends on when it is seen. */
        __atomic_compare_exchange_n(claim, &claimant, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
        return false;
    }
    /* To give it to a thread that does not run would have all the others wait for the scheduler. */
    if (__atomic_load_n(&record->state, __ATOMIC_RELAXED) != ONCPU_STATE_RUNNING)
        return false;
    let_a_sleeper_in(word, turns);
    /* Release: pairs with the acquire in oncpu_claim_granted() and oncpu_claim_withdraw(). */
    return __atomic_compare_exchange_n(claim, &claimant, claimant | ONCPU_CLAIM_GRANTED, false, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED);
}

int oncpu_lock_release_claimed(uint32_t *word, const uint32_t *turns, uint32_t *claim)
{
    return hand_off(word, turns, claim) ? 0 : oncpu_lock_set_free(word);
}
