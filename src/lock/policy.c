/* SPDX-License-Identifier: MIT */
/*
 * The waiting policy. Whatever it decides, the lock stays correct: it may read anything, stale or torn, and is free to
 * guess.
 */
#include "policy.h"

#include "../state/records.h"
#include "../state/settings.h"
#include "../state/state.h"
#include "batch.h"
#include "crowd.h"
#include "interrupts.h"
#include "leave.h"
#include "surplus.h"
#include "trial.h"

/* ---- the numbers, all in nanoseconds ---- */

#define GLANCES 3
#define FIRST_LOOK 50u     /* a short section ends while the waiter still thinks of sleeping */
#define CEILING 100u       /* a longer distance is noticed in the hand-over */
#define CROWDED_FIRST 500u /* the same two for a lock that turns over faster than one can look */
#define CROWDED_CEILING 2000u
#define CROWDED_TURN 200u     /* a turn shorter than this is "faster than one can look" */
#define BOUND_RUNNING 200000u /* for one owner that is seen running all the time */
#define BOUND_UNKNOWN 3000u   /* for one of which nothing is known: half of what a sleep and wake-up cost, about */
#define CLAIM_AFTER 1000u     /* unless ONCPU_HANDOFF_NS says otherwise a waiter claims the lock after this time, ... */
#define CLAIM_MANY 5000u      /* ... or, on many cores, where the lock changes hands faster than it is handed over */
#define LOSING_AFTER 15000u   /* after this time ... */
#define LOSING_TURNS 4u       /* ... and this many turns that others had, sleep and be handed the lock */

/*
 * ---- a saturated lock: never free when this thread comes, so that its waiting brings no throughput ----
 *
 * A wait that takes this share (of 1024) of the time since the last one ended is a hint; less is enough where the lock had to be
 * handed over, and for a thread that rests already.
 */
#define SATURATED_SHARE 430u
#define HANDED_SHARE 340u
#define RESTED_SHARE 200u
#define LONG_TURN 850u    /* where turns are shorter than this, as those of threads that poll, then after ... */
#define SHORT_WAITS 6     /* ... so many hints in a row, about, the CPU is offered to others, once; */
#define LONG_WAITS 64     /* where turns are longer, after so many, ... */
#define LONG_WEIGHT 4     /* ... of which one ... */
#define LONG_WAIT 20000u  /* ... that takes so long counts as so many, ... */
#define RESTS 100u        /* ... so many waits begin with a rest, or ... */
#define SLEEPS 400u       /* ... so many with a sleep in the futex: ... */
#define SLEEP_TURN 35000u /* ... if turns are longer than this */
#define PAUSE 500000u     /* whoever has not waited for so long, as between two bursts, ... */
#define PAUSE_FADES 4     /* ... forgets most of its hints */

/* ---- a rest: the lock is left alone for so long, and claimed then ---- */

#define REST_LEAST 10000u    /* the kernel makes 60000 to 90000 of it; each wait begins with one of these */
#define REST_MOST 400000u    /* reached by doubling, as long as claims are refused */
#define REST_BOUND 3000000u  /* who has waited for longer sleeps in the futex, where it comes in turn */
#define CLAIM_NS 1000u       /* after so long, or ... */
#define CLAIM_TURNS 16u      /* ... so many turns, a claim has been seen: if it was not heard, it is refused, ... */
#define STANDS_AFTER 500000u /* ... but one who has waited for so long lets it stand */
#define SLICE_TURNS 6u       /* an owner that rests at other times refuses claims for so many turns' time, ... */
#define SLICE_LEAST 40000u
#define SLICE_MOST 150000u
#define ENDS_TURN 700u     /* a rest that shows shorter turns than this is the last one; */
#define FREE_WEIGHT 6      /* one after which the lock is free counts so much, another one -1; */
#define FREE_ENOUGH 18     /* this, too, ends the resting, ... */
#define HOLD_OFF_LEAST 256 /* ... until so many hints more have come: four times as many after each time, */
#define HOLD_OFF_MOST 65536
#define HOLD_OFF_FADES 4u /* ... and a fourth when RESTS are over without that */

/*
 * ---- a crowd: so many others rest, or sleep, for the same lock, and as many as there are CPUs, or this thread comes back to it at
 * once. Each rest then takes half the time in which all of them could have a slice ----
 */

