/* SPDX-License-Identifier: MIT */
/*
 * What oncpu_cond_*() returns, whom it wakes, and what may be done after it.
 */
#include "unit.h"

#include <pthread.h>
#include <sys/mman.h>

enum { WAITERS = 40 };

static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};

/* The condition variable is elsewhere, so that its memory can be taken away. */
struct meeting {
    oncpu_mutex_t mutex;
    oncpu_cond_t *cond;
    int arrived; /* all under the mutex */
    int open;    /* how many may leave */
    int left;
};

static oncpu_cond_t zero; /* never initialized */

static void *attend(void *argument)
{
    struct meeting *meeting = argument;

    oncpu_mutex_lock(&meeting->mutex);
    meeting->arrived++;
    errno = 4711;
    while (meeting->open == 0)
        CHECK(oncpu_cond_wait(meeting->cond, &meeting->mutex) == 0);
    CHECK(errno == 4711);
    CHECK(oncpu_mutex_trylock(&meeting->mutex) == EBUSY);
    meeting->open--;
    meeting->left++;
    oncpu_mutex_unlock(&meeting->mutex);
    return NULL;
}

static int read_under_lock(struct meeting *meeting, const int *what)
{
    oncpu_mutex_lock(&meeting->mutex);
    int value = *what;
    oncpu_mutex_unlock(&meeting->mutex);
    return value;
}

static void gather(struct meeting *meeting, pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, attend, meeting), 0);
    cr_assert(EVENTUALLY(read_under_lock(meeting, &meeting->arrived) == count));
}

static void join_all(pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
}

Test(cond, broadcast_wakes_all)
{
    struct meeting meeting = {.cond = &zero};
    pthread_t threads[WAITERS];

    gather(&meeting, threads, WAITERS);
    oncpu_mutex_lock(&meeting.mutex);
    meeting.open = WAITERS;
    cr_assert_eq(oncpu_cond_broadcast(meeting.cond), 0);
    oncpu_mutex_unlock(&meeting.mutex);
    join_all(threads, WAITERS);
    cr_assert_eq(meeting.left, WAITERS);
}

Test(cond, each_signal_wakes_at_least_one)
{
    struct meeting meeting = {.cond = &zero};
    pthread_t threads[WAITERS];

    gather(&meeting, threads, WAITERS);
    for (int n = 1; n <= WAITERS; n++) {
        oncpu_mutex_lock(&meeting.mutex);
        meeting.open = 1;
        if (n % 2)
            cr_assert_eq(oncpu_cond_signal(meeting.cond), 0);
        oncpu_mutex_unlock(&meeting.mutex);
        if (n % 2 == 0) /* without the mutex, too */
            cr_assert_eq(oncpu_cond_signal(meeting.cond), 0);
        cr_assert(EVENTUALLY(read_under_lock(&meeting, &meeting.left) == n), "signal %d woke nobody", n);
    }
    join_all(threads, WAITERS);
}

Test(cond, signals_nobody_waits_for_are_not_kept)
{
    struct meeting meeting = {.cond = &zero};
    struct timespec soon = test_deadline(CLOCK_MONOTONIC, 20 * TEST_MS);

    cr_assert_eq(oncpu_cond_signal(meeting.cond), 0);
    cr_assert_eq(oncpu_cond_broadcast(meeting.cond), 0);
    oncpu_mutex_lock(&meeting.mutex);
    cr_assert_eq(oncpu_cond_clockwait(meeting.cond, &meeting.mutex, CLOCK_MONOTONIC, &soon), ETIMEDOUT);
    oncpu_mutex_unlock(&meeting.mutex);
}

/* Waits once; returns what the wait said, and checks that the mutex is held whatever it was. */
static int wait_once(clockid_t clock, struct timespec deadline)
{
    struct meeting meeting = {.cond = &zero};

    oncpu_mutex_lock(&meeting.mutex);
    errno = 4711;
    int result = oncpu_cond_clockwait(meeting.cond, &meeting.mutex, clock, &deadline);
    cr_assert_eq(errno, 4711);
    cr_assert_eq(oncpu_mutex_trylock(&meeting.mutex), EBUSY);
    if (clock == CLOCK_REALTIME)
        cr_assert_eq(oncpu_cond_timedwait(meeting.cond, &meeting.mutex, &deadline), result);
    oncpu_mutex_unlock(&meeting.mutex);
    cr_assert_eq(oncpu_mutex_destroy(&meeting.mutex), 0);
    cr_assert_eq(oncpu_cond_destroy(meeting.cond), 0);
    oncpu_cond_init(meeting.cond);
    return result;
}

Test(cond, no_timeout_is_early)
{
    static const uint64_t lengths[] = {1000, 300000, 20 * TEST_MS};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        for (size_t c = 0; c < 2; c++) {
            uint64_t end = test_clock_ns(clocks[c]) + lengths[i];
            cr_assert_eq(wait_once(clocks[c], test_timespec(end)), ETIMEDOUT);
            cr_assert_geq(test_clock_ns(clocks[c]), end);
        }
}

Test(cond, times_long_past_end_the_wait_at_once)
{
    static const struct timespec times[] = {{0, 0}, {-1, 0}, {INT64_MIN, 999999999}, {1, 1}};

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        for (size_t c = 0; c < 2; c++)
            cr_assert_eq(wait_once(clocks[c], times[i]), ETIMEDOUT);
}

Test(cond, times_that_are_none_are_refused)
{
    static const struct timespec times[] = {{0, -1}, {0, 1000000000}, {INT64_MAX, -1}, {-1, -1}, {-1, INT64_MAX}};

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        for (size_t c = 0; c < 2; c++)
            cr_assert_eq(wait_once(clocks[c], times[i]), EINVAL);
}

Test(cond, other_clocks_are_refused)
{
    static const clockid_t others[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_BOOTTIME, -1, 99};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        cr_assert_eq(wait_once(others[i], test_deadline(CLOCK_MONOTONIC, 0)), EINVAL);
}

Test(cond, init_makes_one_of_anything)
{
    oncpu_cond_t cond;

    memset(&cond, 0xa5, sizeof(cond));
    cr_assert_eq(oncpu_cond_init(&cond), 0);
    cr_assert_eq(oncpu_cond_signal(&cond), 0);
    cr_assert_eq(oncpu_cond_destroy(&cond), 0);
}

/* Who has broadcast may destroy at once, and unmap the condition variable: the woken need only the mutex still. */
Test(cond, its_memory_may_go_right_after_destroy)
{
    for (int round = 0; round < 60; round++) {
        oncpu_cond_t *cond = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        struct meeting meeting = {.cond = cond};
        pthread_t threads[8];

        cr_assert_neq(cond, MAP_FAILED);
        gather(&meeting, threads, 8);
        oncpu_mutex_lock(&meeting.mutex);
        meeting.open = 8;
        oncpu_cond_broadcast(cond);
        if (round % 2)
            oncpu_mutex_unlock(&meeting.mutex);
        cr_assert_eq(oncpu_cond_destroy(cond), 0);
        cr_assert_eq(munmap(cond, 4096), 0);
        if (round % 2 == 0)
            oncpu_mutex_unlock(&meeting.mutex);
        join_all(threads, 8);
    }
}
