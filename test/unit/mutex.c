/* SPDX-License-Identifier: MIT */
/*
 * What oncpu_mutex_*() returns, and when.
 */
#include "unit.h"

#include <pthread.h>
#include <sys/mman.h>

static oncpu_mutex_t mutex; /* all zero, never initialized */

static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};

/* Calls one function in another thread, for which the mutex is somebody else's. */
struct call {
    int (*function)(oncpu_mutex_t *, clockid_t, const struct timespec *);
    clockid_t clock;
    struct timespec deadline;
    int result;
    int saw_errno;
};

static int trylock(oncpu_mutex_t *m, clockid_t clock, const struct timespec *deadline)
{
    (void)clock;
    (void)deadline;
    return oncpu_mutex_trylock(m);
}

static int timedlock(oncpu_mutex_t *m, clockid_t clock, const struct timespec *deadline)
{
    (void)clock;
    return oncpu_mutex_timedlock(m, deadline);
}

static void *make_call(void *argument)
{
    struct call *call = argument;

    errno = 4711;
    call->result = call->function(&mutex, call->clock, &call->deadline);
    call->saw_errno = errno;
    if (!call->result)
        oncpu_mutex_unlock(&mutex);
    return NULL;
}

static int elsewhere(int (*function)(oncpu_mutex_t *, clockid_t, const struct timespec *), clockid_t clock,
                     struct timespec deadline)
{
    struct call call = {function, clock, deadline, -1, -1};
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, make_call, &call), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(call.saw_errno, 4711, "errno was touched: %d", call.saw_errno);
    return call.result;
}

static const struct timespec never_used;

Test(mutex, all_zero_is_a_free_mutex)
{
    cr_assert_eq(oncpu_mutex_lock(&mutex), 0);
    cr_assert_eq(elsewhere(trylock, 0, never_used), EBUSY);
    cr_assert_eq(oncpu_mutex_unlock(&mutex), 0);
    cr_assert_eq(elsewhere(trylock, 0, never_used), 0);
    cr_assert_eq(oncpu_mutex_destroy(&mutex), 0);
}

Test(mutex, the_initializer_is_a_free_mutex)
{
    oncpu_mutex_t local = ONCPU_MUTEX_INITIALIZER;

    cr_assert_eq(oncpu_mutex_trylock(&local), 0);
    cr_assert_eq(oncpu_mutex_trylock(&local), EBUSY);
    cr_assert_eq(oncpu_mutex_unlock(&local), 0);
}

Test(mutex, init_makes_a_free_mutex_of_anything)
{
    oncpu_mutex_t local;

    memset(&local, 0xa5, sizeof(local));
    cr_assert_eq(oncpu_mutex_init(&local), 0);
    cr_assert_eq(oncpu_mutex_lock(&local), 0);
    cr_assert_eq(oncpu_mutex_unlock(&local), 0);
}

Test(mutex, destroy_refuses_a_held_one)
{
    cr_assert_eq(oncpu_mutex_lock(&mutex), 0);
    cr_assert_eq(oncpu_mutex_destroy(&mutex), EBUSY);
    cr_assert_eq(oncpu_mutex_destroy(&mutex), EBUSY, "it must have done nothing");
    cr_assert_eq(oncpu_mutex_unlock(&mutex), 0);
    cr_assert_eq(oncpu_mutex_destroy(&mutex), 0);
}

Test(mutex, a_free_one_is_taken_whatever_the_deadline_says)
{
    static const struct timespec times[] = {{0, 0}, {-1, 0}, {0, -1}, {1, 1000000000}, {INT64_MAX, 0}};

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        for (size_t c = 0; c < 2; c++) {
            cr_assert_eq(elsewhere(oncpu_mutex_clocklock, clocks[c], times[i]), 0);
            cr_assert_eq(elsewhere(timedlock, 0, times[i]), 0);
        }
}

Test(mutex, times_that_are_none_are_refused_when_it_would_wait)
{
    static const struct timespec times[] = {{0, -1}, {0, 1000000000}, {INT64_MAX, -1}, {1, INT64_MAX}, {1, INT64_MIN}};

    oncpu_mutex_lock(&mutex);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        cr_assert_eq(elsewhere(timedlock, 0, times[i]), EINVAL);
        for (size_t c = 0; c < 2; c++)
            cr_assert_eq(elsewhere(oncpu_mutex_clocklock, clocks[c], times[i]), EINVAL);
    }
    oncpu_mutex_unlock(&mutex);
    cr_assert_eq(elsewhere(trylock, 0, never_used), 0);
}

