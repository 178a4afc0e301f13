/* SPDX-License-Identifier: MIT */
/*
 * A saturated lock is left alone by all for a while, on trial; and for longer only if its turns take much less time then. A made-up
 * clock.
 */
#include "lock/trial.h"

#include "lock/batch.h"
#include "lock/policy.h"
#include "random.h"
#include "state/state.h"
#include "unit.h"

#include <pthread.h>

enum {
    UNIT_NS = 1 << 20,
    TRIAL = 4,
    GOOD = 16,
    BAD = 64,
    LONGEST = 16 * BAD,
    WAITS_LEAST = 64,
    WAITS_MOST = 256,
    PERIOD_NS = 1 << 22, /* in which a crowd is counted */
    MANY = 100000,
    TURN_NS = 100,
    FASTER = 57, /* four sevenths of it */
    WAIT_TURNS = 20,
    WAIT_NS = WAIT_TURNS * TURN_NS
};
#define NOW ((uint64_t)UNIT_NS * (UINT64_C(1) << 32) - 10000) /* where units begin anew */

static uint32_t locks[4096];
static const uint32_t *word = &locks[0];
static uint64_t now = NOW;

static bool is_on(uint64_t then)
{
    return oncpu_trial_of(word, then) != ONCPU_NOT_TRIED;
}

/* If one of the waits is to show how fast batches are, it shows that they are of no use. */
static void probe(void)
{
    if (oncpu_batch_on(word))
        oncpu_batch_seen(word, 2 * ONCPU_BATCH_NS / TURN_NS, 2 * ONCPU_BATCH_NS, now);
}

/* Another thread that finds the lock saturated, but never begins a trial: it does not find out how fast batches are. */
static void *other(void *unused)
{
    for (int i = 0; i < WAITS_MOST; i++)
        oncpu_trial_note(word, true, WAIT_TURNS - 1, WAIT_NS, now);
    return unused;
}

static unsigned others = 2;

/* Once in each period. */
static void others_wait(void)
{
    static const uint32_t *last;
    static uint64_t period;

    if (last == word && period == now / PERIOD_NS)
        return;
    last = word;
    period = now / PERIOD_NS;
    for (unsigned i = 0; i < others; i++) {
        pthread_t thread;

        cr_assert_eq(pthread_create(&thread, NULL, other, NULL), 0);
        cr_assert_eq(pthread_join(thread, NULL), 0);
    }
}

static void wait_once(bool hint)
{
    others_wait();
    now += WAIT_NS;
    oncpu_trial_note(word, hint, WAIT_TURNS - 1, WAIT_NS, now);
    probe();
}

/* How many waits that are hints it takes. */
static unsigned until_trial(void)
{
    unsigned waits = 0;

    while (!is_on(now) && waits < 10 * MANY) {
        wait_once(true);
        waits++;
    }
    return waits;
}

static void rested_once(uint64_t turn)
{
    uint64_t begin = now;

    now += 300000;
    oncpu_trial_rested(word, turn, begin, now);
}

static void rested_twice(uint64_t turn)
{
    rested_once(turn);
    rested_once(turn);
}

Test(trial, of_a_saturated_lock_begins_after_some_waits_and_ends)
{
    unsigned waits = until_trial();

    cr_assert_gt(waits, WAITS_LEAST);
    cr_assert_lt(waits, WAITS_MOST);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_ON_TRIAL);
    cr_assert(is_on(now + (uint64_t)(TRIAL - 1) * UNIT_NS));
    cr_assert_not(is_on(now + (uint64_t)TRIAL * UNIT_NS));
}

Test(trial, of_one_that_is_not_saturated_never_begins)
{
    for (int i = 0; i < MANY; i++) {
        wait_once(i % 3 != 0);
        cr_assert_not(is_on(now));
    }
}

Test(trial, nor_of_several_in_turn)
{
    for (int i = 0; i < MANY / 20; i++) {
        word = &locks[i / 2 % 2];
        wait_once(true);
        cr_assert_not(is_on(now));
    }
}

Test(trial, nor_where_turns_are_long)
{
    for (int i = 0; i < MANY; i++) {
        others_wait();
        now += WAIT_NS;
        oncpu_trial_note(word, true, 0, WAIT_NS, now);
        if (oncpu_batch_on(word))
            oncpu_batch_seen(word, 1, WAIT_NS, now);
        cr_assert_not(is_on(now));
    }
}

