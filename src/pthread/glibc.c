/* SPDX-License-Identifier: MIT */
/*
 * Finds glibc's own functions behind ours, and checks that the running glibc's mutexes are what the drop-in takes them
 * for.
 */
#include "glibc.h"

#include "glibc_mutex.h"
#include "shared.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int oncpu_pthread_tid_offset;

static struct oncpu_glibc glibc;
static bool resolved;

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* Two threads may do this at once: they store the same. Release: whoever sees `resolved` sees the pointers. */
static void resolve(void)
{
    glibc.lock = (int (*)(pthread_mutex_t *))next("pthread_mutex_lock");
    glibc.trylock = (int (*)(pthread_mutex_t *))next("pthread_mutex_trylock");
    glibc.timedlock = (int (*)(pthread_mutex_t *, const struct timespec *))next("pthread_mutex_timedlock");
    glibc.clocklock = (int (*)(pthread_mutex_t *, clockid_t, const struct timespec *))next("pthread_mutex_clocklock");
    glibc.unlock = (int (*)(pthread_mutex_t *))next("pthread_mutex_unlock");
    glibc.init = (int (*)(pthread_mutex_t *, const pthread_mutexattr_t *))next("pthread_mutex_init");
    glibc.create = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))next("pthread_create");
    glibc.thrd_create = (int (*)(thrd_t *, thrd_start_t, void *))next("thrd_create");
    glibc.prctl = (int (*)(int, unsigned long, unsigned long, unsigned long, unsigned long))next("prctl");
    glibc.syscall = (oncpu_syscall_function)next("syscall");
    __atomic_store_n(&resolved, true, __ATOMIC_RELEASE);
}

const struct oncpu_glibc *oncpu_glibc(void)
{
    if (!__atomic_load_n(&resolved, __ATOMIC_ACQUIRE)) /* pairs with resolve() */
        resolve();
    return &glibc;
}

/* ---- is glibc's mutex what we take it for? ---- */

static bool fields_are(const pthread_mutex_t *mutex, int lock, unsigned int count, uint32_t owner, unsigned int nusers,
                       int kind)
{
    static const char zero[sizeof(mutex->__data.__list)];

    return mutex->__data.__lock == lock && mutex->__data.__count == count && (uint32_t)mutex->__data.__owner == owner &&
           mutex->__data.__nusers == nusers && (mutex->__data.__kind & ~ONCPU_KIND_NO_ELISION) == kind &&
           !memcmp(&mutex->__data.__list, zero, sizeof(zero));
}

/* `shared`: ONCPU_KIND_SHARED, or 0 */
static bool type_is_as_expected(int type, int shared)
{
    uint32_t self = oncpu_self_tid();
    pthread_mutexattr_t attributes;
    pthread_mutex_t mutex;
    unsigned int depth = type == PTHREAD_MUTEX_RECURSIVE;
    int kind = type | shared;
    bool good;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, type);
    pthread_mutexattr_setpshared(&attributes, shared ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE);
    memset(&mutex, 0xff, sizeof(mutex));
    good = !glibc.init(&mutex, &attributes) && fields_are(&mutex, 0, 0, 0, 0, kind);
    good = good && !glibc.lock(&mutex) && fields_are(&mutex, ONCPU_WORD_HELD, depth, self, 1, kind);
    if (good && type == PTHREAD_MUTEX_RECURSIVE) {
        good = !glibc.lock(&mutex) && fields_are(&mutex, ONCPU_WORD_HELD, 2, self, 1, kind);
        glibc.unlock(&mutex);
    }
    good = good && !glibc.unlock(&mutex) && fields_are(&mutex, ONCPU_WORD_FREE, 0, 0, 0, kind);
    good = good && !glibc.trylock(&mutex) && fields_are(&mutex, ONCPU_WORD_HELD, depth, self, 1, kind);
    mutex.__data.__lock = ONCPU_WORD_CONTENDED; /* an unlock of this wakes nobody, and must clear it */
    good = good && !glibc.unlock(&mutex) && fields_are(&mutex, ONCPU_WORD_FREE, 0, 0, 0, kind);
    pthread_mutexattr_destroy(&attributes);
    return good;
}

/* Early, but behind self.c; and never called again. Until here, and if it fails, every call goes to glibc. */
__attribute__((constructor(102))) static void check(void)
{
    const struct oncpu_glibc *all = oncpu_glibc();
    int saved_errno = errno;
    bool good = oncpu_tid_offset && all->lock && all->trylock && all->timedlock && all->clocklock && all->unlock &&
                all->init && all->create;

    for (int type = PTHREAD_MUTEX_NORMAL; good && type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++)
        good = type_is_as_expected(type, 0);
    if (good)
        __atomic_store_n(&oncpu_pthread_tid_offset, oncpu_tid_offset, __ATOMIC_RELAXED);
    for (int type = PTHREAD_MUTEX_NORMAL; good && type <= PTHREAD_MUTEX_ADAPTIVE_NP; type++)
        good = type_is_as_expected(type, ONCPU_KIND_SHARED);
    if (good)
        __atomic_store_n(&oncpu_pthread_shared_offset, oncpu_tid_offset, __ATOMIC_RELAXED);
    errno = saved_errno;
}
