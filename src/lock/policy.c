/* SPDX-License-Identifier: MIT */
/*
 * The waiting policy. Whatever it decides, the lock stays correct: it may read anything, stale or torn, and is free to
 * guess.
 */
#include "policy.h"

#include "../state/records.h"
#include "../state/state.h"

/* ---- the numbers, all in nanoseconds ---- */

#define FIRST_LOOK 50u     /* a short section ends while the waiter still thinks of sleeping */
#define CEILING 1000u      /* a longer distance is noticed in the hand-over */
#define CROWDED_FIRST 500u /* the same two for a lock that turns over faster than one can look */
#define CROWDED_CEILING 2000u
#define CROWDED_TURN 200u     /* a turn shorter than this is "faster than one can look" */
#define BOUND_RUNNING 200000u /* for one owner that is seen running all the time */
#define BOUND_UNKNOWN 3000u   /* for one of which nothing is known: what a sleep and wake-up cost, about */
#define LOSING_AFTER 15000u   /* after this time ... */
#define LOSING_TURNS 4u       /* ... and this many turns that others had, sleep and be handed the lock */

/* The first distance of this thread's next wait: a thread tends to meet the same lock again. */
static __thread uint32_t first_look __attribute__((tls_model("initial-exec")));

void oncpu_policy_begin(struct oncpu_policy *policy, const struct oncpu_lock *lock, uint64_t now)
{
    *policy = (struct oncpu_policy){
        .distance = first_look > FIRST_LOOK ? first_look : FIRST_LOOK,
        .ceiling = CEILING,
        .begin = now,
        .looked = now,
        .owner_since = now,
        .turns = __atomic_load_n(lock->turns, __ATOMIC_RELAXED),
    };
}

/* A distance that follows the lock: each look takes the line from the owner, so look seldom where it turns over fast. */
static void set_distance(struct oncpu_policy *policy, uint32_t turns, uint64_t elapsed)
{
    if (turns >= 2 && elapsed < (uint64_t)turns * CROWDED_TURN) {
        policy->ceiling = CROWDED_CEILING;
        policy->distance = policy->distance < CROWDED_FIRST ? CROWDED_FIRST : policy->distance;
        first_look = policy->distance;
    } else if (first_look) {
        first_look /= 2;
    }
    policy->distance = policy->distance * 2 > policy->ceiling ? policy->ceiling : policy->distance * 2;
}

uint32_t oncpu_policy_bound(uint32_t state)
{
    if (state == ONCPU_STATE_PREEMPTED || state == ONCPU_STATE_BLOCKED)
        return 0;
    return state == ONCPU_STATE_RUNNING ? BOUND_RUNNING : BOUND_UNKNOWN;
}

static const struct oncpu_thread_record *record_of(const struct oncpu_lock *lock, uint32_t owner)
{
    if (!owner)
        return NULL;
    return lock->slot ? oncpu_record_in_slot(__atomic_load_n(lock->slot, __ATOMIC_RELAXED), owner)
                      : oncpu_record_find(owner);
}

enum oncpu_verdict oncpu_policy_look(struct oncpu_policy *policy, const struct oncpu_lock *lock, uint64_t now)
{
    uint32_t turns = __atomic_load_n(lock->turns, __ATOMIC_RELAXED);
    uint32_t owner = __atomic_load_n(lock->owner, __ATOMIC_RELAXED);
    uint32_t turned = turns - policy->turns;
    uint32_t state = ONCPU_STATE_UNKNOWN;

    if (now != policy->begin)
        set_distance(policy, turned, now - policy->looked);
    policy->looked = now;
    policy->turns = turns;
    if (owner != policy->owner || turned) {
        policy->lost += turned ? turned : 1; /* libc's own relocking, in pthread_cond_wait, counts no turn */
        policy->owner_since = now;
        policy->owner = owner;
        policy->record = record_of(lock, owner);
    }
    if (policy->record && __atomic_load_n(&oncpu_state_source, __ATOMIC_RELAXED) != ONCPU_SOURCE_NONE)
        state = __atomic_load_n(&policy->record->state, __ATOMIC_RELAXED);
    if (state == ONCPU_STATE_PREEMPTED || state == ONCPU_STATE_BLOCKED)
        return ONCPU_OWNER_OFF_CPU;
    if (now - policy->owner_since > oncpu_policy_bound(state))
        return ONCPU_ENOUGH;
    if (now - policy->begin > LOSING_AFTER && policy->lost > LOSING_TURNS)
        return ONCPU_ENOUGH;
    return ONCPU_GO_ON;
}