Test(trial, where_turns_take_much_less_time_it_goes_on)
{
    until_trial();
    rested_twice(FASTER);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_FOUND_GOOD);
    cr_assert(is_on(now + (uint64_t)(GOOD - 1) * UNIT_NS));
    cr_assert_not(is_on(now + (uint64_t)GOOD * UNIT_NS));
    now += (uint64_t)(GOOD / 2) * UNIT_NS;
    rested_twice(FASTER);
    cr_assert_not(is_on(now + (uint64_t)(GOOD / 2) * UNIT_NS), "it is not that which makes it go on and on");
    now += (uint64_t)GOOD * UNIT_NS;
    cr_assert_lt(until_trial(), WAITS_MOST, "it is found out anew, and at once");
}

Test(trial, once_may_be_by_chance)
{
    until_trial();
    rested_once(FASTER);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_ON_TRIAL);
    oncpu_trial_rested(word, FASTER, now - 200000, now + 100000);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_ON_TRIAL, "that is the same time");
    cr_assert_not(is_on(now + (uint64_t)TRIAL * UNIT_NS));
    rested_once(FASTER + 1);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_ON_TRIAL);
    rested_once(FASTER);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_FOUND_GOOD);
}

/* Ends a trial in vain; returns for how many units there is none after it. */
static uint64_t units_until_next(void)
{
    uint64_t ended;

    rested_twice(FASTER + 1);
    now += (uint64_t)TRIAL * UNIT_NS;
    ended = now;
    cr_assert_not(is_on(now));
    rested_twice(1);
    cr_assert_not(is_on(now), "too late");
    until_trial();
    return (now - ended) / UNIT_NS;
}

Test(trial, where_they_do_not_there_is_none_for_a_while_and_longer_each_time)
{
    uint64_t last = BAD / 2;

    until_trial();
    for (int i = 0; i < 10; i++) {
        uint64_t units = units_until_next();
        uint64_t expected = last * 2 < LONGEST ? last * 2 : LONGEST;

        cr_assert(units + 2 >= expected && units <= expected + 2, "%d: %lu", i, (unsigned long)units);
        last = expected;
    }
    rested_twice(FASTER);
    now += (uint64_t)GOOD * UNIT_NS;
    until_trial();
    cr_assert_leq(units_until_next(), BAD + 2, "a success makes it short again");
}

Test(trial, seen_once_was_in_vain_too)
{
    until_trial();
    rested_once(FASTER);
    cr_assert_geq(units_until_next(), BAD - 2);
}

/* As two threads that poll, of which one would keep the lock from the other. */
Test(trial, two_threads_have_none)
{
    others = 1;
    for (int i = 0; i < MANY; i++) {
        wait_once(true);
        cr_assert_not(is_on(now));
    }
}

/* Such a crowd would not rest, but sleep. */
Test(trial, nor_have_very_many)
{
    others = 40;
    for (int i = 0; i < MANY / 20; i++) {
        wait_once(true);
        cr_assert_not(is_on(now));
    }
}

Test(trial, what_another_lock_is_like_does_not_count)
{
    const uint32_t *mine = word;

    until_trial();
    for (size_t i = 1; i < sizeof(locks) / sizeof(locks[0]); i++) {
        word = &locks[i];
        oncpu_trial_rested(word, 1, now + i, now + i);
    }
    cr_assert_eq(oncpu_trial_of(mine, now), ONCPU_ON_TRIAL);
}

/* With batches that are no better: until there is a trial, or a while has passed. */
static void waits_of(uint64_t turn)
{
    for (int i = 0; i < WAITS_MOST && !is_on(now); i++) {
        others_wait();
        now += WAIT_TURNS * turn;
        oncpu_trial_note(word, true, WAIT_TURNS - 1, WAIT_TURNS * turn, now);
        if (oncpu_batch_on(word))
            oncpu_batch_seen(word, 1, WAIT_NS, now);
    }
    cr_assert(is_on(now));
}

Test(trial, turns_may_be_of_any_length)
{
    waits_of(700);
    rested_twice(700 * 4 / 7);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_FOUND_GOOD);
}

