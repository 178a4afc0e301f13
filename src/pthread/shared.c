/* SPDX-License-Identifier: MIT */
/*
 * Process-shared mutexes. The owner's state can be known where both processes have the machine-wide array: the owner leaves its
 * slot in the mutex, beside the count of turns, and the waiter looks whether the record there is of a thread with the owner's tid.
 * Whatever stands there costs time at most. Where this process has not that array (its own one others cannot read), glibc serves
 * them; and as the word is glibc's, some processes may go the one way and some the other, and one process first this way and then
 * that.
 *
 * A process that never creates a thread, as many servers' that fork their workers beforehand, has no source by then. So it joins
 * the machine-wide program where it makes such a mutex (its children by fork have the source from there), or, if it has only
 * mapped what another has made, where it meets contention. A program of its own it never loads there: that takes milliseconds
 * and allocates memory, and a lock may be held by the program's malloc.
 */
#include "shared.h"

#include "../state/state.h"
#include "glibc.h"
#include "report.h"
#include "symbols.h"

int oncpu_pthread_shared_offset;

/* Where the caller's tid is; 0: a mutex that is not for us, whatever the source. */
static int offset_if_known(int kind)
{
    if ((unsigned int)(kind - ONCPU_KIND_SHARED) > PTHREAD_MUTEX_ADAPTIVE_NP)
        return 0;
    return __atomic_load_n(&oncpu_pthread_shared_offset, __ATOMIC_RELAXED); /* as oncpu_served() */
}

/* The caller's tid; 0: not for us. */
static uint32_t self_if_served(int kind)
{
    int offset = offset_if_known(kind);

    return offset && __atomic_load_n(&oncpu_state_machine_wide, __ATOMIC_RELAXED) ? oncpu_tid_at(offset) : 0;
}

static void join(void)
{
    if (oncpu_state_join())
        oncpu_report_source();
}

/* The same for who is going to wait if the mutex is held. Relaxed: a guess. */
static uint32_t self_of_waiter(pthread_mutex_t *mutex)
{
    int kind = oncpu_kind(mutex);
    uint32_t self = self_if_served(kind);

    if (self || !offset_if_known(kind) || __atomic_load_n(oncpu_word_of(mutex), __ATOMIC_RELAXED) == ONCPU_WORD_FREE)
        return self;
    join();
    return self_if_served(kind);
}

static int type_of(const pthread_mutex_t *mutex)
{
    return oncpu_kind(mutex) - ONCPU_KIND_SHARED;
}

static uint32_t *slot_of(pthread_mutex_t *mutex)
{
    return oncpu_turns_of(mutex) + 1;
}

/* Relaxed, all of it: hints to others (I5), and exact for the thread itself. */
static bool is_mine(pthread_mutex_t *mutex, uint32_t self)
{
    return __atomic_load_n(oncpu_owner_of(mutex), __ATOMIC_RELAXED) == self;
}

static void own(pthread_mutex_t *mutex, uint32_t self)
{
    oncpu_lock_turn(oncpu_turns_of(mutex), oncpu_turn_here(self));
    __atomic_store_n(slot_of(mutex), oncpu_state_slot(), __ATOMIC_RELAXED);
    __atomic_store_n(oncpu_owner_of(mutex), self, __ATOMIC_RELAXED);
    mutex->__data.__nusers++;
}

enum patience { FOR_NONE, FOR_EVER, UNTIL };

static int take(pthread_mutex_t *mutex, uint32_t self, enum patience patience, const struct oncpu_deadline *deadline)
{
    const struct oncpu_lock lock = {oncpu_word_of(mutex), oncpu_owner_of(mutex), oncpu_turns_of(mutex), NULL,
                                    slot_of(mutex)};
    int error = 0;

    if (!oncpu_lock_try(lock.word))
        error = patience == FOR_NONE ? EBUSY : oncpu_lock_wait(lock, deadline);
    if (!error)
        own(mutex, self);
    return error;
}

