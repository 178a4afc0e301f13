/* SPDX-License-Identifier: MIT */
/* A library to preload that serves pthread_mutex_t honestly, by test-and-set, and says how often it was called. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_ullong calls;

/* So that the C library's trylock, which looks at the lower half alone, does not fit to it. */
#define HELD (1ull << 32)

/* 0 in a mutex that nobody has used. */
static atomic_ullong *word_of(pthread_mutex_t *mutex)
{
    return (atomic_ullong *)mutex;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    /* Acquire: pairs with the release in pthread_mutex_unlock(). */
    while (atomic_exchange_explicit(word_of(mutex), HELD, memory_order_acquire))
        sched_yield();
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    return 0;
}

#ifndef WITHOUT_TRYLOCK
int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    /* Acquire: pairs with the release in pthread_mutex_unlock(). */
    return atomic_exchange_explicit(word_of(mutex), HELD, memory_order_acquire) ? EBUSY : 0;
}
#endif

#ifndef WITHOUT_UNLOCK
int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    /* Release: pairs with the acquire in pthread_mutex_lock(). */
    atomic_store_explicit(word_of(mutex), 0, memory_order_release);
    return 0;
}
#endif

__attribute__((destructor)) static void report(void)
{
    const char *path = getenv("TAS_CALLS");
    FILE *file = path ? fopen(path, "a") : NULL;

    if (!file)
        return;
    fprintf(file, "%llu\n", atomic_load_explicit(&calls, memory_order_relaxed));
    fclose(file);
}
