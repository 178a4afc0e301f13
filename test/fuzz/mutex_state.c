/* SPDX-License-Identifier: MIT */
/* Reads glibc's mutexes of all kinds. */
#include "mutex_state.h"

#include <limits.h>
#include <linux/futex.h>

enum { TYPE = 3, INVALID = 12, ROBUST = 16, INHERIT = 32, PROTECT = 64, CEILING_SHIFT = 19 };
enum { OWNER_DIED = INT_MAX, NOT_RECOVERABLE = INT_MAX - 1 };
enum { OWNER_UNKNOWN = -1, OWNER_SPECIAL = -2 };

static bool is_valid(int kind)
{
    return kind >= 0 && !(kind & INVALID);
}

static bool owner_in_word(int kind)
{
    return is_valid(kind) && (kind & (ROBUST | INHERIT));
}

static bool is_protected(int kind)
{
    return is_valid(kind) && (kind & PROTECT);
}

static unsigned int word_of(const pthread_mutex_t *mutex)
{
    return (unsigned int)__atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED);
}

static unsigned int held_bits(const pthread_mutex_t *mutex)
{
    int kind = mutex->__data.__kind;

    if (owner_in_word(kind))
        return word_of(mutex) & FUTEX_TID_MASK;
    return is_protected(kind) ? word_of(mutex) & ((1u << CEILING_SHIFT) - 1) : word_of(mutex);
}

static int thread_number(int tid, const pid_t *tids, int ntids)
{
    if (tid == OWNER_DIED || tid == NOT_RECOVERABLE)
        return OWNER_SPECIAL - (tid == OWNER_DIED);
    for (int i = 0; i < ntids; i++)
        if (tids[i] == tid)
            return i + 1;
    return tid ? OWNER_UNKNOWN : 0;
}

/*
 * Who waits or has waited does not count: a thread that timed out may leave its mark in the word, and whether it does
 * is the implementation's own business.
 */
struct visible fuzz_visible(const pthread_mutex_t *mutex, const pid_t *tids, int ntids)
{
    int kind = mutex->__data.__kind;
    unsigned int word = word_of(mutex);

    return (struct visible){
        .held = held_bits(mutex) != 0,
        .bits = owner_in_word(kind)  ? (int)(word & FUTEX_OWNER_DIED)
                : is_protected(kind) ? (int)(word >> CEILING_SHIFT)
                                     : 0,
        .word_owner = owner_in_word(kind) ? thread_number((int)(word & FUTEX_TID_MASK), tids, ntids) : 0,
        .count = mutex->__data.__count,
        .owner = thread_number(mutex->__data.__owner, tids, ntids),
        .nusers = mutex->__data.__nusers,
        .kind = kind,
    };
}

bool fuzz_same(const struct visible *a, const struct visible *b)
{
    return a->held == b->held && a->bits == b->bits && a->count == b->count && a->word_owner == b->word_owner &&
           a->owner == b->owner && a->nusers == b->nusers && a->kind == b->kind;
}

void fuzz_print_visible(FILE *to, const struct visible *v)
{
    fprintf(to, "held %d, bits %#x, count %u, owner %d, owner in the word %d, nusers %u, kind %d", v->held,
            (unsigned int)v->bits, v->count, v->owner, v->word_owner, v->nusers, v->kind);
}

bool fuzz_is_robust(const pthread_mutex_t *mutex)
{
    return is_valid(mutex->__data.__kind) && (mutex->__data.__kind & ROBUST);
}

bool fuzz_is_mine(const pthread_mutex_t *mutex, pid_t self)
{
    if (!is_valid(mutex->__data.__kind) || !held_bits(mutex))
        return false;
    return owner_in_word(mutex->__data.__kind) ? (pid_t)held_bits(mutex) == self : mutex->__data.__owner == self;
}

bool fuzz_has_waiters(const pthread_mutex_t *mutex)
{
    return owner_in_word(mutex->__data.__kind) ? word_of(mutex) & FUTEX_WAITERS : held_bits(mutex) == 2;
}

bool fuzz_is_last_level(const pthread_mutex_t *mutex)
{
    return (mutex->__data.__kind & TYPE) != PTHREAD_MUTEX_RECURSIVE || mutex->__data.__count == 1;
}

static bool would_wait(const pthread_mutex_t *mutex, pid_t self)
{
    int type = mutex->__data.__kind & TYPE;

    if (!is_valid(mutex->__data.__kind) || !held_bits(mutex))
        return false;
    return !fuzz_is_mine(mutex, self) || (type != PTHREAD_MUTEX_RECURSIVE && type != PTHREAD_MUTEX_ERRORCHECK);
}

bool fuzz_allowed(struct step *step, const pthread_mutex_t *mutex, pid_t self)
{
    bool linked = fuzz_is_robust(mutex) && held_bits(mutex); /* its thread's list of robust mutexes leads through it */
    bool mine = fuzz_is_mine(mutex, self);

    switch (step->op) {
    case OP_INIT:
    case OP_STATIC:
    case OP_RAW_KIND:
    case OP_DESTROY:
        return !linked;
    case OP_TRYLOCK: /* glibc 2.36 says ENOTRECOVERABLE, but keeps it, and crashes when it is unlocked */
        return mutex->__data.__owner != NOT_RECOVERABLE;
    case OP_LOCK:
        return !would_wait(mutex, self);
    case OP_TIMEDLOCK:
    case OP_CLOCKLOCK:
        if (would_wait(mutex, self) && fuzz_time_is_far(step))
            fuzz_set_time_near(step);
        return true;
    case OP_UNLOCK:
        return mine || !is_protected(mutex->__data.__kind);
    case OP_CONSISTENT:
        return !fuzz_is_robust(mutex) || mine;
    case OP_SETCEILING:
        if (!(mutex->__data.__kind & PROTECT))
            return true;
        return is_valid(mutex->__data.__kind) && !would_wait(mutex, self); /* it takes the mutex */
    case OP_DEEPEN:
        return mine && (mutex->__data.__kind & TYPE) == PTHREAD_MUTEX_RECURSIVE;
    case OP_COND:
        return mine;
    case OP_FORK:
        return !is_protected(mutex->__data.__kind);
    case OP_HAND_OFF:
        return mine && fuzz_is_last_level(mutex);
    case OP_CROWD:
        return is_valid(mutex->__data.__kind) && !is_protected(mutex->__data.__kind) && !word_of(mutex) &&
               !mutex->__data.__owner;
    default:
        return true;
    }
}
