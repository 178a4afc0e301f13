/* SPDX-License-Identifier: MIT */
/*
 * oncpu_mutex_t: the lock as a mutex of its own.
 */
#include "../state/state.h"
#include "lock.h"

#include <sys/single_threaded.h>

static struct oncpu_lock lock_of(oncpu_mutex_t *mutex)
{
    return (struct oncpu_lock){&mutex->oncpu_word, &mutex->oncpu_owner, &mutex->oncpu_turns, &mutex->oncpu_claim, NULL};
}

static inline void own(oncpu_mutex_t *mutex, uint32_t self)
{
    __atomic_store_n(&mutex->oncpu_owner, self, __ATOMIC_RELAXED); /* a hint (I5) */
}

/*
 * While the process has one thread (glibc tells, <sys/single_threaded.h>), nobody can come between a load and a store:
 * so no atomic operation is needed, and glibc's own mutexes use none. And no turn is of interest to others then.
 */
static inline bool take_alone(oncpu_mutex_t *mutex, uint32_t self)
{
    if (!__libc_single_threaded || __atomic_load_n(&mutex->oncpu_word, __ATOMIC_RELAXED) != ONCPU_WORD_FREE)
        return false;
    __atomic_store_n(&mutex->oncpu_word, ONCPU_WORD_HELD, __ATOMIC_RELAXED);
    own(mutex, self);
    return true;
}

static inline bool take_if_free(oncpu_mutex_t *mutex, uint32_t self)
{
    uint32_t here;

    if (take_alone(mutex, self))
        return true;
    here = oncpu_turn_here(self);
    if (__builtin_expect(!oncpu_lock_try(&mutex->oncpu_word), 0))
        return false;
    oncpu_lock_turn(&mutex->oncpu_turns, here);
    own(mutex, self);
    return true;
}

static __attribute__((noinline)) int wait_for(oncpu_mutex_t *mutex, const struct oncpu_deadline *deadline)
{
    uint32_t self = oncpu_self_tid();
    int error;

    if (take_if_free(mutex, self))
        return 0;
    error = oncpu_lock_wait(lock_of(mutex), deadline);
    if (error)
        return error;
    oncpu_lock_turn(&mutex->oncpu_turns, oncpu_turn_here(self));
    own(mutex, self);
    return 0;
}

int oncpu_mutex_init(oncpu_mutex_t *mutex)
{
    *mutex = (oncpu_mutex_t)ONCPU_MUTEX_INITIALIZER;
    return 0;
}

int oncpu_mutex_destroy(oncpu_mutex_t *mutex)
{
    return __atomic_load_n(&mutex->oncpu_word, __ATOMIC_RELAXED) == ONCPU_WORD_FREE ? 0 : EBUSY;
}

/* The tid comes first: then nothing is left to be kept across a call, and the fast path needs no stack. */
ONCPU_FAST_PATH int oncpu_mutex_lock(oncpu_mutex_t *mutex)
{
    int offset = __atomic_load_n(&oncpu_tid_offset, __ATOMIC_RELAXED);

    if (__builtin_expect(offset && take_if_free(mutex, oncpu_tid_at(offset)), 1))
        return 0;
    return wait_for(mutex, NULL);
}

int oncpu_mutex_trylock(oncpu_mutex_t *mutex)
{
    return take_if_free(mutex, oncpu_self_tid()) ? 0 : EBUSY;
}

int oncpu_mutex_timedlock(oncpu_mutex_t *mutex, const struct timespec *deadline)
{
    return oncpu_mutex_clocklock(mutex, CLOCK_REALTIME, deadline);
}

int oncpu_mutex_clocklock(oncpu_mutex_t *mutex, clockid_t clock, const struct timespec *deadline)
{
    const struct oncpu_deadline until = {clock, deadline};

    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    return wait_for(mutex, &until);
}

ONCPU_FAST_PATH int oncpu_mutex_unlock(oncpu_mutex_t *mutex)
{
    /* before the release: afterwards the memory is another's (I4) */
    __atomic_store_n(&mutex->oncpu_owner, 0, __ATOMIC_RELAXED);
    if (__libc_single_threaded && __atomic_load_n(&mutex->oncpu_word, __ATOMIC_RELAXED) == ONCPU_WORD_HELD) {
        __atomic_store_n(&mutex->oncpu_word, ONCPU_WORD_FREE, __ATOMIC_RELAXED);
        return 0;
    }
    return oncpu_lock_release(&mutex->oncpu_word, &mutex->oncpu_claim);
}
