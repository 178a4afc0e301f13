/* SPDX-License-Identifier: MIT */
/*
 * Description: priority ceilings, with and without the right to a real-time priority; contention among real-time
 * threads.
 * Holds: POSIX XSH pthread_mutex_getprioceiling, pthread_mutex_setprioceiling, pthread_mutexattr_setprotocol.
 */
#include "fields.h"

static void init_ceiling(pthread_mutex_t *m, int type, int ceiling)
{
    pthread_mutexattr_t attr;
    int got = -1;

    CHECK_EQ(0, pthread_mutexattr_init(&attr));
    EXPECT(0, pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_PROTECT));
    EXPECT(0, pthread_mutexattr_setprioceiling(&attr, ceiling));
    EXPECT(EINVAL, pthread_mutexattr_setprioceiling(&attr, 100000));
    EXPECT(0, pthread_mutexattr_getprioceiling(&attr, &got));
    CHECK_EQ(ceiling, got);
    CHECK_EQ(0, pthread_mutexattr_settype(&attr, type));
    EXPECT(0, pthread_mutex_init(m, &attr));
    CHECK_EQ(0, pthread_mutexattr_destroy(&attr));
}

static void use(pthread_mutex_t *m)
{
    const struct timespec past = {1, 0};
    int old = -1;

    show_fields("init", m);
    SHOW(pthread_mutex_getprioceiling(m, &old));
    printf("ceiling %d\n", old);
    int result = pthread_mutex_lock(m);
    printf("lock: %s\n", result_name(result));
    show_fields("lock", m);
    if (result == 0) {
        SHOW(pthread_mutex_trylock(m));
        SHOW(pthread_mutex_timedlock(m, &past));
        SHOW(pthread_mutex_destroy(m));
        SHOW(pthread_mutex_unlock(m));
    }
    show_fields("unlock", m);
    old = -1;
    SHOW(pthread_mutex_setprioceiling(m, 12, &old));
    printf("old ceiling %d\n", old);
    SHOW(pthread_mutex_setprioceiling(m, 100000, &old));
    SHOW(pthread_mutex_getprioceiling(m, &old));
    printf("ceiling %d\n", old);
}

static void without_ceiling(void)
{
    pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
    int old = -1;

    EXPECT(EINVAL, pthread_mutex_getprioceiling(&plain, &old));
    EXPECT(EINVAL, pthread_mutex_setprioceiling(&plain, 10, &old));
}

static void *real_time(void *arg)
{
    const struct sched_param param = {.sched_priority = 5};
    pthread_mutex_t m;

    int result = pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
    printf("SCHED_FIFO: %s\n", result_name(result));
    if (result != 0)
        return arg;
    init_ceiling(&m, PTHREAD_MUTEX_ERRORCHECK, 10);
    use(&m);
    contend(&m, 4, 500); /* the new threads inherit the policy */
    init_ceiling(&m, PTHREAD_MUTEX_NORMAL, 1);
    EXPECT(EINVAL, pthread_mutex_lock(&m));
    EXPECT(EINVAL, pthread_mutex_trylock(&m));
    return arg;
}

int main(void)
{
    pthread_mutex_t m;

    begin();
    without_ceiling();
    for (int type = PTHREAD_MUTEX_NORMAL; type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++) {
        printf("type %d\n", type);
        init_ceiling(&m, type, 10);
        use(&m);
    }
    join(go(real_time, NULL));
    return 0;
}
