/* SPDX-License-Identifier: MIT */
/*
 * pthread_mutex_lock, _trylock, _timedlock, _clocklock and _unlock for the kinds normal, recursive, errorcheck and
 * adaptive: glibc's mutex, glibc's results (nptl/pthread_mutex_*.c, glibc 2.36), our way to wait. Those between processes go to
 * shared.c, and all other kinds from there to glibc.
 */
#include "../state/state.h"
#include "glibc_mutex.h"
#include "shared.h"
#include "symbols.h"

#include <sys/single_threaded.h>

/* ---- taking it, in the three ways that there are ---- */

/* Relaxed: the owner is a hint to others, and exact for the thread itself. `nusers` is what pthread_mutex_destroy() goes by. */
static inline void own(pthread_mutex_t *mutex, uint32_t self)
{
    __atomic_store_n(oncpu_owner_of(mutex), self, __ATOMIC_RELAXED);
    mutex->__data.__nusers++;
}

/* glibc too does without atomic operations as long as there is one thread; and no turn is of interest to others then. */
static inline bool take_alone(pthread_mutex_t *mutex, uint32_t self)
{
    if (!__libc_single_threaded || __atomic_load_n(oncpu_word_of(mutex), __ATOMIC_RELAXED) != ONCPU_WORD_FREE)
        return false;
    __atomic_store_n(oncpu_word_of(mutex), ONCPU_WORD_HELD, __ATOMIC_RELAXED);
    own(mutex, self);
    return true;
}

static inline bool take_if_free(pthread_mutex_t *mutex, uint32_t self)
{
    uint32_t here;

    if (take_alone(mutex, self))
        return true;
    here = oncpu_turn_here(self);
    if (__builtin_expect(!oncpu_lock_try(oncpu_word_of(mutex)), 0))
        return false;
    own(mutex, self);
    oncpu_lock_turn(oncpu_turns_of(mutex), here);
    return true;
}

static __attribute__((noinline)) int wait_for(pthread_mutex_t *mutex, const struct oncpu_deadline *deadline)
{
    int error = oncpu_lock_wait(oncpu_lock_of(mutex), deadline);
    uint32_t self = oncpu_self_tid();

    if (error)
        return error;
    oncpu_lock_turn(oncpu_turns_of(mutex), oncpu_turn_here(self));
    own(mutex, self);
    return 0;
}