/* What a lock was like before it was saturated. */
Test(trial, turns_of_a_lock_that_was_not_saturated_do_not_count)
{
    for (int i = 0; i < MANY; i++)
        oncpu_trial_note(word, false, 0, 700, now);
    waits_of(TURN_NS);
    rested_twice(TURN_NS - 10);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_ON_TRIAL);
}

/* As of bursts: hints do not add up over the pauses between them. */
Test(trial, a_pause_ends_a_series)
{
    for (int i = 0; i < MANY; i++) {
        wait_once(true);
        if (i % WAITS_LEAST == 0)
            now += 21000000;
        cr_assert_not(is_on(now));
    }
}

/* Some rest on when a trial is over. */
Test(trial, waits_right_after_a_trial_do_not_count)
{
    until_trial();
    now += (uint64_t)TRIAL * UNIT_NS;
    for (int i = 0; i < WAITS_LEAST; i++)
        oncpu_trial_note(word, true, 4000, 400, now);
    while (!is_on(now))
        wait_once(true);
    rested_twice(FASTER);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_FOUND_GOOD);
}

/* A thread that does not rest goes on taking turns, at the pace of those who do. */
Test(trial, waits_while_others_rest_do_not_count)
{
    until_trial();
    rested_twice(FASTER);
    for (int i = 0; i < WAITS_LEAST; i++)
        oncpu_trial_note(word, true, 4000, 400, now);
    now += (uint64_t)GOOD * UNIT_NS;
    until_trial();
    rested_twice(FASTER);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_FOUND_GOOD);
}

/* What is longer may have been a pause, or more turns than a lock counts. */
Test(trial, long_waits_do_not_make_turns_longer)
{
    while (!is_on(now)) {
        wait_once(true);
        now += 1000000;
        oncpu_trial_note(word, true, 0, 1000000, now);
        probe();
    }
    rested_twice(FASTER + 1);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_ON_TRIAL);
}

/* After a while of rests, turns are as they were only when it is over. */
Test(trial, what_came_before_a_rest_does_not_count)
{
    for (unsigned i = 0; i < WAITS_LEAST; i++)
        oncpu_trial_note(word, true, 0, WAIT_NS / 2, now);
    rested_once(10);
    cr_assert_gt(until_trial(), WAITS_LEAST);
    rested_twice(FASTER + 1);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_ON_TRIAL);
}

static unsigned without_probes(unsigned most)
{
    unsigned waits = 0;

    for (; waits < most && !is_on(now); waits++) {
        others_wait();
        now += WAIT_NS;
        oncpu_trial_note(word, true, WAIT_TURNS - 1, WAIT_NS, now);
    }
    return waits;
}

/* What waiting in batches brings is no gain of a trial. */
Test(trial, batches_are_what_it_has_to_beat)
{
    cr_assert_eq(without_probes(MANY / 10), MANY / 10, "not known yet: no trial");
    cr_assert(oncpu_batch_on(word), "one of the next waits is to show it");
    oncpu_batch_seen(word, 2 * ONCPU_BATCH_NS / 20, 2 * ONCPU_BATCH_NS, now);
    cr_assert_not(oncpu_batch_on(word), "but is no reason to wait in batches: they are compared with nothing");
    cr_assert_lt(without_probes(MANY), WAITS_MOST);
    rested_twice(FASTER);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_ON_TRIAL);
    rested_twice(11);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_FOUND_GOOD);
}

/* The machine may have been another one. */
Test(trial, what_batches_brought_once_is_not_true_for_ever)
{
    oncpu_batch_turn(word, now);
    oncpu_batch_seen(word, 2 * ONCPU_BATCH_NS / 20, 2 * ONCPU_BATCH_NS, now);
    cr_assert(oncpu_batch_turn(word, now) >= 20 && oncpu_batch_turn(word, now) <= 22);
    cr_assert_eq(oncpu_batch_turn(&locks[1], now), 0, "of another lock");
    oncpu_batch_turn(word, now);
    oncpu_batch_seen(word, 2 * ONCPU_BATCH_NS / 20, 2 * ONCPU_BATCH_NS, now);
    cr_assert_neq(oncpu_batch_turn(word, now + 30000000), 0);
    cr_assert_eq(oncpu_batch_turn(word, now + 40000000), 0);
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
    cr_assert(is_on(now));
    for (size_t i = 1; i < sizeof(locks) / sizeof(locks[0]); i++)
        taken_for_it += oncpu_trial_of(&locks[i], now) != ONCPU_NOT_TRIED;
    cr_assert_leq(taken_for_it, 1);
}

