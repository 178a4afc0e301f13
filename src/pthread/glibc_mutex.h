/* SPDX-License-Identifier: MIT */
/*
 * glibc's pthread_mutex_t as the drop-in uses it: which field means what, and which kinds are served.
 *
 * The drop-in's mutex is at every instant a valid glibc mutex: libc itself locks and unlocks mutexes behind our back
 * (in pthread_cond_wait, in C11's mtx_*), and other copies of libc can. So each field keeps glibc's meaning
 * (sysdeps/nptl/bits/struct_mutex.h, nptl/pthread_mutex_lock.c, glibc 2.36), and the only things added are in the list
 * pointers, which glibc uses for robust and priority-inheriting mutexes alone: a count of turns with the owner's CPU, and a
 * claim or, in a process-shared mutex, the owner's slot (shared.c).
 */
#ifndef ONCPU_PTHREAD_GLIBC_MUTEX_H
#define ONCPU_PTHREAD_GLIBC_MUTEX_H

#include "../lock/lock.h"
#include "../state/self.h"

#include <pthread.h>
#include <stddef.h>

/*
 * `kind` is the type in the lowest two bits (PTHREAD_MUTEX_NORMAL, _RECURSIVE, _ERRORCHECK, _ADAPTIVE_NP), and above them what
 * we do not serve: robust, priority-inheriting, process-shared and so on. But for this one:
 */
#define ONCPU_KIND_NO_ELISION 512 /* PTHREAD_MUTEX_NO_ELISION_NP: set by a settype(NORMAL); nothing to us */

/* And this one, in shared.c: PTHREAD_MUTEX_PSHARED_BIT. */
#define ONCPU_KIND_SHARED 128

_Static_assert(sizeof(void *) == 8, "only the 64-bit layout is known to the drop-in");
_Static_assert(offsetof(pthread_mutex_t, __data.__lock) == 0, "lock");
_Static_assert(offsetof(pthread_mutex_t, __data.__count) == 4, "count");
_Static_assert(offsetof(pthread_mutex_t, __data.__owner) == 8, "owner");
_Static_assert(offsetof(pthread_mutex_t, __data.__nusers) == 12, "nusers");
_Static_assert(offsetof(pthread_mutex_t, __data.__kind) == 16, "kind");
_Static_assert(offsetof(pthread_mutex_t, __data.__list) == 24, "list");
_Static_assert(PTHREAD_MUTEX_NORMAL == 0 && PTHREAD_MUTEX_RECURSIVE == 1 && PTHREAD_MUTEX_ERRORCHECK == 2 &&
                   PTHREAD_MUTEX_ADAPTIVE_NP == 3,
               "types");

/*
 * Where a thread finds its tid (as oncpu_tid_offset); 0 until the running glibc has been checked, and for ever if it is not
 * what we take it for: then every call goes to glibc. One load answers both questions of the fast path.
 */
extern int oncpu_pthread_tid_offset;

/* Relaxed: written once; 0 and the value are both right at any time, as a mutex taken by glibc can be released by us. */
static inline int oncpu_served(void)
{
    return __atomic_load_n(&oncpu_pthread_tid_offset, __ATOMIC_RELAXED);
}

/* Relaxed: set before the mutex is shared, and never changed. */
static inline int oncpu_kind(const pthread_mutex_t *mutex)
{
    return __atomic_load_n(&mutex->__data.__kind, __ATOMIC_RELAXED) & ~ONCPU_KIND_NO_ELISION;
}

static inline uint32_t *oncpu_word_of(pthread_mutex_t *mutex)
{
    return (uint32_t *)&mutex->__data.__lock;
}

static inline uint32_t *oncpu_owner_of(pthread_mutex_t *mutex)
{
    return (uint32_t *)&mutex->__data.__owner;
}

static inline uint32_t *oncpu_turns_of(pthread_mutex_t *mutex)
{
    return (uint32_t *)&mutex->__data.__list;
}

static inline uint32_t *oncpu_claim_of(pthread_mutex_t *mutex)
{
    return oncpu_turns_of(mutex) + 1;
}

static inline struct oncpu_lock oncpu_lock_of(pthread_mutex_t *mutex)
{
    return (struct oncpu_lock){oncpu_word_of(mutex), oncpu_owner_of(mutex), oncpu_turns_of(mutex),
                               oncpu_claim_of(mutex), NULL};
}

#endif
