/* SPDX-License-Identifier: MIT */
/*
 * Description: a normal or adaptive mutex unlocked by a thread that does not hold it, as buggy programs do, ends up
 * as in libc: free, and usable.
 * Holds: glibc pthread_mutex_unlock (no owner check for these kinds); undefined by POSIX, relied upon nevertheless.
 */
#include "fields.h"
#include "kinds.h"

static void *lock_it(void *mutex)
{
    CHECK_EQ(0, pthread_mutex_lock(mutex));
    return NULL;
}

static void *wait_for_it(void *mutex)
{
    CHECK_EQ(0, pthread_mutex_lock(mutex));
    CHECK_EQ(gettid(), ((pthread_mutex_t *)mutex)->__data.__owner);
    CHECK_EQ(0, pthread_mutex_unlock(mutex));
    return NULL;
}

static void foreign(int type)
{
    pthread_mutex_t m;

    printf("type %d\n", type);
    init_type(&m, type);
    join(go(lock_it, &m));
    EXPECT(EBUSY, pthread_mutex_trylock(&m));
    pthread_t waiter = go(wait_for_it, &m);
    sleep_ms(20);
    EXPECT(0, pthread_mutex_unlock(&m));
    join(waiter);
    show_fields("free", &m);
    contend(&m, 4, 1000);
    show_fields("after contention", &m);
    EXPECT(0, pthread_mutex_unlock(&m));
    show_fields("unlocked while free", &m);
    EXPECT(0, pthread_mutex_lock(&m));
    show_fields("locked", &m);
    EXPECT(0, pthread_mutex_unlock(&m));
}

int main(void)
{
    begin();
    foreign(TYPE_DEFAULT);
    foreign(PTHREAD_MUTEX_NORMAL);
    foreign(PTHREAD_MUTEX_ADAPTIVE_NP);
    return 0;
}