/* Of locks that share a place one after the other is tried in vain: all wait. */
Test(trial, locks_do_not_make_up_for_each_other)
{
    unsigned trials = 0;

    for (uint64_t end = now + (uint64_t)1000 * UNIT_NS; now < end; trials++) {
        word = &locks[trials % 4096];
        until_trial();
        now += (uint64_t)(TRIAL + 1) * UNIT_NS;
    }
    cr_assert_lt(trials, 64 * 5, "places times doublings");
}

Test(trial, rests_and_slices)
{
    for (uint32_t many = 0; many < 100; many++) {
        uint32_t slice = oncpu_trial_slice(many);
        uint32_t tried = oncpu_trial_rest(ONCPU_ON_TRIAL, many);
        uint32_t good = oncpu_trial_rest(ONCPU_FOUND_GOOD, many);

        cr_assert(slice >= 150000 && slice <= 400000);
        cr_assert(tried >= 300000 && tried <= (TRIAL - 1) * UNIT_NS / 2, "two of them are to be seen in a trial");
        cr_assert(good >= slice / 2 && good < 8000000);
    }
    cr_assert_eq(oncpu_trial_rest(ONCPU_FOUND_GOOD, 1), oncpu_trial_slice(1) / 2);
    cr_assert_gt(oncpu_trial_rest(ONCPU_FOUND_GOOD, 7), 3 * oncpu_trial_slice(7));
}

/* Whatever it reads: it comes to an end. */
Test(trial, garbage_does_no_harm)
{
    uint64_t seed = 1;

    for (int i = 0; i < 1000000; i++) {
        word = &locks[test_random(&seed) % 4];
        oncpu_trial_note(word, test_random(&seed) % 8, (uint32_t)test_random(&seed), test_random(&seed),
                         test_random(&seed));
        oncpu_trial_rested(word, test_random(&seed) % 1000, test_random(&seed), test_random(&seed));
        oncpu_trial_of(word, test_random(&seed));
    }
    word = &locks[100];
    now = NOW;
    cr_assert_lt(until_trial(), WAITS_MOST);
    cr_assert_not(is_on(now + (uint64_t)TRIAL * UNIT_NS));
}

/* ---- what comes of it in the policy ---- */

static bool claims = true;

static void note(uint64_t begin, bool has_rested)
{
    oncpu_policy_note(&(struct oncpu_wait){.word = word,
                                           .begin = begin,
                                           .end = now,
                                           .turns = WAIT_TURNS - 1,
                                           .rested = has_rested,
                                           .can_claim = claims,
                                           .taken = true});
    oncpu_policy_got(now);
}

/* A wait for a lock that is held when this thread comes, after a pause, with turns of so many ns. */
static void wait_for(uint64_t turn, uint64_t pause)
{
    uint64_t begin = now + pause;

    others_wait();
    now = begin + WAIT_TURNS * turn;
    note(begin, false);
    probe();
}

static unsigned saturated_waits(uint64_t turn)
{
    unsigned waits = 0;

    while (oncpu_policy_first(word, now) == 0 && waits < 1000) {
        wait_for(turn, 0);
        waits++;
    }
    return waits;
}

static void rested(uint64_t turn, bool is_free)
{
    now += 300000;
    oncpu_policy_rested(
        &(struct oncpu_rest){.now = now, .ns = 300000, .turns = (uint32_t)(300000 / turn), .free = is_free});
}

/* By the real clock: this thread may be off its CPU meanwhile. */
static bool keeps_it(void)
{
    bool kept = false;

    for (int i = 0; i < 100 && !kept; i++) {
        oncpu_policy_got(oncpu_now_ns());
        kept = !oncpu_policy_hands_over(word);
    }
    return kept;
}

