/* SPDX-License-Identifier: MIT */
/*
 * pthread_mutex_lock, _trylock, _timedlock, _clocklock and _unlock for the kinds normal, recursive, errorcheck and
 * adaptive: glibc's mutex, glibc's results (nptl/pthread_mutex_*.c, glibc 2.36), our way to wait. All other kinds go to
 * glibc.
 */
#include "../state/state.h"
#include "glibc.h"
#include "glibc_mutex.h"
#include "symbols.h"

#include <sys/single_threaded.h>

/* ---- taking it, in the three ways that there are ---- */

/* glibc too does without atomic operations as long as there is one thread. */
static inline bool take_if_free(pthread_mutex_t *mutex)
{
    if (__libc_single_threaded && __atomic_load_n(oncpu_word_of(mutex), __ATOMIC_RELAXED) == ONCPU_WORD_FREE) {
        __atomic_store_n(oncpu_word_of(mutex), ONCPU_WORD_HELD, __ATOMIC_RELAXED);
        return true;
    }
    return oncpu_lock_try(oncpu_word_of(mutex));
}

static inline int taken(pthread_mutex_t *mutex, uint32_t self)
{
    oncpu_lock_note(oncpu_owner_of(mutex), oncpu_turns_of(mutex), self);
    mutex->__data.__nusers++; /* what pthread_mutex_destroy() goes by */
    return 0;
}

static __attribute__((noinline)) int wait_for(pthread_mutex_t *mutex, const struct oncpu_deadline *deadline)
{
    const struct oncpu_lock lock = {oncpu_word_of(mutex), oncpu_owner_of(mutex), oncpu_turns_of(mutex)};
    int error = oncpu_lock_wait(lock, deadline);

    return error ? error : taken(mutex, oncpu_self_tid());
}

static inline int take(pthread_mutex_t *mutex, uint32_t self, const struct oncpu_deadline *deadline)
{
    return __builtin_expect(take_if_free(mutex), 1) ? taken(mutex, self) : wait_for(mutex, deadline);
}

/* Only the owner can read its own tid here: a relaxed load is exact for it, and some other value for everybody else. */
static inline bool is_mine(pthread_mutex_t *mutex, uint32_t self)
{
    return __atomic_load_n(oncpu_owner_of(mutex), __ATOMIC_RELAXED) == self;
}

static inline int deeper(pthread_mutex_t *mutex)
{
    if (mutex->__data.__count + 1 == 0)
        return EAGAIN;
    mutex->__data.__count++;
    return 0;
}

/* All types; `kind` is one of them. */
static int lock(pthread_mutex_t *mutex, int kind, uint32_t self, const struct oncpu_deadline *deadline)
{
    bool recursive = kind == PTHREAD_MUTEX_RECURSIVE;
    int error;

    if (recursive && is_mine(mutex, self))
        return deeper(mutex);
    if (kind == PTHREAD_MUTEX_ERRORCHECK && is_mine(mutex, self))
        return EDEADLK;
    error = take(mutex, self, deadline);
    if (!error && recursive)
        mutex->__data.__count = 1;
    return error;
}

static bool is_served(int kind, int offset)
{
    return offset && kind >= PTHREAD_MUTEX_NORMAL && kind <= PTHREAD_MUTEX_ADAPTIVE_NP;
}

/* ---- the functions ---- */

static __attribute__((noinline)) int lock_other(pthread_mutex_t *mutex, int kind, int offset)
{
    return is_served(kind, offset) ? lock(mutex, kind, oncpu_tid_at(offset), NULL) : oncpu_glibc()->lock(mutex);
}

static int drop_lock(pthread_mutex_t *mutex)
{
    int kind = oncpu_kind(mutex);
    int offset = oncpu_served();

    if (__builtin_expect(kind != PTHREAD_MUTEX_NORMAL || !offset, 0))
        return lock_other(mutex, kind, offset);
    return take(mutex, oncpu_tid_at(offset), NULL);
}