static inline int take(pthread_mutex_t *mutex, uint32_t self, const struct oncpu_deadline *deadline)
{
    return __builtin_expect(take_if_free(mutex, self), 1) ? 0 : wait_for(mutex, deadline);
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

static __attribute__((noinline)) int wait_for_recursive(pthread_mutex_t *mutex, const struct oncpu_deadline *deadline)
{
    int error = wait_for(mutex, deadline);

    if (!error)
        mutex->__data.__count = 1;
    return error;
}

static inline int lock_recursive(pthread_mutex_t *mutex, uint32_t self, const struct oncpu_deadline *deadline)
{
    if (is_mine(mutex, self))
        return deeper(mutex);
    if (__builtin_expect(!take_if_free(mutex, self), 0))
        return wait_for_recursive(mutex, deadline);
    mutex->__data.__count = 1;
    return 0;
}

/* All types; `kind` is one of them. */
static inline int lock(pthread_mutex_t *mutex, int kind, uint32_t self, const struct oncpu_deadline *deadline)
{
    if (__builtin_expect(kind == PTHREAD_MUTEX_NORMAL, 1))
        return take(mutex, self, deadline);
    if (kind == PTHREAD_MUTEX_RECURSIVE)
        return lock_recursive(mutex, self, deadline);
    if (kind == PTHREAD_MUTEX_ERRORCHECK && is_mine(mutex, self))
        return EDEADLK;
    return take(mutex, self, deadline);
}

static inline bool is_served(int kind, int offset)
{
    return offset && (unsigned int)kind <= PTHREAD_MUTEX_ADAPTIVE_NP;
}

/* ---- the functions ---- */

/* Out of line, so that the others need no stack for the call. */
static __attribute__((noinline)) int pass_unlock(pthread_mutex_t *mutex)
{
    return oncpu_shared_unlock(mutex);
}

static __attribute__((noinline)) int lock_other(pthread_mutex_t *mutex, int kind, int offset)
{
    if (!is_served(kind, offset))
        return oncpu_shared_lock(mutex);
    return lock(mutex, kind, oncpu_tid_at(offset), NULL);
}

static ONCPU_FAST_PATH int drop_lock(pthread_mutex_t *mutex)
{
    int kind = oncpu_kind(mutex);
    int offset = oncpu_served();

    if (__builtin_expect(kind == PTHREAD_MUTEX_NORMAL && offset, 1))
        return take(mutex, oncpu_tid_at(offset), NULL);
    if (kind == PTHREAD_MUTEX_RECURSIVE && offset)
        return lock_recursive(mutex, oncpu_tid_at(offset), NULL);
    return lock_other(mutex, kind, offset);
}

static int drop_trylock(pthread_mutex_t *mutex)
{
    int kind = oncpu_kind(mutex);
    int offset = oncpu_served();
    uint32_t self;

    if (!is_served(kind, offset))
        return oncpu_shared_trylock(mutex);
    self = oncpu_tid_at(offset);
    if (kind == PTHREAD_MUTEX_RECURSIVE && is_mine(mutex, self))
        return deeper(mutex);
    if (!take_if_free(mutex, self))
        return EBUSY;
    if (kind == PTHREAD_MUTEX_RECURSIVE)
        mutex->__data.__count = 1;
    return 0;
}

static int drop_timedlock(pthread_mutex_t *mutex, const struct timespec *abstime)
{
    const struct oncpu_deadline deadline = {CLOCK_REALTIME, abstime};
    int kind = oncpu_kind(mutex);
    int offset = oncpu_served();

    if (!is_served(kind, offset))
        return oncpu_shared_timedlock(mutex, abstime);
    return lock(mutex, kind, oncpu_tid_at(offset), &deadline);
}

static int drop_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *abstime)
{
    const struct oncpu_deadline deadline = {clock, abstime};
    int kind = oncpu_kind(mutex);
    int offset = oncpu_served();

    if (!is_served(kind, offset) || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
        return oncpu_shared_clocklock(mutex, clock, abstime);
    return lock(mutex, kind, oncpu_tid_at(offset), &deadline);
}

/* The owner's last touch of the mutex is the exchange (I4): so all else comes before it. */
static inline int release(pthread_mutex_t *mutex)
{
    __atomic_store_n(oncpu_owner_of(mutex), 0, __ATOMIC_RELAXED);
    mutex->__data.__nusers--;
    if (__libc_single_threaded && __atomic_load_n(oncpu_word_of(mutex), __ATOMIC_RELAXED) == ONCPU_WORD_HELD) {
        __atomic_store_n(oncpu_word_of(mutex), ONCPU_WORD_FREE, __ATOMIC_RELAXED);
        return 0;
    }
    return oncpu_lock_release(oncpu_word_of(mutex), oncpu_claim_of(mutex));
}

static inline int unlock_checked(pthread_mutex_t *mutex, int kind, uint32_t self)
{
    if (!is_mine(mutex, self))
        return EPERM;
    if (kind == PTHREAD_MUTEX_RECURSIVE && --mutex->__data.__count != 0)
        return 0;
    if (kind == PTHREAD_MUTEX_ERRORCHECK && __atomic_load_n(oncpu_word_of(mutex), __ATOMIC_RELAXED) == ONCPU_WORD_FREE)
        return EPERM;
    return release(mutex);
}

static ONCPU_FAST_PATH int drop_unlock(pthread_mutex_t *mutex)
{
    int kind = oncpu_kind(mutex);
    int offset = oncpu_served();

    if (__builtin_expect(!is_served(kind, offset), 0))
        return pass_unlock(mutex);
    if (__builtin_expect(kind == PTHREAD_MUTEX_NORMAL || kind == PTHREAD_MUTEX_ADAPTIVE_NP, 1))
        return release(mutex);
    return unlock_checked(mutex, kind, oncpu_tid_at(offset));
}

ONCPU_EXPORT(drop_lock, pthread_mutex_lock, ONCPU_GLIBC_BASE)
ONCPU_EXPORT(drop_unlock, pthread_mutex_unlock, ONCPU_GLIBC_BASE)
ONCPU_EXPORT_BOTH(drop_trylock, pthread_mutex_trylock, ONCPU_GLIBC_BASE)
ONCPU_EXPORT_BOTH(drop_timedlock, pthread_mutex_timedlock, ONCPU_GLIBC_BASE)
ONCPU_EXPORT_BOTH(drop_clocklock, pthread_mutex_clocklock, "GLIBC_2.30")