#define CROWD 2u
#define CROWD_TURN 1500u /* ... and turns are not shorter than this: threads that poll have such */
#define CROWD_SLICE_TURNS 50u
#define CROWD_SLICE_LEAST 150000u
#define CROWD_SLICE_MOST 1000000u
#define ROUND_MOST 5000000u /* where that time is longer, they sleep in the futex instead, ... */
#define SPIN_TURN 3000u     /* ... or, if turns are shorter than this, do as if the lock were not saturated */
#define ROUNDS_STAND 2u     /* where it is more than STANDS_AFTER: after so many such times a claim stands; */
#define ROUNDS_BOUND 4u     /* where it is more than REST_BOUND: after so many a waiter sleeps in the futex */
#define JOIN_GAP 500000u    /* a thread that got the lock so long ago, and ... */
#define JOIN_SLICES 4u      /* ... so many slices, comes seldom: it does not rest for the crowd's sake */

#define MANY_CORES 3
#define STARVED_AFTER 1000000u /* a waiter that has waited for so long spins and claims in any case */

/* What a thread knows from its last waits: it tends to meet the same lock again. */
static __thread struct {
    uint32_t first_look;    /* the first distance of the next wait */
    int32_t short_hints;    /* of saturation, by short turns ... */
    int32_t hints;          /* ... and by longer ones */
    uint32_t hold_off;      /* how many hints more were asked for when resting last turned out to be wrong */
    int32_t found_free;     /* how often rests ended with a free lock */
    const uint32_t *hinted; /* the word of the lock, if its last wait was a hint: never read */
    const uint32_t *hot;    /* the word of the lock that is saturated: never read */
    uint32_t others;        /* how many wait for it, too */
    uint32_t rests;         /* waits for it that are to begin with a rest, or a sleep */
    uint32_t turn;          /* what a turn took meanwhile */
    uint32_t slice;         /* for so long it refuses claims */
    bool sleeps;            /* it is a sleep */
    bool alone;             /* in its last wait that lock was left alone: who spins is in its owner's way */
    enum oncpu_trial trial; /* in its last wait it was left alone by all: it is tried, or found to be good */
    bool returns;           /* this thread comes back to it at once */
    bool yields;            /* the next wait begins with an offer of the CPU */
    uint64_t left;          /* when the first part of its last wait ended */
    uint64_t got;           /* when it got a lock that it had to wait for */
} memory __attribute__((tls_model("initial-exec")));

static uint32_t between(uint64_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : (uint32_t)value;
}

static uint64_t at_least(uint64_t least, uint64_t value)
{
    return value < least ? least : value;
}

int oncpu_policy_glances(const uint32_t *word)
{
    return memory.rests || memory.trial || memory.first_look > FIRST_LOOK || oncpu_batch_on(word) ? 0 : GLANCES;
}

static bool many_cores(void)
{
    return oncpu_state_cpus >= MANY_CORES;
}

/* A crowd's long slices would keep the lock from the one that has the work (of many cores nothing is known; 0: not rested yet). */
static bool may_poll(void)
{
    return memory.turn && memory.turn < CROWD_TURN && !memory.alone && !many_cores();
}

/* Of fewer than there are CPUs all can be outside at one time, and the lock idle, unless they come back at once. */
static bool crowded(void)
{
    bool are_enough = memory.returns || memory.alone || memory.others >= (uint32_t)oncpu_state_cpus;

    return memory.others >= CROWD && are_enough && !may_poll();
}

/* Whether this thread leaves the lock that it waits for alone, if it is the one that it remembers. */
static bool is_resting(void)
{
    return memory.rests || memory.alone || memory.trial;
}

/* How long it takes until all of the others had a slice. */
static uint32_t a_round(void)
{
    return between((uint64_t)memory.others * memory.slice, REST_LEAST, ROUND_MOST);
}

/* Nobody can wake a thread that rests: so where it would be for long, it is no rest. */
static bool rests_are_short(void)
{
    if (memory.alone)
        return !crowded();
    return memory.trial ? a_round() < ROUND_MOST : !memory.sleeps && (!crowded() || a_round() < ROUND_MOST);
}

