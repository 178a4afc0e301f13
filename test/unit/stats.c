/* SPDX-License-Identifier: MIT */
/*
 * The counts add up: every contended acquisition either slept or did not, and nothing is counted before anybody asks.
 */
#include "lock/stats.h"

#include "state/state.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>

enum { THREADS = 6, ROUNDS = 3000 };

static oncpu_mutex_t mutex;
static uint64_t timeouts; /* that callers were told of */

static void *contend(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        struct timespec soon = test_deadline(CLOCK_MONOTONIC, 20000);
        if (i % 8 == 0 && oncpu_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &soon) == ETIMEDOUT) {
            __atomic_fetch_add(&timeouts, 1, __ATOMIC_RELAXED);
            continue;
        }
        if (i % 8)
            oncpu_mutex_lock(&mutex);
        if (i % 500 == 0)
            test_sleep_ns(50000);
        oncpu_mutex_unlock(&mutex);
    }
    return NULL;
}

static struct oncpu_stats after_contention(void)
{
    pthread_t threads[THREADS];
    struct oncpu_stats stats;

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, contend, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    oncpu_stats_read(&stats);
    return stats;
}

static void check_sums(const struct oncpu_stats *stats)
{
    cr_assert_gt(stats->contended, 0);
    cr_assert_leq(stats->contended, THREADS * ROUNDS);
    cr_assert_eq(stats->contended, stats->spun + stats->slept);
    cr_assert_eq(stats->timed_out, timeouts);
    cr_assert_leq(stats->timed_out, stats->slept, "a wait ends at its deadline in the futex only");
    cr_assert_leq(stats->handed, stats->contended);
    cr_assert_geq(stats->sleeps + stats->rests, stats->slept);
    cr_assert_leq(stats->owner_off_cpu + stats->spin_limit, stats->contended + stats->sleeps + stats->rests,
                  "one reason per spin");
}

Test(stats, nothing_is_counted_before_enable)
{
    struct oncpu_stats zero = {0};

    struct oncpu_stats stats = after_contention();
    cr_assert_eq(memcmp(&stats, &zero, sizeof(zero)), 0);
}

Test(stats, uncontended_locks_are_not_counted)
{
    struct oncpu_stats zero = {0};
    struct oncpu_stats stats;

    cr_assert_eq(oncpu_stats_enable(), 0);
    for (int i = 0; i < 1000; i++) {
        oncpu_mutex_lock(&mutex);
        cr_assert_eq(oncpu_mutex_trylock(&mutex), EBUSY);
        oncpu_mutex_unlock(&mutex);
    }
    oncpu_stats_read(&stats);
    cr_assert_eq(memcmp(&stats, &zero, sizeof(zero)), 0);
}

Test(stats, add_up_without_a_source)
{
    cr_assert_eq(oncpu_stats_enable(), 0);
    struct oncpu_stats stats = after_contention();
    check_sums(&stats);
}

static bool owned;

static void *lock_when_owned(void *unused)
{
    CHECK(EVENTUALLY(__atomic_load_n(&owned, __ATOMIC_ACQUIRE)));
    oncpu_mutex_lock(&mutex);
    oncpu_mutex_unlock(&mutex);
    return unused;
}

/* All threads on one CPU, in a process that began with more. */
Test(stats, without_a_source_the_owners_cpu_tells)
{
    struct oncpu_stats stats;
    pthread_t waiter;
    cpu_set_t cpus;

    if (oncpu_self_cpu() >= ONCPU_NO_CPU || oncpu_state_cpus == 1)
        SKIP("the CPU is not known, or there is one only");
    CPU_ZERO(&cpus);
    CPU_SET((unsigned)sched_getcpu(), &cpus);
    cr_assert_eq(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
    cr_assert_eq(oncpu_stats_enable(), 0);
    for (int n = 0; n < 2; n++) { /* the first waiter sees to it that owners say where they are */
        __atomic_store_n(&owned, false, __ATOMIC_RELAXED);
        cr_assert_eq(pthread_create(&waiter, NULL, lock_when_owned, NULL), 0);
        oncpu_mutex_lock(&mutex);
        __atomic_store_n(&owned, true, __ATOMIC_RELEASE);
        cr_assert(EVENTUALLY(__atomic_load_n(&mutex.oncpu_word, __ATOMIC_RELAXED) == 2));
        oncpu_mutex_unlock(&mutex);
        cr_assert_eq(pthread_join(waiter, NULL), 0);
    }
    oncpu_stats_read(&stats);
    cr_assert_eq(stats.contended, 2);
    cr_assert_geq(stats.owner_off_cpu, 1);
    cr_assert_leq(stats.spin_limit, 1);
}

Test(stats, add_up_with_a_source)
{
    NEED_SOURCE();
    cr_assert_eq(oncpu_stats_enable(), 0);
    cr_assert_eq(oncpu_stats_enable(), 0, "a second time is no error");
    struct oncpu_stats stats = after_contention();
    check_sums(&stats);
    cr_assert(stats.spin_ns || stats.owner_off_cpu, "a waiter spins, or has a reason");
}

static void *lock_once(void *argument)
{
    *(pid_t *)argument = gettid();
    oncpu_mutex_lock(&mutex);
    oncpu_mutex_unlock(&mutex);
    return NULL;
}

Test(stats, a_wait_for_a_sleeping_owner_is_counted_as_such)
{
    struct oncpu_stats stats;
    pthread_t waiter;
    pid_t tid = 0;

    NEED_SOURCE();
    cr_assert_eq(oncpu_thread_register(), 0, "or nobody knows that the owner sleeps");
    cr_assert_eq(oncpu_stats_enable(), 0);
    oncpu_mutex_lock(&mutex);
    cr_assert_eq(pthread_create(&waiter, NULL, lock_once, &tid), 0);
    /* the waiter spins for 200 us at most if it misses that the owner sleeps: long over by then */
    cr_assert(EVENTUALLY(__atomic_load_n(&tid, __ATOMIC_RELAXED)));
    cr_assert(EVENTUALLY(oncpu_thread_state(oncpu_thread_find(__atomic_load_n(&tid, __ATOMIC_RELAXED))) ==
                         ONCPU_STATE_BLOCKED));
    test_sleep_ns(5 * TEST_MS);
    oncpu_mutex_unlock(&mutex);
    cr_assert_eq(pthread_join(waiter, NULL), 0);
    oncpu_stats_read(&stats);
    cr_assert_eq(stats.contended, 1);
    cr_assert_eq(stats.slept, 1);
    cr_assert_eq(stats.spun, 0);
    cr_assert_eq(stats.timed_out, 0);
}

Test(stats, an_area_adds_up_its_shards)
{
    static struct oncpu_stats_area area;
    struct oncpu_stats sum;

    for (uint32_t i = 0; i < ONCPU_STATS_SHARDS; i++) {
        area.shards[i].counts.contended = i;
        area.shards[i].counts.spin_ns = 1ull << 40;
    }
    oncpu_stats_sum(&area, &sum);
    cr_assert_eq(sum.contended, ONCPU_STATS_SHARDS * (ONCPU_STATS_SHARDS - 1) / 2);
    cr_assert_eq(sum.spin_ns, (uint64_t)ONCPU_STATS_SHARDS << 40);
    cr_assert_eq(sum.slept, 0);
}
