/* SPDX-License-Identifier: MIT */
/*
 * Waiters on many cores, whatever this machine has: who spins has a seat, and who finds none rests, and gets the lock all the same.
 */
#include "lock/os.h"
#include "lock/seats.h"
#include "lock/stats.h"
#include "state/state.h"
#include "unit.h"

#include <pthread.h>

enum { MANY_CPUS = 16 };

static oncpu_mutex_t mutex = ONCPU_MUTEX_INITIALIZER;
static int stop;
static int got;

static void init(void)
{
    oncpu_state_cpus = MANY_CPUS;
    cr_assert_eq(oncpu_stats_enable(), 0);
}

TestSuite(many_cores, .init = init);

static bool stopped(void)
{
    return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static pthread_t start(void *(*what)(void *))
{
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, what, NULL), 0);
    return thread;
}

static uint64_t rests(void)
{
    struct oncpu_stats stats;

    oncpu_stats_read(&stats);
    return stats.rests;
}

/* Somebody else has all of them; for who lost one, because this thread lost its CPU, it takes it again. */
static void *have_all_seats(void *unused)
{
    struct oncpu_seat seats[ONCPU_SEATS] = {0};

    while (!stopped())
        for (unsigned i = 0; i < ONCPU_SEATS; i++)
            if (!seats[i].at || !oncpu_seat_keep(&seats[i], oncpu_now_ns()))
                oncpu_seat_take(&seats[i], &mutex.oncpu_word, ONCPU_SEATS, oncpu_now_ns());
    return unused;
}

static void *lock_once(void *unused)
{
    cr_assert_eq(oncpu_mutex_lock(&mutex), 0);
    __atomic_store_n(&got, 1, __ATOMIC_RELAXED);
    cr_assert_eq(oncpu_mutex_unlock(&mutex), 0);
    return unused;
}

Test(many_cores, who_finds_no_seat_rests_and_gets_the_lock)
{
    const uint64_t begin = test_now_ns();
    pthread_t keeper = start(have_all_seats);

    while (!rests() && test_now_ns() - begin < TEST_PATIENCE_NS) {
        pthread_t waiter;

        oncpu_mutex_lock(&mutex);
        got = 0;
        waiter = start(lock_once);
        test_sleep_ns(TEST_MS);
        cr_assert_not(__atomic_load_n(&got, __ATOMIC_RELAXED));
        oncpu_mutex_unlock(&mutex);
        cr_assert_eq(pthread_join(waiter, NULL), 0);
        cr_assert(got);
    }
    cr_assert_gt(rests(), 0);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    cr_assert_eq(pthread_join(keeper, NULL), 0);
}

static void *try_for_moments(void *unused)
{
    while (!stopped()) {
        struct timespec soon = test_deadline(CLOCK_MONOTONIC, 50000);

        if (!oncpu_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &soon))
            oncpu_mutex_unlock(&mutex);
    }
    return unused;
}

Test(many_cores, who_spins_has_a_seat_and_leaves_it)
{
    const uint64_t begin = test_now_ns();
    struct oncpu_seat mine = {0};
    bool refused = false;
    pthread_t waiter;

    oncpu_mutex_lock(&mutex);
    waiter = start(try_for_moments);
    while (!refused && test_now_ns() - begin < TEST_PATIENCE_NS) {
        refused = !oncpu_seat_take(&mine, &mutex.oncpu_word, 1, oncpu_now_ns());
        oncpu_seat_leave(&mine);
    }
    cr_assert(refused);
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    oncpu_mutex_unlock(&mutex);
    cr_assert_eq(pthread_join(waiter, NULL), 0);
    for (unsigned i = 0; i < ONCPU_SEATS; i++)
        cr_assert(oncpu_seat_take(&mine, &mutex.oncpu_word, i + 1, oncpu_now_ns()));
}
