/* SPDX-License-Identifier: MIT */
/*
 * Batches of turns: a lock is had in batches where that is faster, by a made-up clock, and by all threads or none.
 */
#include "lock/batch.h"

#include "lock/policy.h"
#include "random.h"
#include "state/state.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>

enum { WINDOW_NS = 10000, AT_FIRST = 4, MOST = 64, EPOCH_NS = 1 << 22, COUNTS = 0x10000 };
#define NOW ((uint64_t)EPOCH_NS * 29433) /* an epoch begins */

static uint32_t locks[4096];
static const uint32_t *lock = &locks[0];
static uint64_t now = NOW;
static uint32_t count = COUNTS - 100; /* of turns: it begins anew at COUNTS */

/* One window in which there were so many turns. */
static void window(uint32_t turns)
{
    now += WINDOW_NS;
    count = (count + turns) % COUNTS;
    oncpu_batch_window(lock, count, now);
}

/* Windows until it probes; how many that were. */
static unsigned until_probe(uint32_t turns)
{
    unsigned n = 0;

    window(0); /* it begins */
    while (!oncpu_batch_on(lock) && n < 10 * MOST) {
        window(turns);
        n++;
    }
    cr_assert_eq(oncpu_batch_first(lock, now), ONCPU_BATCH_NS);
    return n;
}

/* A probe shows a pace of so many turns in a window's time. */
static void probe(uint32_t turns)
{
    oncpu_batch_seen(lock, turns * 2 * ONCPU_BATCH_NS / WINDOW_NS, 2 * ONCPU_BATCH_NS, now);
}

Test(batch, where_it_is_faster_all_waits_leave_the_lock_alone_at_first)
{
    cr_assert_not(oncpu_batch_on(lock));
    cr_assert_eq(oncpu_batch_first(lock, now), 0);
    cr_assert_eq(until_probe(100), AT_FIRST);
    probe(200);
    for (int i = 0; i < 100; i++) {
        cr_assert(oncpu_batch_on(lock));
        cr_assert_eq(oncpu_batch_first(lock, now), ONCPU_BATCH_NS);
        window(200);
    }
}

Test(batch, where_it_is_not_they_do_not)
{
    static const uint32_t slower[] = {0, 50, 100, 120};

    for (size_t i = 0; i < sizeof(slower) / sizeof(slower[0]); i++) {
        until_probe(100);
        probe(slower[i]);
        cr_assert_not(oncpu_batch_on(lock));
        cr_assert_eq(oncpu_batch_first(lock, now), 0);
    }
}

Test(batch, it_is_tried_less_often_then_but_not_never)
{
    for (unsigned expected = AT_FIRST; expected < 4 * MOST; expected *= 2) {
        cr_assert_eq(until_probe(100), expected < MOST ? expected : MOST);
        probe(100);
    }
}

/* In others this thread, or all, had something else to do. */
Test(batch, the_fastest_window_counts)
{
    window(0);
    window(10);
    window(100);
    window(10);
    window(10);
    cr_assert(oncpu_batch_on(lock));
    probe(100);
    cr_assert_not(oncpu_batch_on(lock));
}

Test(batch, that_is_the_most_turns_for_its_time)
{
    window(0);
    window(100);
    now += WINDOW_NS / 2;
    window(120);
    window(100);
    window(100);
    probe(115);
    cr_assert_not(oncpu_batch_on(lock), "100 in a window's time and 80 in another's are 100");
    until_probe(100);
    probe(130);
    cr_assert(oncpu_batch_on(lock));
}

Test(batch, a_probe_that_took_too_short_or_too_long_is_none)
{
    until_probe(100);
    oncpu_batch_seen(lock, 0, 0, now);
    cr_assert(oncpu_batch_on(lock));
    oncpu_batch_seen(lock, 0, 3000000, now);
    cr_assert(oncpu_batch_on(lock));
    oncpu_batch_seen(&locks[1], 0, 2 * ONCPU_BATCH_NS, now);
    cr_assert(oncpu_batch_on(lock), "of another lock");
    probe(0);
    cr_assert_not(oncpu_batch_on(lock));
}

/* As where sections are long, or the clock is coarse. */
Test(batch, a_thread_that_has_no_probe_gives_up)
{
    static const uint64_t no_probes[] = {0, 3000000};

    for (size_t i = 0; i < sizeof(no_probes) / sizeof(no_probes[0]); i++) {
        unsigned tries = 0;

        until_probe(100);
        while (oncpu_batch_on(lock) && tries < 1000) {
            oncpu_batch_seen(lock, 1, no_probes[i], now);
            tries++;
        }
        cr_assert_gt(tries, 1);
        cr_assert_lt(tries, 100);
    }
}

