/* SPDX-License-Identifier: MIT */
/*
 * Who spins and is interrupted in wait after wait leaves the lock alone, and so do all others; a made-up clock. Interrupts as
 * rare as those of devices and clocks change nothing.
 */
#include "lock/interrupts.h"

#include "lock/crowd.h"
#include "lock/policy.h"
#include "random.h"
#include "state/state.h"
#include "unit.h"

#include <pthread.h>

enum { WAIT_NS = 16000, PERIOD_NS = 1 << 24, MANY = 10000 };
#define NOW ((uint64_t)PERIOD_NS * 7358) /* a period begins */

static uint32_t locks[4096];
static const uint32_t *word = &locks[0];

static void wait_interrupted(uint64_t now)
{
    oncpu_interrupted(word, now);
    oncpu_interrupts_fade(WAIT_NS);
}

/* How many waits, each with an interrupt, it takes. */
static unsigned until_on(uint64_t now)
{
    unsigned waits = 0;

    while (!oncpu_interrupts_on(word, now) && waits < MANY) {
        wait_interrupted(now);
        waits++;
    }
    return waits;
}

Test(interrupts, in_wait_after_wait_are_too_many)
{
    unsigned waits = until_on(NOW);

    cr_assert_gt(waits, 5);
    cr_assert_lt(waits, 20);
}

Test(interrupts, of_one_wait_in_five_are_not)
{
    for (int i = 0; i < MANY; i++) {
        if (i % 5 == 0)
            oncpu_interrupted(word, NOW);
        oncpu_interrupts_fade(WAIT_NS);
        cr_assert_not(oncpu_interrupts_on(word, NOW));
    }
}

/* Devices, clocks and hypervisors have their turn as often as ever, however long one waits. */
Test(interrupts, of_each_wait_are_not_where_waits_are_long)
{
    for (int i = 0; i < MANY; i++) {
        oncpu_interrupted(word, NOW);
        oncpu_interrupts_fade(200000);
        cr_assert_not(oncpu_interrupts_on(word, NOW));
    }
}

Test(interrupts, of_several_locks_are_no_ones)
{
    for (int i = 0; i < MANY; i++) {
        word = &locks[i % 2];
        wait_interrupted(NOW);
        cr_assert_not(oncpu_interrupts_on(word, NOW));
    }
}

Test(interrupts, are_tried_again_with_the_period_and_known_sooner_then)
{
    until_on(NOW);
    cr_assert(oncpu_interrupts_on(word, NOW + PERIOD_NS - 1));
    cr_assert_not(oncpu_interrupts_on(word, NOW + PERIOD_NS));
    unsigned again = until_on(NOW + PERIOD_NS);
    cr_assert_gt(again, 1, "one may be anything");
    cr_assert_lt(again, 5);
    cr_assert_gt(until_on(NOW + UINT64_C(3) * PERIOD_NS), 5, "as if it had never been");
}

static void *finds_out(void *unused)
{
    until_on(NOW);
    return unused;
}

Test(interrupts, what_one_thread_finds_out_others_know_of_that_lock_alone)
{
    pthread_t thread;
    unsigned taken_for_it = 0;

    cr_assert_eq(pthread_create(&thread, NULL, finds_out, NULL), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert(oncpu_interrupts_on(word, NOW));
    for (size_t i = 1; i < sizeof(locks) / sizeof(locks[0]); i++)
        taken_for_it += oncpu_interrupts_on(&locks[i], NOW);
    cr_assert_leq(taken_for_it, 1);
}

/* ---- what comes of it in the policy ---- */

enum { OWNER = 3000001, OTHERS = 8 };

static struct {
    uint32_t word;
    uint32_t owner;
    uint32_t turns;
    uint32_t claim;
} fields = {1, OWNER, 1, 0};
static const struct oncpu_lock lock = {&fields.word, &fields.owner, &fields.turns, &fields.claim, NULL};

static void init(void)
{
    oncpu_state_cpus = 2; /* whatever this machine has */
    word = &fields.word;
}

TestSuite(interrupts_policy, .init = init);

/* A wait of two looks, the second so much later than it should be. */
static void spin_late(uint64_t late)
{
    struct oncpu_policy policy;

    oncpu_policy_begin(&policy, &lock, NOW, 0);
    oncpu_policy_look(&policy, &lock, NOW);
    oncpu_policy_look(&policy, &lock, NOW + policy.distance + late);
}

Test(interrupts_policy, a_look_that_is_late_by_microseconds_is_one)
{
    for (int i = 0; i < MANY; i++)
        spin_late(ONCPU_INTERRUPT_NS);
    cr_assert_not(oncpu_interrupts_on(word, NOW));
    cr_assert_eq(oncpu_policy_first(word, NOW), 0, "it spins");
    for (int i = 0; i < 20; i++)
        spin_late(ONCPU_INTERRUPT_NS + 1);
    cr_assert(oncpu_interrupts_on(word, NOW));
}

Test(interrupts_policy, waits_take_their_weight_away)
{
    for (int i = 0; i < MANY; i++) {
        spin_late(2 * ONCPU_INTERRUPT_NS);
        for (int wait = 0; wait < 5; wait++)
            oncpu_policy_note(&(struct oncpu_wait){.word = word, .begin = NOW, .end = NOW + 10000, .taken = true});
    }
    cr_assert_not(oncpu_interrupts_on(word, NOW));
}

/* For two threads a rest is better: nobody need wake who rests. */
Test(interrupts_policy, with_another_thread_one_rests_though_the_lock_is_found_free)
{
    until_on(NOW);
    for (int i = 0; i < 100; i++) {
        uint32_t rest = oncpu_policy_first(word, NOW);

        cr_assert(rest > 0 && rest < ONCPU_AT_ONCE, "wait %d", i);
        oncpu_policy_got(NOW);
        oncpu_policy_rested(&(struct oncpu_rest){.now = NOW, .ns = rest + 50000, .turns = 10, .free = true});
        cr_assert(oncpu_policy_next_rest(rest, 100000) > 0);
    }
    cr_assert_eq(oncpu_policy_first(word, NOW + PERIOD_NS), 0, "it tries again");
}

static void *enters(void *unused)
{
    oncpu_crowd_enter(word, NOW);
    return unused;
}

static void several_sleep_at_once(void)
{
    pthread_t thread;

    until_on(NOW);
    for (int i = 0; i < OTHERS; i++) {
        cr_assert_eq(pthread_create(&thread, NULL, enters, NULL), 0);
        cr_assert_eq(pthread_join(thread, NULL), 0);
    }
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(oncpu_policy_first(word, NOW), ONCPU_AT_ONCE);
        cr_assert_not(oncpu_policy_spins_again(100000));
    }
    cr_assert_eq(oncpu_policy_first(word, NOW + PERIOD_NS), 0);
}

Test(interrupts_policy, with_several_one_sleeps_at_once)
{
    several_sleep_at_once();
}

Test(interrupts_policy, and_where_there_are_more_cpus_than_threads)
{
    oncpu_state_cpus = 64;
    several_sleep_at_once();
}

/* Whatever it reads: it comes to an end. */
Test(interrupts, garbage_does_no_harm)
{
    uint64_t seed = 1;

    for (int i = 0; i < 1000000; i++) {
        word = &locks[test_random(&seed) % 4];
        oncpu_interrupted(word, test_random(&seed));
        oncpu_interrupts_fade(test_random(&seed));
        oncpu_interrupts_on(word, test_random(&seed));
    }
    word = &locks[100];
    cr_assert_gt(until_on(NOW), 5);
    cr_assert_not(oncpu_interrupts_on(word, NOW + PERIOD_NS));
}
