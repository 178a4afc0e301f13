/* SPDX-License-Identifier: MIT */
/*
 * Description: every return value of the timed waits, the mutex's state after each, and no timeout before its time.
 * Holds: POSIX XSH pthread_cond_timedwait, pthread_cond_clockwait, pthread_condattr_setclock.
 */
#include "fields.h"
#include "kinds.h"

static pthread_mutex_t m;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;

static void deadlines(void)
{
    const struct timespec past = {1, 0}, zero = {0, 0}, negative = {-1, 0}, below = {1, -1}, above = {1, 1000000000};

    EXPECT(ETIMEDOUT, pthread_cond_timedwait(&c, &m, &past));
    EXPECT(ETIMEDOUT, pthread_cond_timedwait(&c, &m, &zero));
    EXPECT(ETIMEDOUT, pthread_cond_timedwait(&c, &m, &negative));
    EXPECT(EINVAL, pthread_cond_timedwait(&c, &m, &below));
    EXPECT(EINVAL, pthread_cond_timedwait(&c, &m, &above));
    EXPECT(ETIMEDOUT, pthread_cond_clockwait(&c, &m, CLOCK_REALTIME, &past));
    EXPECT(ETIMEDOUT, pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &negative));
    EXPECT(EINVAL, pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &above));
    EXPECT(EINVAL, pthread_cond_clockwait(&c, &m, CLOCK_PROCESS_CPUTIME_ID, &past));
    EXPECT(EINVAL, pthread_cond_clockwait(&c, &m, -1, &past));
    show_fields("after the waits", &m);
}

static void not_early(clockid_t clock)
{
    for (int i = 0; i < 10; i++) {
        struct timespec at = in_ms(clock, 1 + i);
        int64_t due = (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;

        CHECK_EQ(ETIMEDOUT, pthread_cond_clockwait(&c, &m, clock, &at));
        CHECK(now_ns(clock) >= due);
        CHECK_EQ(gettid(), m.__data.__owner);
    }
}

static void not_the_owner(void)
{
    const struct timespec past = {1, 0};

    EXPECT(EPERM, pthread_cond_wait(&c, &m));
    EXPECT(EPERM, pthread_cond_timedwait(&c, &m, &past));
    EXPECT(EPERM, pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &past));
}

static void monotonic_attribute(void)
{
    pthread_condattr_t attr;
    pthread_cond_t timed;
    struct timespec at = in_ms(CLOCK_MONOTONIC, 15);
    int64_t due = (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;

    EXPECT(0, pthread_condattr_init(&attr));
    EXPECT(EINVAL, pthread_condattr_setclock(&attr, CLOCK_PROCESS_CPUTIME_ID));
    EXPECT(0, pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
    EXPECT(0, pthread_cond_init(&timed, &attr));
    EXPECT(ETIMEDOUT, pthread_cond_timedwait(&timed, &m, &at));
    CHECK(now_ns(CLOCK_MONOTONIC) >= due);
    EXPECT(0, pthread_cond_destroy(&timed));
}

int main(void)
{
    begin();
    for (int type = TYPE_DEFAULT; type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++) {
        printf("type %d\n", type);
        init_type(&m, type);
        if (type == PTHREAD_MUTEX_ERRORCHECK || type == PTHREAD_MUTEX_RECURSIVE)
            not_the_owner();
        EXPECT(0, pthread_mutex_lock(&m));
        deadlines();
        not_early(CLOCK_REALTIME);
        not_early(CLOCK_MONOTONIC);
        monotonic_attribute();
        EXPECT(0, pthread_mutex_unlock(&m));
        EXPECT(0, pthread_mutex_destroy(&m));
    }
    EXPECT(0, pthread_cond_signal(&c));
    EXPECT(0, pthread_cond_broadcast(&c));
    EXPECT(0, pthread_cond_destroy(&c));
    return 0;
}