static uint32_t slice(void)
{
    if (memory.trial)
        return oncpu_trial_slice(memory.others);
    return crowded() ? between((uint64_t)memory.turn * CROWD_SLICE_TURNS, CROWD_SLICE_LEAST, CROWD_SLICE_MOST)
                     : between((uint64_t)memory.turn * SLICE_TURNS, SLICE_LEAST, SLICE_MOST);
}

/* The first rest of a wait, or the next one, after one that took so long. */
static uint32_t next_rest(uint32_t rest)
{
    if (memory.trial)
        return oncpu_trial_rest(memory.trial, memory.others);
    if (memory.others >= CROWD && may_poll())
        return a_round();
    return crowded() ? a_round() / 2 : between((uint64_t)rest * 2u, REST_LEAST, REST_MOST);
}

/* Counts this thread, and the others. */
static void look_around(uint64_t now)
{
    const uint32_t *at = memory.trial ? memory.hot + 3 : memory.hot; /* who rests on trial is no crowd after it */

    memory.others = oncpu_crowd_others(at, now);
    oncpu_crowd_enter(at, now);
    memory.slice = slice();
}

static bool comes_seldom(uint64_t now)
{
    return now - memory.got > at_least(JOIN_GAP, (uint64_t)memory.slice * JOIN_SLICES);
}

/*
 * Whether a thread that does not rest does it this once: in a crowd, who spins instead has the lock nearly always. But not one that
 * comes seldom, nor one that has found resting to be wrong.
 */
static bool joins(const uint32_t *word, uint64_t now)
{
    if (memory.hinted != word || memory.hints < 0 || comes_seldom(now))
        return false;
    memory.others = oncpu_crowd_others(word, now);
    if (!crowded())
        return false;
    memory.hot = word;
    memory.rests = 1;
    return true;
}

/* Whether the lock is left alone in this wait, saturated or not; for a trial's sake by those whose last wait, a moment ago, was a hint. */
static bool is_left_alone(const uint32_t *word, uint64_t now)
{
    bool finds_it_saturated = memory.hinted == word && !comes_seldom(now);

    memory.alone = oncpu_interrupts_on(word, now);
    memory.trial = finds_it_saturated && !memory.alone ? oncpu_trial_of(word, now) : ONCPU_NOT_TRIED;
    if (!memory.alone && !memory.trial)
        return false;
    if (memory.hot != word)
        memory.rests = 0;
    memory.hot = word;
    return true;
}

/* The last of RESTS shows whether the lock is still saturated: unless there is a crowd, that wait begins with spinning. */
static bool begins_resting(const uint32_t *word, uint64_t now)
{
    if (is_left_alone(word, now))
        return true;
    if (memory.rests && memory.hot == word) {
        if (--memory.rests)
            return true;
        memory.hold_off /= HOLD_OFF_FADES;
    }
    return joins(word, now);
}

bool oncpu_policy_has_seats(void)
{
    return many_cores();
}

bool oncpu_policy_is_busy(const uint32_t *word)
{
    return memory.hinted == word;
}

uint32_t oncpu_policy_first(const uint32_t *word, uint64_t now)
{
    oncpu_surplus_begin();
    oncpu_interrupts_wait(now);
    if (memory.yields) {
        memory.yields = false;
        oncpu_leave_cpu();
    }
    if (!begins_resting(word, now))
        return 0;
    look_around(now);
    if (rests_are_short())
        return next_rest(0);
    if (memory.alone || memory.trial)
        return ONCPU_AT_ONCE;
    if (!memory.sleeps && memory.turn < SPIN_TURN)
        memory.rests = 0;
    return memory.rests ? ONCPU_AT_ONCE : 0;
}

static void end_resting(void)
{
    memory.rests = 0;
    memory.found_free = 0;
    memory.hold_off = between((uint64_t)memory.hold_off * 4u, HOLD_OFF_LEAST, HOLD_OFF_MOST);
    memory.hints = -(int32_t)memory.hold_off;
}