/* Threads that poll would wait for longer than it is worth. */
Test(batch, turns_of_more_than_a_quarter_of_a_microsecond_are_never_had_in_batches)
{
    until_probe(1);
    oncpu_batch_seen(lock, 5, ONCPU_BATCH_NS, now);
    cr_assert_not(oncpu_batch_on(lock));
    until_probe(1);
    oncpu_batch_seen(lock, 23, 4 * ONCPU_BATCH_NS, now);
    cr_assert_not(oncpu_batch_on(lock));
    until_probe(1);
    oncpu_batch_seen(lock, 6, ONCPU_BATCH_NS, now);
    cr_assert(oncpu_batch_on(lock));
}

/* As of threads that need the lock some times, and then wait for each other: the pace would be that of the pause. */
Test(batch, windows_with_a_pause_do_not_count)
{
    for (int i = 0; i < 100; i++) {
        now += 10 * WINDOW_NS;
        window(16);
    }
    cr_assert_not(oncpu_batch_on(lock));
    cr_assert_leq(until_probe(100), AT_FIRST, "others do");
}

Test(batch, with_the_epoch_it_begins_anew)
{
    until_probe(100);
    probe(200);
    cr_assert_eq(oncpu_batch_first(lock, NOW + EPOCH_NS - 1), ONCPU_BATCH_NS);
    cr_assert_eq(oncpu_batch_first(lock, NOW + EPOCH_NS), 0);
    cr_assert_not(oncpu_batch_on(lock));
    now = NOW + EPOCH_NS;
    cr_assert_eq(until_probe(100), AT_FIRST);
}

Test(batch, another_lock_is_another_matter)
{
    until_probe(100);
    probe(200);
    cr_assert_not(oncpu_batch_on(&locks[1]));
    cr_assert_eq(oncpu_batch_first(&locks[1], now), 0);
    oncpu_batch_window(&locks[1], 1, now);
    cr_assert_not(oncpu_batch_on(lock), "a thread remembers one");
}

/* There what lies between two turns is a smaller part of them. */
Test(batch, where_turns_are_longer_batches_are_too)
{
    until_probe(20);
    probe(WINDOW_NS / 200);
    cr_assert_eq(oncpu_batch_first(lock, now), ONCPU_BATCH_LONG_NS);
    now = NOW + EPOCH_NS;
    cr_assert_eq(oncpu_batch_first(lock, now), 0);
    until_probe(20); /* which sees to it that the probe itself is a short one */
    probe(WINDOW_NS / 100);
    cr_assert_eq(oncpu_batch_first(lock, now), ONCPU_BATCH_NS);
}

/* `pace`: of turns in a window's time, when the lock is left alone. */
static void *finds_out(void *pace)
{
    until_probe(20);
    probe(*(uint32_t *)pace);
    return NULL;
}

static void another_finds_out_that_it_is(uint32_t pace)
{
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, finds_out, &pace), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
}

static void another_finds_out(void)
{
    another_finds_out_that_it_is(200);
}

Test(batch, others_know_how_long_they_are)
{
    another_finds_out_that_it_is(WINDOW_NS / 200);
    window(100);
    cr_assert_eq(oncpu_batch_first(lock, now), ONCPU_BATCH_LONG_NS);
    cr_assert_eq(oncpu_batch_first(lock, NOW + EPOCH_NS), 0);
}

Test(batch, what_one_thread_finds_out_others_do_too)
{
    another_finds_out();
    cr_assert_not(oncpu_batch_on(lock));
    window(100);
    cr_assert(oncpu_batch_on(lock));
    cr_assert_eq(oncpu_batch_first(lock, now), ONCPU_BATCH_NS);
    cr_assert_eq(oncpu_batch_first(lock, NOW + EPOCH_NS), 0);
}

Test(batch, but_not_in_another_epoch)
{
    another_finds_out();
    now = NOW + EPOCH_NS;
    window(100);
    cr_assert_not(oncpu_batch_on(lock));
}

Test(batch, nor_for_another_lock)
{
    unsigned taken_for_it = 0;

    another_finds_out();
    for (size_t i = 1; i < sizeof(locks) / sizeof(locks[0]); i++) {
        oncpu_batch_window(&locks[i], 1, now);
        taken_for_it += oncpu_batch_on(&locks[i]);
    }
    cr_assert_leq(taken_for_it, 1);
}

