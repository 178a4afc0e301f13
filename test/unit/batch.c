/* SPDX-License-Identifier: MIT */
/*
 * Batches of turns: a lock is had in batches where that is faster, by a made-up clock, and by all threads or none.
 */
#include "lock/batch.h"

#include "random.h"
#include "unit.h"

#include <pthread.h>

enum { WINDOW_NS = 10000, AT_FIRST = 4, MOST = 64, EPOCH_NS = 1 << 22, COUNTS = 0x10000 };
#define NOW ((uint64_t)EPOCH_NS * 29433) /* an epoch begins */

static uint32_t locks[4096];
static const uint32_t *const lock = &locks[0];
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

Test(batch, a_probe_that_took_too_short_or_too_long_is_none)
{
    until_probe(100);
    oncpu_batch_seen(lock, 0, ONCPU_BATCH_NS - 1, now);
    cr_assert(oncpu_batch_on(lock));
    oncpu_batch_seen(lock, 0, 3000000, now);
    cr_assert(oncpu_batch_on(lock));
    oncpu_batch_seen(&locks[1], 0, 2 * ONCPU_BATCH_NS, now);
    cr_assert(oncpu_batch_on(lock), "of another lock");
    probe(0);
    cr_assert_not(oncpu_batch_on(lock));
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

static void *finds_out(void *unused)
{
    until_probe(100);
    probe(200);
    return unused;
}

static void another_finds_out(void)
{
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, finds_out, NULL), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
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
        cr_assert_leq(oncpu_batch_first(word, test_random(&seed)), ONCPU_BATCH_NS);
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
