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

enum { WAIT_NS = 16000, LATE_NS = 8000, PERIOD_NS = 1 << 24, MANY = 10000 };
#define NOW ((uint64_t)PERIOD_NS * 7358) /* a period begins */

static uint32_t locks[4096];
static const uint32_t *word = &locks[0];

static void wait_interrupted(uint64_t now)
{
    oncpu_interrupts_wait(now);
    oncpu_interrupted(word, now);
    oncpu_interrupts_spun(WAIT_NS);
}

/* How many waits, each with an interrupt, it takes. */
static unsigned until_on(uint64_t now)
{
    unsigned waits = 0;

    while (!oncpu_interrupts_on(word, now) && waits < MANY) {
        wait_interrupted(now + waits * WAIT_NS);
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

/* Never on while each interrupt is followed by so many waits, of which so much is spinning, and so much passes before the next. */
static void not_on(unsigned waits, uint64_t spun, uint64_t away)
{
    uint64_t now = NOW;

    for (int i = 0; i < MANY; i++) {
        oncpu_interrupted(word, now);
        for (unsigned wait = 0; wait < waits; wait++) {
            oncpu_interrupts_spun(spun);
            now += spun + away;
            oncpu_interrupts_wait(now);
        }
        cr_assert_not(oncpu_interrupts_on(word, now));
    }
}

Test(interrupts, of_one_wait_in_five_are_not)
{
    not_on(5, WAIT_NS, 0);
}

/* Devices, clocks and hypervisors have their turn as often as ever, however long one waits. */
Test(interrupts, of_each_wait_are_not_where_waits_are_long)
{
    not_on(1, 150000, 0);
}

Test(interrupts, nor_where_they_are_rare)
{
    not_on(1, 0, 1000000);
    not_on(1, 0, 100000000);
}

/* As without thread states, where a wait is short. */
Test(interrupts, nor_in_one_of_a_hundred_short_waits)
{
    not_on(100, 1000, 0);
}

/* A thread that was off its CPU for long meanwhile goes on where it was, nearly. */
Test(interrupts, are_remembered_for_a_while)
{
    unsigned waits = 0;

    while (!oncpu_interrupts_on(word, NOW) && waits < MANY) {
        wait_interrupted(NOW + waits * WAIT_NS);
        if (++waits == 8)
            oncpu_interrupts_wait(NOW + 10000000);
    }
    cr_assert_lt(waits, 20);
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
    cr_assert_not(oncpu_interrupts_on(word, NOW + UINT64_C(259) * PERIOD_NS));
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

/* Waits of three looks, each by so much later than it should be, and the last one by `late` more. */
static void spin_late(unsigned waits, uint32_t first, uint64_t always, uint64_t late)
{
    for (unsigned wait = 0; wait < waits; wait++) {
        struct oncpu_policy policy;
        uint64_t now = NOW + wait * (uint64_t)WAIT_NS % PERIOD_NS;

        oncpu_policy_begin(&policy, &lock, now, 0);
        policy.distance += first;
        oncpu_policy_look(&policy, &lock, now);
        for (int look = 0; look < 2; look++) {
            now += policy.distance + always + (look ? late : 0);
            oncpu_policy_look(&policy, &lock, now);
        }
    }
}

Test(interrupts_policy, a_look_that_is_late_by_microseconds_is_one)
{
    spin_late(MANY, 0, 0, 1500);
    cr_assert_not(oncpu_interrupts_on(word, NOW));
    cr_assert_eq(oncpu_policy_first(word, NOW), 0, "it spins");
    spin_late(20, 0, 0, LATE_NS);
    cr_assert(oncpu_interrupts_on(word, NOW));
}

Test(interrupts_policy, a_clock_that_is_slow_is_none)
{
    spin_late(MANY, 0, LATE_NS, 0);
    cr_assert_not(oncpu_interrupts_on(word, NOW));
    spin_late(20, 0, LATE_NS, 4 * LATE_NS);
    cr_assert(oncpu_interrupts_on(word, NOW), "but interrupts there are some");
}

Test(interrupts_policy, nor_is_a_thread_that_was_off_its_cpu)
{
    spin_late(MANY, 0, 0, 100000);
    cr_assert_not(oncpu_interrupts_on(word, NOW));
}

Test(interrupts_policy, nor_a_clock_that_goes_backwards)
{
    spin_late(MANY, 0, 0, (uint64_t)0 - 1000);
    cr_assert_not(oncpu_interrupts_on(word, NOW));
}

/* A CPU that is slower than it was when the loop was calibrated. */
Test(interrupts_policy, nor_a_long_distance_that_became_longer)
{
    spin_late(MANY, 1500, 0, LATE_NS);
    cr_assert_not(oncpu_interrupts_on(word, NOW));
}

Test(interrupts_policy, who_waits_forgets_them)
{
    for (int i = 0; i < MANY; i++) {
        spin_late(1, 0, 0, LATE_NS);
        oncpu_policy_first(word, NOW + (uint64_t)i * 1000000 % PERIOD_NS);
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
        cr_assert_not(oncpu_policy_spins_again(100000));
    }
    cr_assert_eq(oncpu_policy_first(word, NOW + PERIOD_NS), 0, "it tries again");
}

/* As it has the lock to itself then, it keeps it for a slice. */
Test(interrupts_policy, an_owner_hands_it_over_after_its_slice)
{
    oncpu_policy_got(oncpu_now_ns() + 1000000000);
    cr_assert(oncpu_policy_hands_over(word));
    until_on(NOW);
    oncpu_policy_first(word, NOW);
    oncpu_policy_got(oncpu_now_ns());
    cr_assert_not(oncpu_policy_hands_over(word));
    cr_assert(oncpu_policy_hands_over(&locks[0]), "another lock");
    oncpu_policy_got(oncpu_now_ns() - 1000000);
    cr_assert(oncpu_policy_hands_over(word));
}

/* What a thread learns while it leaves the lock alone is nothing for other times, or other locks. */
Test(interrupts_policy, nothing_is_left_of_it_when_it_is_over)
{
    until_on(NOW);
    for (int i = 0; i < 1000; i++) {
        uint32_t rest = oncpu_policy_first(word, NOW);

        oncpu_policy_rested(&(struct oncpu_rest){.now = NOW, .ns = rest + 50000, .turns = 10, .free = true});
        oncpu_policy_note(&(struct oncpu_wait){
            .word = word, .begin = NOW, .end = NOW + 100000, .turns = 10, .lost = 10, .rested = true, .taken = true});
    }
    cr_assert_gt(oncpu_policy_glances(&locks[0]), 0);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(oncpu_policy_first(i % 2 ? word : &locks[0], NOW + PERIOD_NS), 0);
    cr_assert(oncpu_policy_spins_again(100000));
    cr_assert(oncpu_policy_hands_over(word));
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
        oncpu_interrupts_wait(test_random(&seed));
        oncpu_interrupts_spun(test_random(&seed));
        oncpu_interrupted(word, test_random(&seed));
        oncpu_interrupts_on(word, test_random(&seed));
    }
    word = &locks[100];
    cr_assert_gt(until_on(NOW), 5);
    cr_assert_not(oncpu_interrupts_on(word, NOW + PERIOD_NS));
}
