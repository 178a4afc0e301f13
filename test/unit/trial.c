/* SPDX-License-Identifier: MIT */
/*
 * A saturated lock is left alone by all for a while, on trial; and for longer only if its turns take half as long then. A made-up
 * clock.
 */
#include "lock/trial.h"

#include "lock/policy.h"
#include "random.h"
#include "state/state.h"
#include "unit.h"

#include <pthread.h>

enum {
    UNIT_NS = 1 << 20,
    TRIAL = 2,
    GOOD = 16,
    BAD = 256,
    COUNTS = 0x10000,
    MANY = 200000,
    TURN_NS = 100,
    WAIT_TURNS = 20
};
#define NOW ((uint64_t)UNIT_NS * 65536 * 7) /* units begin anew there */

static uint32_t locks[4096];
static const uint32_t *word = &locks[0];
static uint64_t now = NOW;
static uint32_t count = COUNTS - 100; /* of turns, the same */

static void wait_once(bool hint)
{
    now += (uint64_t)WAIT_TURNS * TURN_NS;
    count = (count + WAIT_TURNS) % COUNTS;
    oncpu_trial_note(word, hint, count, now);
}

/* How many waits that are hints it takes. */
static unsigned until_trial(void)
{
    unsigned waits = 0;

    while (!oncpu_trial_on(word, now) && waits < MANY) {
        wait_once(true);
        waits++;
    }
    return waits;
}

Test(trial, of_a_saturated_lock_begins_after_some_waits_and_ends)
{
    unsigned waits = until_trial();

    cr_assert_gt(waits, 32);
    cr_assert_lt(waits, 128);
    cr_assert(oncpu_trial_on(word, now + UNIT_NS));
    cr_assert_not(oncpu_trial_on(word, now + (uint64_t)TRIAL * UNIT_NS));
}

Test(trial, of_one_that_is_not_saturated_never_begins)
{
    for (int i = 0; i < MANY; i++) {
        wait_once(i % 3 != 0);
        cr_assert_not(oncpu_trial_on(word, now));
    }
}

Test(trial, nor_of_several_in_turn)
{
    for (int i = 0; i < MANY; i++) {
        word = &locks[i / 2 % 2];
        wait_once(true);
        cr_assert_not(oncpu_trial_on(word, now));
    }
}

Test(trial, where_turns_take_half_as_long_it_goes_on)
{
    until_trial();
    oncpu_trial_rested(word, TURN_NS / 2, now);
    cr_assert(oncpu_trial_on(word, now + (uint64_t)(GOOD - 1) * UNIT_NS));
    cr_assert_not(oncpu_trial_on(word, now + (uint64_t)GOOD * UNIT_NS));
    now += (uint64_t)(GOOD / 2) * UNIT_NS;
    oncpu_trial_rested(word, TURN_NS / 2, now);
    cr_assert_not(oncpu_trial_on(word, now + (uint64_t)(GOOD / 2) * UNIT_NS),
                  "it is not that which makes it go on and on");
    now += (uint64_t)GOOD * UNIT_NS;
    cr_assert_lt(until_trial(), 128, "it is found out anew, and at once");
}

Test(trial, where_they_do_not_it_ends_and_there_is_none_for_long)
{
    uint64_t began;

    until_trial();
    oncpu_trial_rested(word, TURN_NS / 2 + TURN_NS / 4, now);
    began = now;
    now += (uint64_t)TRIAL * UNIT_NS;
    cr_assert_not(oncpu_trial_on(word, now));
    oncpu_trial_rested(word, 1, now);
    cr_assert_not(oncpu_trial_on(word, now), "too late");
    until_trial();
    cr_assert_geq(now - began, (uint64_t)BAD * UNIT_NS);
    cr_assert_lt(now - began, (uint64_t)(BAD + 10) * UNIT_NS);
}

/* As between two bursts: the pause is none of the lock's pace. */
Test(trial, a_pause_is_not_counted)
{
    for (int i = 0; i < 30; i++)
        wait_once(true);
    now += 1000000000;
    wait_once(false);
    until_trial();
    oncpu_trial_rested(word, TURN_NS / 2 + TURN_NS / 4, now);
    cr_assert_not(oncpu_trial_on(word, now + (uint64_t)TRIAL * UNIT_NS));
}

/* More turns than are counted would look like few. */
Test(trial, waits_with_very_many_turns_are_none)
{
    for (int i = 0; i < 1000; i++) {
        now += 200000;
        count = (count + 1500) % COUNTS;
        oncpu_trial_note(word, true, count, now);
        cr_assert_not(oncpu_trial_on(word, now));
    }
    cr_assert_lt(until_trial(), 128);
}