Test(mutex, times_long_past_end_the_wait_at_once)
{
    static const struct timespec times[] = {{0, 0}, {0, 1}, {-1, 0}, {INT64_MIN, 0}, {1, 999999999}};

    oncpu_mutex_lock(&mutex);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        cr_assert_eq(elsewhere(timedlock, 0, times[i]), ETIMEDOUT);
        for (size_t c = 0; c < 2; c++)
            cr_assert_eq(elsewhere(oncpu_mutex_clocklock, clocks[c], times[i]), ETIMEDOUT);
    }
    oncpu_mutex_unlock(&mutex);
}

Test(mutex, other_clocks_are_refused)
{
    static const clockid_t others[] = {
        CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_TAI, -1, 99};
    const struct timespec soon = test_deadline(CLOCK_MONOTONIC, TEST_SECOND);

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        cr_assert_eq(elsewhere(oncpu_mutex_clocklock, others[i], soon), EINVAL, "free, clock %d", others[i]);
        oncpu_mutex_lock(&mutex);
        cr_assert_eq(elsewhere(oncpu_mutex_clocklock, others[i], soon), EINVAL, "held, clock %d", others[i]);
        oncpu_mutex_unlock(&mutex);
    }
}

/* From "over before the spin is" to "slept for long". */
Test(mutex, no_timeout_is_early)
{
    static const uint64_t lengths[] = {1000, 20000, 300000, 5 * TEST_MS, 50 * TEST_MS};

    oncpu_mutex_lock(&mutex);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        for (size_t c = 0; c < 2; c++) {
            uint64_t end = test_clock_ns(clocks[c]) + lengths[i];
            cr_assert_eq(elsewhere(oncpu_mutex_clocklock, clocks[c], test_timespec(end)), ETIMEDOUT);
            cr_assert_geq(test_clock_ns(clocks[c]), end);
        }
    oncpu_mutex_unlock(&mutex);
}

static void *unlock_later(void *argument)
{
    (void)argument;
    oncpu_mutex_lock(&mutex);
    test_sleep_ns(20 * TEST_MS);
    oncpu_mutex_unlock(&mutex);
    return NULL;
}

static bool is_held(void)
{
    if (oncpu_mutex_trylock(&mutex))
        return true;
    oncpu_mutex_unlock(&mutex);
    return false;
}

Test(mutex, a_distant_deadline_waits_for_the_mutex)
{
    const struct timespec deadlines[] = {test_deadline(CLOCK_REALTIME, 3600ull * TEST_SECOND), {INT64_MAX, 999999999}};

    for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
        pthread_t owner;

        cr_assert_eq(pthread_create(&owner, NULL, unlock_later, NULL), 0);
        EVENTUALLY(is_held());
        cr_assert_eq(elsewhere(timedlock, 0, deadlines[i]), 0);
        cr_assert_eq(pthread_join(owner, NULL), 0);
    }
}

/* A waiter that gave up leaves nothing behind that an unlock or the next waiter could trip over. */
Test(mutex, it_is_usable_after_a_timeout)
{
    oncpu_mutex_lock(&mutex);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(elsewhere(oncpu_mutex_clocklock, CLOCK_MONOTONIC, test_deadline(CLOCK_MONOTONIC, TEST_MS)),
                     ETIMEDOUT);
    oncpu_mutex_unlock(&mutex);
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(elsewhere(trylock, 0, never_used), 0);
        cr_assert_eq(elsewhere(timedlock, 0, never_used), 0);
    }
    cr_assert_eq(oncpu_mutex_destroy(&mutex), 0);
}

static void *lock_and_unlock(void *argument)
{
    oncpu_mutex_t *m = argument;

    errno = 4711;
    CHECK(oncpu_mutex_lock(m) == 0);
    CHECK(oncpu_mutex_unlock(m) == 0);
    CHECK(errno == 4711);
    return NULL;
}

/* The last user may unmap the mutex although the unlock before it has not returned (it still wakes the address). */
Test(mutex, its_memory_may_go_right_after_the_last_unlock)
{
    for (int round = 0; round < 300; round++) {
        oncpu_mutex_t *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        pthread_t thread;

        cr_assert_neq(m, MAP_FAILED);
        oncpu_mutex_lock(m);
        cr_assert_eq(pthread_create(&thread, NULL, lock_and_unlock, m), 0);
        if (round % 2)
            test_sleep_ns(100000);
        oncpu_mutex_unlock(m);
        cr_assert_eq(pthread_join(thread, NULL), 0);
        cr_assert_eq(oncpu_mutex_lock(m), 0);
        cr_assert_eq(oncpu_mutex_unlock(m), 0);
        cr_assert_eq(munmap(m, 4096), 0);
    }
}