/* While a thread rests the others show what a turn takes when nobody disturbs; unless nobody is there. */
void oncpu_policy_rested(const struct oncpu_rest *rest)
{
    bool idle = rest->free && rest->turns == 0;
    uint64_t turn = rest->ns / (rest->turns + 1u);

    if (oncpu_surplus_is()) {
        oncpu_surplus_rested(rest);
        return;
    }
    if (rest->ns < REST_LEAST)
        return; /* a signal ended it */
    if (!idle)
        memory.turn = between(turn, 0, UINT32_MAX);
    look_around(rest->now);
    if (memory.trial && !idle)
        oncpu_trial_rested(memory.hot, turn, rest->now - rest->ns, rest->now);
    if (memory.trial && turn > LONG_TURN)
        memory.hinted = NULL; /* it is not saturated, or not any more */
    if (memory.alone || memory.trial)
        return; /* that it is free says nothing */
    memory.found_free += rest->free ? FREE_WEIGHT : memory.found_free > 0 ? -1 : 0;
    if (idle || turn < ENDS_TURN || memory.found_free >= FREE_ENOUGH)
        end_resting();
}

uint32_t oncpu_policy_next_rest(uint32_t rest, uint64_t waited)
{
    if (oncpu_surplus_is())
        return waited > REST_BOUND ? 0 : oncpu_surplus_next_rest(rest + waited);
    if (!is_resting() || !rests_are_short() || waited > at_least(REST_BOUND, (uint64_t)ROUNDS_BOUND * a_round()))
        return 0;
    return next_rest(rest);
}

bool oncpu_policy_spins_again(uint64_t waited)
{
    return !is_resting() || waited > STARVED_AFTER;
}

void oncpu_policy_got(uint64_t now)
{
    memory.got = now;
}

bool oncpu_policy_hands_over(const uint32_t *word)
{
    bool slices = memory.alone || memory.trial || (memory.rests && !memory.sleeps);

    return !slices || memory.hot != word || oncpu_now_ns() - memory.got > memory.slice;
}

static bool saturated(int32_t *hints, bool hint, int32_t weight, int32_t enough)
{
    *hints += hint ? weight : *hints > 0 ? -2 : 0;
    if (*hints < enough)
        return false;
    *hints = 0;
    return true;
}

/* Called by the new owner, so everything here makes the section longer: no division, but once in many waits. */
void oncpu_policy_note(const struct oncpu_wait *wait)
{
    uint64_t waited = wait->end - wait->begin;
    uint64_t turns = wait->turns + 1u;
    uint64_t share = wait->rested ? RESTED_SHARE : wait->handed ? HANDED_SHARE : SATURATED_SHARE;
    bool fast = memory.first_look > FIRST_LOOK; /* looks are far apart, and it may have been free in between */
    uint64_t since = wait->end - memory.left;
    bool hint = !wait->taken || waited * 1024 > since * share;

    if (memory.hints > 0 && since - waited > PAUSE)
        memory.hints /= PAUSE_FADES;
    if (oncpu_surplus_is() || memory.alone || memory.trial) {
        memory.left = wait->end;
        memory.hinted = oncpu_surplus_is() ? wait->word : memory.alone || !hint ? NULL : memory.hinted;
        return; /* ... which is all that there is to know */
    }
    if (!wait->taken && wait->lost <= LOSING_TURNS)
        return; /* it went to sleep for one owner's sake */
    memory.left = wait->end;
    memory.hinted = hint ? wait->word : NULL;
    if (memory.rests == 0) {
        memory.sleeps = waited > turns * SLEEP_TURN;
        memory.returns = (since - waited) * turns * 2u <= waited * 3u; /* half a turn outside, at most */
    }
    if (!many_cores() && wait->can_claim && !wait->rested)
        oncpu_trial_note(wait->word, hint, wait->turns, waited, wait->end);
    if (waited < turns * LONG_TURN) {
        memory.yields = saturated(&memory.short_hints, hint && !fast, 1, SHORT_WAITS);
    } else if (saturated(&memory.hints, hint && (memory.returns || !many_cores()), waited > LONG_WAIT ? LONG_WEIGHT : 1,
                         LONG_WAITS)) {
        memory.rests = memory.sleeps ? SLEEPS : RESTS;
        memory.hot = wait->word;
        memory.turn = between(waited / turns, 0, UINT32_MAX); /* until a rest says it better */
    }
}

bool oncpu_policy_claims(uint64_t waited, bool sleepers)
{
    uint64_t after = oncpu_hand_off_ns ? oncpu_hand_off_ns : many_cores() ? CLAIM_MANY : CLAIM_AFTER;

    if (after == UINT32_MAX)
        return false;
    return waited > (sleepers && after < STARVED_AFTER ? STARVED_AFTER : after);
}

