/* SPDX-License-Identifier: MIT */
/*
 * Description: the fields of pthread_mutex_t after each uncontended step, for every kind.
 * Holds: glibc bits/struct_mutex.h; debuggers, checkpointers and copies of libc read __lock, __owner, __count,
 * __nusers, __kind.
 */
#include "fields.h"
#include "kinds.h"

static void walk(pthread_mutex_t *m)
{
    struct timespec soon = in_ms(CLOCK_REALTIME, 1000);

    show_fields("init", m);
    CHECK_EQ(0, pthread_mutex_lock(m));
    show_fields("lock", m);
    CHECK_EQ(0, pthread_mutex_unlock(m));
    show_fields("unlock", m);
    CHECK_EQ(0, pthread_mutex_trylock(m));
    show_fields("trylock", m);
    int again = pthread_mutex_trylock(m);
    show_fields("trylock again", m);
    if (again == 0)
        CHECK_EQ(0, pthread_mutex_unlock(m));
    show_fields("unlock again", m);
    CHECK_EQ(0, pthread_mutex_unlock(m));
    show_fields("unlock", m);
    CHECK_EQ(0, pthread_mutex_timedlock(m, &soon));
    show_fields("timedlock", m);
    CHECK_EQ(0, pthread_mutex_unlock(m));
    show_fields("unlock", m);
    CHECK_EQ(0, pthread_mutex_clocklock(m, CLOCK_REALTIME, &soon));
    show_fields("clocklock", m);
    CHECK_EQ(0, pthread_mutex_unlock(m));
    show_fields("unlock", m);
}

static void *try_it(void *mutex)
{
    struct timespec soon = in_ms(CLOCK_REALTIME, 10);

    CHECK_EQ(EBUSY, pthread_mutex_trylock(mutex));
    CHECK_EQ(ETIMEDOUT, pthread_mutex_timedlock(mutex, &soon));
    show_fields("after another's attempts, seen by it", mutex);
    return NULL;
}

/* A waiter that gave up leaves its mark in the word; the next unlock takes it away. */
static void attempts(pthread_mutex_t *m)
{
    CHECK_EQ(0, pthread_mutex_lock(m));
    join(go(try_it, m));
    CHECK_EQ(0, pthread_mutex_unlock(m));
    show_fields("unlock after another's attempts", m);
    contend(m, 4, 2000);
    show_fields("after contention", m);
    CHECK_EQ(0, pthread_mutex_destroy(m));
    show_fields("destroy", m);
}

int main(void)
{
    begin();
    for (int k = 0; k < KINDS; k++) {
        pthread_mutex_t mutex;

        printf("%s\n", kinds[k].name);
        init_kind(&mutex, &kinds[k]);
        walk(&mutex);
        attempts(&mutex);
    }
    return 0;
}