static int drop_trylock(pthread_mutex_t *mutex)
{
    int kind = oncpu_kind(mutex);
    int offset = oncpu_served();
    uint32_t self;

    if (!is_served(kind, offset))
        return oncpu_glibc()->trylock(mutex);
    self = oncpu_tid_at(offset);
    if (kind == PTHREAD_MUTEX_RECURSIVE && is_mine(mutex, self))
        return deeper(mutex);
    if (!take_if_free(mutex))
        return EBUSY;
    if (kind == PTHREAD_MUTEX_RECURSIVE)
        mutex->__data.__count = 1;
    return taken(mutex, self);
}

static int drop_timedlock(pthread_mutex_t *mutex, const struct timespec *abstime)
{
    const struct oncpu_deadline deadline = {CLOCK_REALTIME, abstime};
    int kind = oncpu_kind(mutex);
    int offset = oncpu_served();

    if (!is_served(kind, offset))
        return oncpu_glibc()->timedlock(mutex, abstime);
    return lock(mutex, kind, oncpu_tid_at(offset), &deadline);
}

static int drop_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *abstime)
{
    const struct oncpu_deadline deadline = {clock, abstime};
    int kind = oncpu_kind(mutex);
    int offset = oncpu_served();

    if (!is_served(kind, offset) || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
        return oncpu_glibc()->clocklock(mutex, clock, abstime);
    return lock(mutex, kind, oncpu_tid_at(offset), &deadline);
}

/* The owner's last touch of the mutex is the exchange (I4): so all else comes before it. */
static inline int release(pthread_mutex_t *mutex)
{
    __atomic_store_n(oncpu_owner_of(mutex), 0, __ATOMIC_RELAXED);
    mutex->__data.__nusers--;
    if (__libc_single_threaded && __atomic_load_n(oncpu_word_of(mutex), __ATOMIC_RELAXED) == ONCPU_WORD_HELD)
        __atomic_store_n(oncpu_word_of(mutex), ONCPU_WORD_FREE, __ATOMIC_RELAXED);
    else
        oncpu_lock_release(oncpu_word_of(mutex));
    return 0;
}

static __attribute__((noinline)) int unlock_other(pthread_mutex_t *mutex, int kind, int offset)
{
    if (!is_served(kind, offset))
        return oncpu_glibc()->unlock(mutex);
    if (kind == PTHREAD_MUTEX_ADAPTIVE_NP)
        return release(mutex);
    if (!is_mine(mutex, oncpu_tid_at(offset)))
        return EPERM;
    if (kind == PTHREAD_MUTEX_RECURSIVE && --mutex->__data.__count != 0)
        return 0;
    if (kind == PTHREAD_MUTEX_ERRORCHECK && __atomic_load_n(oncpu_word_of(mutex), __ATOMIC_RELAXED) == ONCPU_WORD_FREE)
        return EPERM;
    return release(mutex);
}

static int drop_unlock(pthread_mutex_t *mutex)
{
    int kind = oncpu_kind(mutex);
    int offset = oncpu_served();

    if (__builtin_expect(kind != PTHREAD_MUTEX_NORMAL || !offset, 0))
        return unlock_other(mutex, kind, offset);
    return release(mutex);
}

ONCPU_EXPORT(drop_lock, pthread_mutex_lock, ONCPU_GLIBC_BASE)
ONCPU_EXPORT(drop_unlock, pthread_mutex_unlock, ONCPU_GLIBC_BASE)
ONCPU_EXPORT_BOTH(drop_trylock, pthread_mutex_trylock, ONCPU_GLIBC_BASE)
ONCPU_EXPORT_BOTH(drop_timedlock, pthread_mutex_timedlock, ONCPU_GLIBC_BASE)
ONCPU_EXPORT_BOTH(drop_clocklock, pthread_mutex_clocklock, "GLIBC_2.30")