void oncpu_policy_begin(struct oncpu_policy *policy, const struct oncpu_lock *lock, uint64_t now, uint64_t rested)
{
    uint32_t apart = rested ? 0 : oncpu_batch_first(lock->word, now);

    *policy = (struct oncpu_policy){
        .distance = (uint32_t)at_least(at_least(FIRST_LOOK, memory.first_look), apart),
        .apart = apart > 0,
        .ceiling = CEILING,
        .begin = now,
        .looked = now,
        .late_least = ONCPU_INTERRUPT_MOST,
        .owner_since = now,
        .rested = rested > 0,
        .waited = rested,
        .turns = __atomic_load_n(lock->turns, __ATOMIC_RELAXED),
    };
    policy->first_turns = policy->turns;
    memory.first_look -= memory.first_look / 4; /* unless it is crowded again: looking seldom makes it look so */
}

/* A distance that follows the lock: each look takes the line from the owner, so look seldom where it turns over fast. */
static void set_distance(struct oncpu_policy *policy, uint32_t turns, uint64_t now)
{
    uint64_t elapsed = now - policy->looked;
    uint64_t spun = now - policy->begin;

    if (turns >= 2 && elapsed < (uint64_t)turns * CROWDED_TURN) {
        policy->ceiling = CROWDED_CEILING;
        policy->distance = policy->distance < CROWDED_FIRST ? CROWDED_FIRST : policy->distance;
        if (!policy->apart) /* that is no distance that the lock has shown to be right */
            memory.first_look = policy->distance;
    }
    policy->distance = policy->distance * 2 > policy->ceiling ? policy->ceiling : policy->distance * 2;
    if (spun < CROWDED_CEILING && spun + policy->distance > CROWDED_CEILING)
        policy->distance = CROWDED_CEILING - (uint32_t)spun; /* it should have claimed the lock by then */
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

/* Whether the owner has released the lock, and taken it again, when it must have seen the claim. */
static bool refused(const struct oncpu_policy *policy, uint64_t now)
{
    uint32_t turned = (policy->turns - policy->first_turns) % ONCPU_TURN_COUNTS;
    uint64_t stands = oncpu_surplus_is() ? STANDS_AFTER : at_least(STANDS_AFTER, (uint64_t)ROUNDS_STAND * a_round());

    if (policy->waited + (now - policy->begin) > stands)
        return false;
    return turned > CLAIM_TURNS || (turned && now - policy->begin > CLAIM_NS);
}

/*
 * Whether this look comes late, by an interrupt. By how much all of them do is what it takes to look; and what a long distance makes
 * of it is not known as exactly.
 */
static bool is_late(struct oncpu_policy *policy, uint64_t now)
{
    int64_t late = (int64_t)(now - policy->looked - policy->distance);

    if (now == policy->begin || policy->distance > CEILING || late > ONCPU_INTERRUPT_MOST)
        return false;
    if (late < policy->late_least)
        policy->late_least = late > 0 ? late : 0;
    return late > ONCPU_INTERRUPT_LEAST + 2 * policy->late_least;
}

enum oncpu_verdict oncpu_policy_look(struct oncpu_policy *policy, const struct oncpu_lock *lock, uint64_t now)
{
    uint32_t turns = __atomic_load_n(lock->turns, __ATOMIC_RELAXED);
    uint32_t owner = __atomic_load_n(lock->owner, __ATOMIC_RELAXED);
    uint32_t turned = (turns - policy->turns) % ONCPU_TURN_COUNTS;
    uint32_t state = ONCPU_STATE_UNKNOWN;

    if (is_late(policy, now))
        oncpu_interrupted(lock->word, now);
    if (now != policy->begin)
        set_distance(policy, turned, now);
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
    if (state != ONCPU_STATE_RUNNING && oncpu_lock_was_taken_here(turns, owner))
        return ONCPU_OWNER_OFF_CPU;
    if (policy->rested && refused(policy, now))
        return ONCPU_REFUSED;
    if (now - policy->owner_since > oncpu_policy_bound(state))
        return ONCPU_ENOUGH;
    if (now - policy->begin > (policy->rested ? at_least(SLICE_MOST, memory.slice) : LOSING_AFTER) &&
        policy->lost > LOSING_TURNS)
        return ONCPU_ENOUGH;
    return ONCPU_GO_ON;
}
