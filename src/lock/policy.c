/* SPDX-License-Identifier: MIT */
/*
 * The waiting policy. Whatever it decides, the lock stays correct: it may read anything, stale or torn, and is free to
 * guess.
 */
#include "policy.h"

#include "../state/records.h"
#include "../state/settings.h"
#include "../state/state.h"

/* ---- the numbers, all in nanoseconds ---- */

#define GLANCES 3
#define FIRST_LOOK 50u     /* a short section ends while the waiter still thinks of sleeping */
#define CEILING 100u       /* a longer distance is noticed in the hand-over */
#define CROWDED_FIRST 500u /* the same two for a lock that turns over faster than one can look */
#define CROWDED_CEILING 2000u
#define CROWDED_TURN 200u     /* a turn shorter than this is "faster than one can look" */
#define BOUND_RUNNING 200000u /* for one owner that is seen running all the time */
#define BOUND_UNKNOWN 3000u   /* for one of which nothing is known: what a sleep and wake-up cost, about */
#define LOSING_AFTER 15000u   /* after this time ... */
#define LOSING_TURNS 4u       /* ... and this many turns that others had, sleep and be handed the lock */

/*
 * ---- a saturated lock: never free when this thread comes, so that its waiting brings no throughput ----
 *
 * A wait that takes this share (of 1024) of the time since the last one ended, is a hint. After so many in a row, about:
 */
#define SATURATED_SHARE 430
#define SHORT_TURN 400u /* turns shorter than this (ns) are not worth a sleep: so the CPU is offered to others, once, */
#define SHORT_WAITS 48  /* ... after so many hints; */
#define LONG_WAITS 16   /* where turns are longer, after so many, */
#define RESTS 100u      /* ... so many waits sleep at once */

#define STARVED_AFTER 1000000u /* a waiter that has waited for so long spins and claims in any case */

/* What a thread knows from its last waits: it tends to meet the same lock again. */
static __thread struct {
    uint32_t first_look; /* the first distance of the next wait */
    uint32_t rests;      /* waits that are not to spin */
    int32_t short_hints; /* of saturation, by short turns ... */
    int32_t hints;       /* ... and by longer ones */
    bool yields;         /* the next wait begins with an offer of the CPU */
    uint64_t left;       /* when its last wait ended */
} memory __attribute__((tls_model("initial-exec")));

int oncpu_policy_glances(void)
{
    return memory.rests || memory.first_look > FIRST_LOOK ? 0 : GLANCES;
}

bool oncpu_policy_spins_first(void)
{
    if (memory.yields) {
        memory.yields = false;
        oncpu_yield();
    }
    if (memory.rests == 0)
        return true;
    memory.rests--;
    return false;
}

static bool saturated(int32_t *hints, bool hint, int32_t enough)
{
    *hints += hint ? 1 : *hints > 0 ? -2 : 0;
    if (*hints < enough)
        return false;
    *hints = 0;
    return true;
}

/* Called by the new owner, so everything here makes the section longer: no division. */
void oncpu_policy_note(uint64_t begin, uint64_t now, uint32_t lost, bool taken)
{
    uint64_t waited = now - begin;
    uint64_t turns = lost + 1u;
    bool hint = !taken || waited * 1024 > (now - memory.left) * SATURATED_SHARE;

    if (!taken && lost <= LOSING_TURNS)
        return; /* it went to sleep for one owner's sake */
    memory.left = now;
    if (waited < turns * SHORT_TURN) {
        memory.yields = saturated(&memory.short_hints, hint, SHORT_WAITS);
    } else if (saturated(&memory.hints, hint, LONG_WAITS)) {
        memory.rests = RESTS;
    }
}

bool oncpu_policy_spins_again(uint64_t waited)
{
    return memory.rests == 0 || waited > STARVED_AFTER;
}

bool oncpu_policy_claims(uint64_t waited, bool sleepers)
{
    uint64_t after = oncpu_hand_off_ns;

    if (after == UINT32_MAX)
        return false;
    return waited > (sleepers && after < STARVED_AFTER ? STARVED_AFTER : after);
}

void oncpu_policy_begin(struct oncpu_policy *policy, const struct oncpu_lock *lock, uint64_t now)
{
    *policy = (struct oncpu_policy){
        .distance = memory.first_look > FIRST_LOOK ? memory.first_look : FIRST_LOOK,
        .ceiling = CEILING,
        .begin = now,
        .looked = now,
        .owner_since = now,
        .turns = __atomic_load_n(lock->turns, __ATOMIC_RELAXED),
    };
    memory.first_look -=
        memory.first_look / 4; /* unless this wait, too, finds it crowded: looking seldom makes a lock look so */
}

/* A distance that follows the lock: each look takes the line from the owner, so look seldom where it turns over fast. */
static void set_distance(struct oncpu_policy *policy, uint32_t turns, uint64_t elapsed)
{
    if (turns >= 2 && elapsed < (uint64_t)turns * CROWDED_TURN) {
        policy->ceiling = CROWDED_CEILING;
        policy->distance = policy->distance < CROWDED_FIRST ? CROWDED_FIRST : policy->distance;
        memory.first_look = policy->distance;
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

/*
 * Whether the owner took the lock on the CPU that this waiter is on: then it does not run, or on another CPU by now, which is
 * rare. All that there is to know of an owner that has no record.
 */
static bool was_taken_here(uint32_t turns, uint32_t owner)
{
    uint32_t cpu = oncpu_self_cpu();

    return owner && cpu < ONCPU_NO_CPU && (turns - oncpu_turn_place(owner, cpu)) <= ONCPU_TURN_COUNTS;
}

enum oncpu_verdict oncpu_policy_look(struct oncpu_policy *policy, const struct oncpu_lock *lock, uint64_t now)
{
    uint32_t turns = __atomic_load_n(lock->turns, __ATOMIC_RELAXED);
    uint32_t owner = __atomic_load_n(lock->owner, __ATOMIC_RELAXED);
    uint32_t turned = (turns - policy->turns) % ONCPU_TURN_COUNTS;
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
    if (state != ONCPU_STATE_RUNNING && was_taken_here(turns, owner))
        return ONCPU_OWNER_OFF_CPU;
    if (now - policy->owner_since > oncpu_policy_bound(state))
        return ONCPU_ENOUGH;
    if (now - policy->begin > LOSING_AFTER && policy->lost > LOSING_TURNS)
        return ONCPU_ENOUGH;
    return ONCPU_GO_ON;
}
