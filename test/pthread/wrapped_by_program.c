/* SPDX-License-Identifier: MIT */
/*
 * Description: the program itself, like a profiler or a deadlock checker, defines the mutex functions and
 * pthread_create and calls the next ones in line.
 * Holds: glibc dlsym (RTLD_NEXT); ELF symbol interposition.
 */
#include "fields.h"
#include "kinds.h"
#include <dlfcn.h>

enum { THREADS = 4, ROUNDS = 1000 };

static long locks, unlocks, trylocks, creations;

static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    CHECK(found != NULL);
    return found;
}

static void count(long *what)
{
    __atomic_fetch_add(what, 1, __ATOMIC_RELAXED); /* a sum only, read after the threads were joined */
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    static int (*lock)(pthread_mutex_t *);

    if (!lock)
        lock = (int (*)(pthread_mutex_t *))next("pthread_mutex_lock");
    count(&locks);
    return lock(mutex);
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    static int (*trylock)(pthread_mutex_t *);

    if (!trylock)
        trylock = (int (*)(pthread_mutex_t *))next("pthread_mutex_trylock");
    count(&trylocks);
    return trylock(mutex);
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    static int (*unlock)(pthread_mutex_t *);

    if (!unlock)
        unlock = (int (*)(pthread_mutex_t *))next("pthread_mutex_unlock");
    count(&unlocks);
    return unlock(mutex);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    static int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    if (!create)
        create = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))next("pthread_create");
    count(&creations);
    return create(thread, attr, start, arg);
}

int main(void)
{
    begin();
    for (int k = 0; k < KINDS; k++) {
        pthread_mutex_t mutex;

        init_kind(&mutex, &kinds[k]);
        contend(&mutex, THREADS, ROUNDS);
        CHECK_EQ(0, pthread_mutex_trylock(&mutex));
        CHECK_EQ(0, pthread_mutex_unlock(&mutex));
        show_fields(kinds[k].name, &mutex);
    }
    printf("%ld locks, %ld trylocks, %ld unlocks, %ld threads\n", locks, trylocks, unlocks, creations);
    return 0;
}
