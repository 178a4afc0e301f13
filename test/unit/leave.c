/* SPDX-License-Identifier: MIT */
/*
 * Leaving the CPU: when a thread has had it for long, after it has released all its locks, and nobody whom that would hurt. The times
 * are made up, but for those after a leave.
 */
#include "lock/leave.h"

#include "lock/lock.h"
#include "state/state.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>

enum { THREADS = 6 };
#define LONGEST 1000000u /* ns: no stay is longer */

static oncpu_mutex_t mutex;

static uint64_t left(void)
{
    struct oncpu_stats stats;

    oncpu_stats_read(&stats);
    return stats.left;
}

/* The calling thread's record. */
static const struct oncpu_thread_record *begin(void)
{
    cr_assert_eq(oncpu_stats_enable(), 0);
    cr_assert_eq(oncpu_thread_register(), 0);
    return oncpu_thread_self();
}

/* As if it had waited for a lock, now and long after that, and not lost its CPU in between. */
static void stay_long(const struct oncpu_thread_record *mine)
{
    uint64_t count = oncpu_leave_count;

    for (int tries = 0; tries < 1000 && oncpu_leave_count == count; tries++) { /* it may lose its CPU in between */
        oncpu_leave_plan(mine, oncpu_now_ns());
        oncpu_leave_plan(mine, oncpu_now_ns() + LONGEST + 1);
    }
    cr_assert_eq(oncpu_leave_count, count - 1);
}

static void lock_and_unlock(void)
{
    oncpu_mutex_lock(&mutex);
    oncpu_mutex_unlock(&mutex);
}

/* Does it until once the thread has not lost its CPU between the plan and the last release. */
static void leaves_after(const struct oncpu_thread_record *mine, void (*locks_and_unlocks)(void))
{
    uint64_t before = left();

    for (int tries = 0; tries < 1000 && left() == before; tries++) {
        stay_long(mine);
        locks_and_unlocks();
        cr_assert_eq(oncpu_leave_count, 1);
    }
    cr_assert_gt(left(), before);
}

Test(leave, after_a_release)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();

    lock_and_unlock();
    cr_assert_eq(left(), 0, "not without a plan");
    leaves_after(mine, lock_and_unlock);
}

static oncpu_mutex_t outer;

static void lock_and_unlock_both(void)
{
    uint64_t before = left();

    oncpu_mutex_lock(&outer);
    lock_and_unlock();
    cr_assert_eq(left(), before);
    oncpu_mutex_unlock(&outer);
}

/* Others would have to wait for that one. */
Test(leave, not_while_it_has_another_lock)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();

    leaves_after(mine, lock_and_unlock_both);
    for (uint64_t before = left(); left() == before;) {
        oncpu_mutex_lock(&outer);
        stay_long(mine); /* it waited for the inner one */
        lock_and_unlock();
        cr_assert_eq(left(), before);
        oncpu_mutex_unlock(&outer);
    }
}

Test(leave, not_after_a_short_time)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();
    uint64_t now = oncpu_now_ns();

    for (int i = 0; i < 100; i++) {
        oncpu_leave_plan(mine, now + (uint64_t)i);
        lock_and_unlock();
    }
    cr_assert_eq(left(), 0);
    oncpu_leave_plan(NULL, now + LONGEST + 1000);
    lock_and_unlock();
    cr_assert_eq(left(), 0, "nobody knows for how long it has had its CPU");
}

/* Who has been off the CPU since has nothing to give up. */
Test(leave, not_after_a_sleep)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();
    uint64_t switches;

    for (int i = 0; i < 20; i++) {
        stay_long(mine);
        switches = oncpu_thread_switches(mine);
        cr_assert(EVENTUALLY((test_sleep_ns(100000), oncpu_thread_switches(mine) != switches)));
        lock_and_unlock();
        cr_assert_eq(oncpu_leave_count, 1);
    }
    cr_assert_eq(left(), 0);
}

static void *unlock(void *unused)
{
    cr_assert_eq(oncpu_thread_register(), 0);
    oncpu_leave_plan(oncpu_thread_self(), oncpu_now_ns());
    oncpu_mutex_unlock(&mutex);
    cr_assert_eq(oncpu_leave_count, 1);
    return unused;
}

/* As programs do that use a mutex as a semaphore: the count is wrong then, and nothing else is. */
Test(leave, a_foreign_unlock_is_no_leave)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();
    pthread_t other;

    for (int i = 0; i < 20; i++) {
        oncpu_mutex_lock(&mutex);
        cr_assert_eq(pthread_create(&other, NULL, unlock, NULL), 0);
        cr_assert_eq(pthread_join(other, NULL), 0);
    }
    stay_long(mine);
    lock_and_unlock();
    cr_assert_eq(left(), 0, "it seems to have another one");
}

/* Their time is not shared in turns: sched_yield(2), sched(7). */
Test(leave, not_with_a_real_time_priority)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();
    const struct sched_param lowest = {.sched_priority = 1};
    const struct sched_param none = {0};

    if (sched_setscheduler(0, SCHED_FIFO, &lowest) != 0)
        SKIP("no right to a real-time priority");
    for (int i = 0; i < 20; i++) {
        stay_long(mine);
        lock_and_unlock();
    }
    cr_assert_eq(left(), 0);
    cr_assert_eq(sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &none), 0);
    leaves_after(mine, lock_and_unlock);
}

Test(leave, not_in_a_sandbox)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();

    oncpu_state_sandboxed();
    for (int i = 0; i < 20; i++) {
        stay_long(mine);
        lock_and_unlock();
    }
    cr_assert_eq(left(), 0);
}

static bool stop;

static void *contend(void *unused)
{
    volatile uint64_t work = 0;

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        oncpu_mutex_lock(&mutex);
        for (int i = 0; i < 2000; i++)
            work++;
        oncpu_mutex_unlock(&mutex);
        for (int i = 0; i < 2000; i++)
            work++;
    }
    cr_assert_eq(oncpu_leave_count, 1);
    return unused;
}

Test(leave, threads_that_contend_leave)
{
    NEED_SOURCE();
    pthread_t threads[THREADS];

    cr_assert_eq(oncpu_stats_enable(), 0);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, contend, NULL), 0);
    cr_assert(EVENTUALLY(left() > 1000));
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
}