/* Whatever it reads: it may be wrong, but it comes to an end, and begins anew. */
Test(batch, garbage_does_no_harm)
{
    uint64_t seed = 1;

    for (int i = 0; i < 1000000; i++) {
        const uint32_t *word = &locks[test_random(&seed) % 4];

        oncpu_batch_window(word, (uint32_t)test_random(&seed), test_random(&seed));
        oncpu_batch_seen(word, (uint32_t)test_random(&seed), test_random(&seed) % 10000, test_random(&seed));
        cr_assert_leq(oncpu_batch_first(word, test_random(&seed)), ONCPU_BATCH_LONG_NS);
    }
    oncpu_batch_first(lock, now);
    oncpu_batch_window(&locks[5], 0, now);
    cr_assert_eq(until_probe(100), AT_FIRST);
}

/* Only every so many waits are more than counted: here no turn was made, so each window is as good as none. */
Test(batch, a_window_is_so_many_waits)
{
    for (unsigned wait = 0; wait <= AT_FIRST * ONCPU_BATCH_WAITS; wait++) {
        cr_assert_not(oncpu_batch_on(lock), "wait %u", wait);
        oncpu_batch_got(lock, &count);
    }
    cr_assert(oncpu_batch_on(lock));
}

/* ---- what comes of it when threads wait ---- */

Test(batch, a_wait_begins_with_it)
{
    uint32_t word = 1, owner = 1, turns = 1, claim = 0;
    const struct oncpu_lock real = {&word, &owner, &turns, &claim, NULL};
    struct oncpu_policy policy;

    lock = &word;
    cr_assert_gt(oncpu_policy_glances(&word), 0);
    oncpu_policy_begin(&policy, &real, now, 0);
    cr_assert_lt(policy.distance, ONCPU_BATCH_NS);
    cr_assert_not(policy.apart);
    until_probe(100);
    cr_assert_eq(oncpu_policy_glances(&word), 0);
    oncpu_policy_begin(&policy, &real, now, 1);
    cr_assert_not(policy.apart, "it comes from a rest");
    oncpu_policy_begin(&policy, &real, now, 0);
    cr_assert_geq(policy.distance, ONCPU_BATCH_NS);
    cr_assert(policy.apart);

    turns += 100;
    oncpu_policy_look(&policy, &real, now + ONCPU_BATCH_NS);
    probe(0);
    oncpu_policy_begin(&policy, &real, now, 0);
    cr_assert_lt(policy.distance, ONCPU_BATCH_NS, "it did not remember a distance that was not the lock's");
    cr_assert_gt(oncpu_policy_glances(&word), 0);
}

static oncpu_mutex_t mutex = ONCPU_MUTEX_INITIALIZER;
static uint32_t held;  /* in so many rounds the holder has it, ... */
static uint32_t tried; /* ... the waiter wants it, ... */
static uint32_t had;   /* ... and has had it */
enum { ROUNDS = 64 };

static void wait_until(const uint32_t *what, uint32_t value)
{
    while (__atomic_load_n(what, __ATOMIC_ACQUIRE) != value)
        sched_yield();
}

/* Until the waiter sleeps. */
static void *hold(void *unused)
{
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        oncpu_mutex_lock(&mutex);
        __atomic_store_n(&held, round, __ATOMIC_RELEASE);
        wait_until(&tried, round);
        wait_until(&mutex.oncpu_word, ONCPU_WORD_CONTENDED);
        oncpu_mutex_unlock(&mutex);
        wait_until(&had, round);
    }
    return unused;
}

/* Each wait is counted; and none of these is a probe, so that the thread gives up. */
Test(batch, waits_are_counted_and_seen)
{
    pthread_t holder;
    unsigned counted = 0;

    oncpu_state_cpus = 2; /* whatever this machine has */
    lock = &mutex.oncpu_word;
    now = oncpu_now_ns();
    until_probe(100);
    cr_assert_eq(pthread_create(&holder, NULL, hold, NULL), 0);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        uint32_t before = oncpu_batch_waits;

        wait_until(&held, round);
        __atomic_store_n(&tried, round, __ATOMIC_RELEASE);
        oncpu_mutex_lock(&mutex);
        counted += oncpu_batch_waits != before;
        oncpu_mutex_unlock(&mutex);
        __atomic_store_n(&had, round, __ATOMIC_RELEASE);
    }
    pthread_join(holder, NULL);
    cr_assert_eq(counted, ROUNDS);
    cr_assert_not(oncpu_batch_on(lock));
}