Test(trial_policy, all_who_wait_rest_though_turns_are_short)
{
    oncpu_state_cpus = 2; /* whatever this machine has */
    cr_assert_lt(saturated_waits(TURN_NS), WAITS_MOST);
    for (int i = 0; i < 5; i++) {
        uint64_t begin = now;
        uint32_t rest = oncpu_policy_first(word, now);

        cr_assert(rest >= 300000 && rest < ONCPU_AT_ONCE);
        cr_assert(keeps_it(), "and who has it keeps it for a slice");
        cr_assert(oncpu_policy_hands_over(&locks[1]));
        oncpu_policy_got(now);
        cr_assert_not(oncpu_policy_spins_again(1000));
        cr_assert_eq(oncpu_policy_next_rest(rest, 100000), rest);
        cr_assert_eq(oncpu_policy_next_rest(rest, 10000000), 0, "not for ever");
        rested(TURN_NS + 1, true);
        note(begin, true);
    }
    now += (uint64_t)TRIAL * UNIT_NS;
    cr_assert_eq(oncpu_policy_first(word, now), 0, "that was no faster");
    cr_assert(oncpu_policy_hands_over(word));
    cr_assert(oncpu_policy_spins_again(1000));
}

Test(trial_policy, and_go_on_if_that_is_faster)
{
    uint64_t found;

    oncpu_state_cpus = 2;
    saturated_waits(TURN_NS);
    rested(TURN_NS / 2, false);
    rested(TURN_NS / 2, true);
    found = now;
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_FOUND_GOOD);
    for (int i = 0; i < 20; i++) {
        uint64_t begin = now;

        cr_assert_gt(oncpu_policy_first(word, now), 0);
        rested(TURN_NS / 2, false);
        note(begin, true);
    }
    cr_assert_eq(oncpu_policy_first(word, found + (uint64_t)GOOD * UNIT_NS), 0);
}

/* It would wait for a slice for the sake of those who come back at once. */
Test(trial_policy, but_not_who_comes_seldom)
{
    oncpu_state_cpus = 2;
    saturated_waits(TURN_NS);
    rested(TURN_NS / 2, false);
    rested(TURN_NS / 2, false);
    wait_for(TURN_NS, (uint64_t)100 * WAIT_NS);
    cr_assert_eq(oncpu_policy_first(word, now), 0);
    cr_assert_eq(oncpu_trial_of(word, now), ONCPU_FOUND_GOOD);
    wait_for(TURN_NS, 0);
    cr_assert_gt(oncpu_policy_first(word, now), 0, "it comes back at once now");
}

/* Where few had it meanwhile few need it: a thread does not find it saturated only as it rested itself. */
Test(trial_policy, nor_where_the_lock_was_idle_meanwhile)
{
    uint64_t begin = now;

    oncpu_state_cpus = 2;
    saturated_waits(TURN_NS);
    cr_assert_gt(oncpu_policy_first(word, now), 0);
    rested(1000, true);
    note(begin, true);
    cr_assert_neq(oncpu_trial_of(word, now), ONCPU_NOT_TRIED);
    cr_assert_eq(oncpu_policy_first(word, now), 0);
}

Test(trial_policy, nor_who_comes_after_a_pause)
{
    oncpu_state_cpus = 2;
    saturated_waits(TURN_NS);
    cr_assert_gt(oncpu_policy_first(word, now), 0);
    cr_assert_eq(oncpu_policy_first(word, now + 3000000), 0);
    cr_assert_neq(oncpu_trial_of(word, now + 3000000), ONCPU_NOT_TRIED);
}

/* That a lock is free at the end of a rest says nothing: it does not end the rests of rule 7 for long. */
Test(trial_policy, a_trial_is_no_reason_not_to_rest_later)
{
    oncpu_state_cpus = 2;
    saturated_waits(TURN_NS);
    for (int i = 0; i < 8; i++)
        rested(TURN_NS, true);
    now += (uint64_t)TRIAL * UNIT_NS;
    cr_assert_lt(saturated_waits(2000), WAITS_MOST);
}

/* There nobody can be handed the lock who rests. */
Test(trial_policy, none_of_locks_that_cannot_be_claimed)
{
    oncpu_state_cpus = 2;
    claims = false;
    for (int i = 0; i < 1000; i++) {
        wait_for(TURN_NS, 0);
        cr_assert_not(is_on(now));
    }
}

/* There the lock stays among few threads in any case (rule 8). */
Test(trial_policy, none_on_many_cores)
{
    oncpu_state_cpus = 16;
    for (int i = 0; i < 1000; i++) {
        wait_for(TURN_NS, 0);
        cr_assert_not(is_on(now));
    }
}