static void *finds_out(void *unused)
{
    until_trial();
    return unused;
}

Test(trial, all_do_what_one_has_begun_and_with_that_lock_alone)
{
    pthread_t thread;
    unsigned taken_for_it = 0;

    cr_assert_eq(pthread_create(&thread, NULL, finds_out, NULL), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert(oncpu_trial_on(word, now));
    for (size_t i = 1; i < sizeof(locks) / sizeof(locks[0]); i++)
        taken_for_it += oncpu_trial_on(&locks[i], now);
    cr_assert_leq(taken_for_it, 1);
}

/* Whatever it reads: it comes to an end. */
Test(trial, garbage_does_no_harm)
{
    uint64_t seed = 1;

    for (int i = 0; i < 1000000; i++) {
        word = &locks[test_random(&seed) % 4];
        oncpu_trial_note(word, test_random(&seed) % 8, (uint32_t)test_random(&seed), test_random(&seed));
        oncpu_trial_rested(word, test_random(&seed) % 1000, test_random(&seed));
        oncpu_trial_on(word, test_random(&seed));
    }
    word = &locks[100];
    now = NOW;
    cr_assert_lt(until_trial(), 128);
    cr_assert_not(oncpu_trial_on(word, now + (uint64_t)TRIAL * UNIT_NS));
}

/* ---- what comes of it in the policy ---- */

/* A wait for a lock that is held whenever this thread comes, with turns of so many ns. */
static void saturated_wait(uint64_t turn)
{
    uint64_t begin = now;

    now += WAIT_TURNS * turn;
    count = (count + WAIT_TURNS) % COUNTS;
    oncpu_policy_note(&(struct oncpu_wait){
        .word = word, .begin = begin, .end = now, .turns = WAIT_TURNS, .count = count, .taken = true});
}

static unsigned saturated_waits(uint64_t turn)
{
    unsigned waits = 0;

    while (oncpu_policy_first(word, now) == 0 && waits < 1000) {
        saturated_wait(turn);
        waits++;
    }
    return waits;
}

static void rested(uint64_t turn, bool is_free)
{
    oncpu_policy_rested(&(struct oncpu_rest){.now = now, .ns = 100 * turn, .turns = 99, .free = is_free});
}

Test(trial_policy, all_who_wait_rest_though_turns_are_short)
{
    oncpu_state_cpus = 2; /* whatever this machine has */
    cr_assert_lt(saturated_waits(TURN_NS), 128);
    for (int i = 0; i < 10; i++) {
        uint32_t rest = oncpu_policy_first(word, now);

        cr_assert(rest > 0 && rest < ONCPU_AT_ONCE);
        oncpu_policy_got(oncpu_now_ns());
        cr_assert_not(oncpu_policy_hands_over(word), "and who has it keeps it for a slice");
        cr_assert(oncpu_policy_hands_over(&locks[1]));
        cr_assert_not(oncpu_policy_spins_again(1000));
        cr_assert_gt(oncpu_policy_next_rest(rest, 100000), 0);
        cr_assert_eq(oncpu_policy_next_rest(rest, 10000000), 0, "not for ever");
        rested(TURN_NS + 1, true);
    }
    now += (uint64_t)TRIAL * UNIT_NS;
    cr_assert_eq(oncpu_policy_first(word, now), 0, "that was no faster");
    cr_assert(oncpu_policy_hands_over(word));
    cr_assert(oncpu_policy_spins_again(1000));
}

Test(trial_policy, and_go_on_if_that_is_faster)
{
    oncpu_state_cpus = 2;
    saturated_waits(TURN_NS);
    rested(150, false); /* 100 rests of this length are 15 us: a rest */
    cr_assert_not(oncpu_trial_on(word, now + (uint64_t)TRIAL * UNIT_NS));
    oncpu_policy_rested(&(struct oncpu_rest){.now = now, .ns = 100000, .turns = 100000 / 40, .free = true});
    now += (uint64_t)TRIAL * UNIT_NS;
    cr_assert_gt(oncpu_policy_first(word, now), 0);
    cr_assert_eq(oncpu_policy_first(word, now + (uint64_t)GOOD * UNIT_NS), 0);
}

/* Where nobody had it meanwhile nobody needs it. */
Test(trial_policy, an_idle_lock_is_not_a_fast_one)
{
    oncpu_state_cpus = 2;
    saturated_waits(TURN_NS);
    oncpu_policy_rested(&(struct oncpu_rest){.now = now, .ns = 100000, .turns = 0, .free = true});
    cr_assert_not(oncpu_trial_on(word, now + (uint64_t)TRIAL * UNIT_NS));
}
