/* SPDX-License-Identifier: MIT */
/*
 * The waiting policy: go on spinning, or sleep; and when to look again.
 */
#ifndef ONCPU_LOCK_POLICY_H
#define ONCPU_LOCK_POLICY_H

#include "lock.h"

#include <oncpu/thread_state_abi.h>

#define ONCPU_CLAIMANTS_DISTANCE 30u /* ns between the looks of a claimant: the lock is idle until it notices */

enum oncpu_verdict {
    ONCPU_GO_ON,
    ONCPU_OWNER_OFF_CPU, /* sleep: the owner does not run */
    ONCPU_ENOUGH,        /* sleep: it has taken long enough, or others are faster */
};

/* What one waiter has seen of the lock since it began to spin. */
struct oncpu_policy {
    uint32_t distance;                        /* ns until the next look: for the caller */
    uint32_t ceiling;                         /* where the distance stops growing */
    uint64_t begin;                           /* when it began to spin */
    uint64_t looked;                          /* when it looked last */
    uint64_t owner_since;                     /* when it saw this owner first */
    uint32_t owner;                           /* tid */
    uint32_t turns;                           /* of the lock, at the last look */
    uint32_t lost;                            /* turns that others had since it began */
    const struct oncpu_thread_record *record; /* the owner's */
};

/* How many looks, at such a distance (ns), come before anything else. */
int oncpu_policy_glances(void);
#define ONCPU_GLANCE_DISTANCE 30u

/* Whether a thread that begins to wait at `now` (CLOCK_MONOTONIC, ns) spins before it sleeps. */
bool oncpu_policy_spins_first(void);

/* Whether a waiter that has waited for so long (ns) spins after a wake-up. */
bool oncpu_policy_spins_again(uint64_t waited);

/* The spin that a wait began with is over: from `begin` to `now`, while others took the lock `lost` times. */
void oncpu_policy_note(uint64_t begin, uint64_t now, uint32_t lost, bool taken);

/* Whether a waiter that has waited for so long claims the lock, while others sleep or not. */
bool oncpu_policy_claims(uint64_t waited, bool sleepers);

/* Begins a spin at the time `now`. */
void oncpu_policy_begin(struct oncpu_policy *policy, const struct oncpu_lock *lock, uint64_t now);

/* Looks at a lock that is held; says what to do, and sets the distance to the next look. */
enum oncpu_verdict oncpu_policy_look(struct oncpu_policy *policy, const struct oncpu_lock *lock, uint64_t now);

/* For how long, ns, a waiter spins for one owner that it sees in this state all the time; 0: it does not spin. */
uint32_t oncpu_policy_bound(uint32_t state);

#endif
