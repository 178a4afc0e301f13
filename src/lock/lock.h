/* SPDX-License-Identifier: MIT */
/*
 * The lock itself: the values of its word, and the two steps that take no waiting. What a waiter does is in wait.c.
 *
 * The word (glibc has the same for its mutexes, nptl/lowlevellock.h, so that both can work on one):
 *
 *   value         meaning                              who writes it
 *   FREE      0   nobody has it                        the owner, releasing (exchange, release)
 *   HELD      1   held, nobody sleeps                  who takes it without having slept (CAS 0→1, acquire)
 *   CONTENDED 2   held, somebody may sleep             who is about to sleep, or has slept (exchange, acquire)
 *
 * Invariants:
 *   I1  If a thread sleeps on the word, the word is CONTENDED, or a wake-up is on its way to one of the sleepers.
 *   I2  Who was woken takes the lock as CONTENDED: it cannot know whether others sleep.
 *   I3  Whoever changes the word from CONTENDED to FREE wakes one sleeper.
 *   I4  After the releasing exchange the lock's content is not touched: it may be gone.
 *   I5  `owner`, `turns` and `slot` decide nothing: they tell waiters how to wait.
 * The lock can also go from owner to waiter without being free in between: handoff.h.
 */
#ifndef ONCPU_LOCK_LOCK_H
#define ONCPU_LOCK_LOCK_H

#include "../state/self.h"
#include "os.h"

#define ONCPU_WORD_FREE 0u
#define ONCPU_WORD_HELD 1u
#define ONCPU_WORD_CONTENDED 2u

/* For the two functions that every program calls all the time: where they begin costs up to a tenth of their time. */
#define ONCPU_FAST_PATH __attribute__((aligned(64)))

/* A lock, wherever its parts are: in an oncpu_mutex_t, or in a pthread_mutex_t. */
struct oncpu_lock {
    uint32_t *word;
    uint32_t *owner; /* tid; 0: none, or not known at this moment */
    uint32_t *turns; /* the owner counts its turn, and may say on which CPU it is: oncpu_lock_turn() */
    uint32_t *claim; /* which waiter is to have it next: handoff.h; NULL: of a lock between processes */
    uint32_t *slot;  /* of such a lock: the owner's slot in the machine-wide array, + 1; NULL: of one process's */
};

/* Takes a free lock. Acquire: pairs with the release in oncpu_lock_release(). */
static inline bool oncpu_lock_try(uint32_t *word)
{
    uint32_t expected = ONCPU_WORD_FREE;

    return __atomic_compare_exchange_n(word, &expected, ONCPU_WORD_HELD, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/*
 * `turns` is a count in the low bits, and in the high ones a sum that says on which CPU the owner took the lock. The tid is part
 * of that sum because not everybody counts (glibc does not, in pthread_cond_wait()): so it says nothing of an owner that has not
 * written it. The bit between them takes the count's carry.
 */
#define ONCPU_TURN_COUNTS 0x10000u
#define ONCPU_TURN_CPU_SHIFT 17
#define ONCPU_TURN_TID_SHIFT 27 /* of more than 1024 CPUs, and of tids 32 apart, some are taken for others: a hint */

static inline uint32_t oncpu_turn_place(uint32_t tid, uint32_t cpu)
{
    return (tid << ONCPU_TURN_TID_SHIFT) + ((cpu + 1u) << ONCPU_TURN_CPU_SHIFT); /* 0: it did not say */
}

/* The caller's, if it is to say where it is (a waiter decides that, wait.c); else it only counts. */
static inline uint32_t oncpu_turn_here(uint32_t self)
{
    int offset = __atomic_load_n(&oncpu_told_cpu_offset, __ATOMIC_RELAXED);

    return __builtin_expect(offset != 0, 0) ? oncpu_turn_place(self, oncpu_self_word(offset)) + 1 : 1;
}

/*
 * Whether the owner took the lock on the CPU that the caller is on: then it does not run, or on another CPU by now, which is rare. All
 * that there is to know of an owner that has no record.
 */
static inline bool oncpu_lock_was_taken_here(uint32_t turns, uint32_t owner)
{
    uint32_t cpu = oncpu_self_cpu();

    return owner && cpu < ONCPU_NO_CPU && (turns - oncpu_turn_place(owner, cpu)) <= ONCPU_TURN_COUNTS;
}

/*
 * The owner counts its turn. Relaxed: a hint (I5). A plain store in a line that the owner has anyway. `here` is found out before
 * the lock is taken, as loads behind an atomic operation wait for it.
 */
static inline void oncpu_lock_turn(uint32_t *turns, uint32_t here)
{
    uint32_t count = __atomic_load_n(turns, __ATOMIC_RELAXED) % ONCPU_TURN_COUNTS;

    __atomic_store_n(turns, count + here, __ATOMIC_RELAXED);
}

/*
 * The rest of a release that found the word CONTENDED: wakes a sleeper (I3). Uses only the address (I4). Returns 0, as all that comes
 * last in an unlock does: so that it is a jump, and the unlock needs no stack.
 */
int oncpu_lock_wake(const uint32_t *word);

/*
 * Releases the lock; the caller has cleared `owner`. Release: pairs with the acquire of the next owner. An exchange and
 * not a store, because a waiter's mark must not be overwritten unseen.
 */
static inline int oncpu_lock_set_free(uint32_t *word)
{
    if (__builtin_expect(__atomic_exchange_n(word, ONCPU_WORD_FREE, __ATOMIC_RELEASE) == ONCPU_WORD_CONTENDED, 0))
        return oncpu_lock_wake(word);
    return 0;
}

/* The same for a lock that somebody claims: hands it over if that can be now (handoff.h). */
int oncpu_lock_release_claimed(uint32_t *word, uint32_t *claim);

/*
 * Releases a lock of one process; returns 0. Relaxed load of the claim: one that comes later waits for the next release. Pointers
 * and no struct, for the same reason.
 */
static inline int oncpu_lock_release(uint32_t *word, uint32_t *claim)
{
    if (__builtin_expect(__atomic_load_n(claim, __ATOMIC_RELAXED) != 0, 0))
        return oncpu_lock_release_claimed(word, claim);
    return oncpu_lock_set_free(word);
}

/* The same for a lock between processes. */
void oncpu_lock_wake_shared(const uint32_t *word);

/*
 * Takes the lock after oncpu_lock_try() failed, waiting until the deadline at most. Returns 0, ETIMEDOUT, or EINVAL
 * (the deadline is no time). On 0 the caller owns the lock, and says so. Preserves errno.
 */
int oncpu_lock_wait(struct oncpu_lock lock, const struct oncpu_deadline *deadline);

#endif