static int lock(pthread_mutex_t *mutex, uint32_t self, enum patience patience, const struct oncpu_deadline *deadline)
{
    int type = type_of(mutex);
    int error;

    if (type == PTHREAD_MUTEX_RECURSIVE && is_mine(mutex, self)) {
        if (mutex->__data.__count + 1 == 0)
            return EAGAIN;
        mutex->__data.__count++;
        return 0;
    }
    if (type == PTHREAD_MUTEX_ERRORCHECK && patience != FOR_NONE && is_mine(mutex, self))
        return EDEADLK;
    error = take(mutex, self, patience, deadline);
    if (!error && type == PTHREAD_MUTEX_RECURSIVE)
        mutex->__data.__count = 1;
    return error;
}

int oncpu_shared_lock(pthread_mutex_t *mutex)
{
    uint32_t self = self_of_waiter(mutex);

    return self ? lock(mutex, self, FOR_EVER, NULL) : oncpu_glibc()->lock(mutex);
}

int oncpu_shared_trylock(pthread_mutex_t *mutex)
{
    uint32_t self = self_if_served(oncpu_kind(mutex));

    return self ? lock(mutex, self, FOR_NONE, NULL) : oncpu_glibc()->trylock(mutex);
}

int oncpu_shared_timedlock(pthread_mutex_t *mutex, const struct timespec *abstime)
{
    const struct oncpu_deadline deadline = {CLOCK_REALTIME, abstime};
    uint32_t self = self_of_waiter(mutex);

    return self ? lock(mutex, self, UNTIL, &deadline) : oncpu_glibc()->timedlock(mutex, abstime);
}

int oncpu_shared_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *abstime)
{
    const struct oncpu_deadline deadline = {clock, abstime};
    uint32_t self = self_of_waiter(mutex);

    if (!self || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
        return oncpu_glibc()->clocklock(mutex, clock, abstime);
    return lock(mutex, self, UNTIL, &deadline);
}

/* The exchange is the last touch (I4). Release: as in oncpu_lock_release(), pairs with the next owner's acquire. */
static int release(pthread_mutex_t *mutex)
{
    uint32_t *word = oncpu_word_of(mutex);

    __atomic_store_n(oncpu_owner_of(mutex), 0, __ATOMIC_RELAXED);
    mutex->__data.__nusers--;
    if (__atomic_exchange_n(word, ONCPU_WORD_FREE, __ATOMIC_RELEASE) == ONCPU_WORD_CONTENDED)
        oncpu_lock_wake_shared(word);
    return 0;
}

/* Somebody waits for a mutex of this process's: it is an owner whose state others want to know. */
static int release_by_glibc(pthread_mutex_t *mutex)
{
    bool contended = offset_if_known(oncpu_kind(mutex)) &&
                     __atomic_load_n(oncpu_word_of(mutex), __ATOMIC_RELAXED) == ONCPU_WORD_CONTENDED;
    int error = oncpu_glibc()->unlock(mutex);

    if (contended)
        join();
    return error;
}

int oncpu_shared_unlock(pthread_mutex_t *mutex)
{
    uint32_t self = self_if_served(oncpu_kind(mutex));
    int type = type_of(mutex);

    if (!self)
        return release_by_glibc(mutex);
    if (type == PTHREAD_MUTEX_NORMAL || type == PTHREAD_MUTEX_ADAPTIVE_NP)
        return release(mutex);
    if (!is_mine(mutex, self))
        return EPERM;
    if (type == PTHREAD_MUTEX_RECURSIVE && --mutex->__data.__count != 0)
        return 0;
    if (type == PTHREAD_MUTEX_ERRORCHECK && __atomic_load_n(oncpu_word_of(mutex), __ATOMIC_RELAXED) == ONCPU_WORD_FREE)
        return EPERM;
    return release(mutex);
}

static int drop_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    int error = oncpu_glibc()->init(mutex, attributes);

    if (!error && offset_if_known(oncpu_kind(mutex)))
        join();
    return error;
}

ONCPU_EXPORT(drop_init, pthread_mutex_init, ONCPU_GLIBC_BASE)
