/* SPDX-License-Identifier: MIT */
/* The condition variable over the mutex, in programs that rely on it: a queue with signals, a gate that ends. */

#define USERS 1 /* nobody lets go of the mutex here: mutex.pml has that */
#include "lock.pml"

#ifndef TAKERS
#define TAKERS 0 /* each waits for one item of the queue, as long as it takes */
#endif
#ifndef PASSERS
#define PASSERS 0 /* each waits with a deadline, and signals again when it got a signal; gone at once when it did not */
#endif
#ifndef VISITORS
#define VISITORS 0 /* each waits for the gate to open */
#endif

byte signals; /* the futex word: moves at each signal and broadcast */
byte waiters; /* threads inside a wait, and DESTROY */
bool cond_gone;
#define DESTROY 128

byte items;
bool gate_open;

#ifdef MUTANT_CHANGE_WITHOUT_COUNT
#define MOVE_SIGNALS skip
#else
#define MOVE_SIGNALS signals++
#endif

#define COND_LOCALS         \
    MUTEX_LOCALS;           \
    byte seq;               \
    bool wait_is_timed;     \
    bool wait_timed_out

inline cond_enter()
{
#ifdef MUTANT_ENTER_SPLIT
    d_step { assert(!cond_gone); old = waiters };
    d_step { waiters = old + 1; old = 0 };
#else
    d_step { assert(!cond_gone); waiters++ };
#endif
}

inline cond_read_signals()
{
    d_step { assert(!cond_gone); seq = signals }
}

/* The last one out after destroy was called wakes it, by the address alone: destroy may be gone already. */
inline cond_leave()
{
#ifdef MUTANT_LEAVE_SPLIT
    d_step { assert(!cond_gone); old = waiters };
    d_step { waiters = old - 1 };
#else
    d_step { assert(!cond_gone); old = waiters; waiters-- };
#endif
#ifdef MUTANT_LEAVER_LOOKS_AGAIN
    d_step { assert(!cond_gone); old = waiters + 1 };
#endif
    if
#ifndef MUTANT_LEAVER_DOES_NOT_WAKE
    :: old == DESTROY + 1 -> futex_wake_all(AT_WAITERS)
#endif
    :: else
    fi;
    old = 0
}

inline cond_wait()
{
#if defined(MUTANT_SEQ_READ_LATE)
    cond_enter(); mutex_unlock(false); cond_read_signals();
#elif defined(MUTANT_ENTERED_LATE)
    cond_read_signals(); mutex_unlock(false); cond_enter();
#else
    cond_enter(); cond_read_signals(); mutex_unlock(false);
#endif
    futex_wait(AT_SIGNALS, cond_gone, signals, seq, wait_is_timed);
    d_step { wait_timed_out = (why == TIMED_OUT); why = 0; seq = 0 };
#if defined(MUTANT_LEFT_AFTER_RELOCK)
    mutex_lock(); cond_leave()
#elif defined(MUTANT_NO_RELOCK)
    cond_leave()
#else
    cond_leave(); mutex_lock()
#endif
}

inline cond_signal()
{
    assert(!cond_gone);
    if
    :: (waiters & 127) == 0
    :: else ->
        d_step { assert(!cond_gone); MOVE_SIGNALS };
        futex_wake_one(AT_SIGNALS)
    fi
}

inline cond_broadcast()
{
    assert(!cond_gone);
    if
    :: (waiters & 127) == 0
    :: else ->
        d_step { assert(!cond_gone); MOVE_SIGNALS };
#ifdef MUTANT_BROADCAST_WAKES_ONE
        futex_wake_one(AT_SIGNALS)
#else
        futex_wake_all(AT_SIGNALS)
#endif
    fi
}

inline cond_destroy()
{
#ifdef MUTANT_DESTROY_SPLIT
    d_step { assert(!cond_gone); old = waiters | DESTROY };
    d_step { waiters = old };
#else
    d_step { assert(!cond_gone); old = waiters | DESTROY; waiters = old };
#endif
#ifndef MUTANT_DESTROY_DOES_NOT_WAIT
    do
    :: old == DESTROY -> break
    :: else ->
        futex_wait(AT_WAITERS, cond_gone, waiters, old, false);
        why = 0;
        old = waiters
    od;
#endif
    atomic { old = 0; cond_gone = true }
}

/* Between lock and unlock: alone, the owner, and nobody's sleep leaves it so. */
byte inside;
#define ENTER d_step { inside++; assert(inside == 1 && owner == ME) }
#define LEAVE inside--

#if TAKERS > 0
active [TAKERS] proctype taker()
{
    COND_LOCALS;

    mutex_lock();
    ENTER;
    do
    :: items > 0 -> break
    :: else -> LEAVE; cond_wait(); ENTER
    od;
    items--;
    LEAVE;
    mutex_unlock(false)
}
#endif

#if PASSERS > 0
active [PASSERS] proctype passer()
{
    COND_LOCALS;

    wait_is_timed = true;
    mutex_lock();
    ENTER;
    do
    :: items > 0 || wait_timed_out -> break
    :: else -> LEAVE; cond_wait(); ENTER
    od;
    if
    :: wait_timed_out /* it looks at nothing, as a program may that relies on not having got the signal then */
    :: else -> cond_signal()
    fi;
    LEAVE;
    mutex_unlock(false)
}
#endif

#if TAKERS > 0
active proctype maker()
{
    COND_LOCALS;
    byte made;
    bool early;

    do
    :: made < TAKERS ->
        made++;
        mutex_lock();
        ENTER;
        items++;
        if
        :: early = true; cond_signal()
        :: skip
        fi;
        LEAVE;
        mutex_unlock(false);
        if
        :: early -> early = false
        :: else -> cond_signal()
        fi
    :: else -> break
    od
}
#endif

#if VISITORS > 0
active [VISITORS] proctype visitor()
{
    COND_LOCALS;

    if
    :: wait_is_timed = true /* and it waits again where it timed out, as most programs do */
    :: skip
    fi;
    mutex_lock();
    ENTER;
    do
    :: gate_open -> break
    :: else ->
        LEAVE;
        cond_wait();
        ENTER
    od;
    LEAVE;
    atomic { wait_is_timed = false; wait_timed_out = false };
    mutex_unlock(false)
}

active proctype keeper()
{
    COND_LOCALS;
    byte late; /* how much it does after it released the mutex: 0 nothing, 1 destroy, 2 broadcast and destroy */

    mutex_lock();
    ENTER;
    gate_open = true;
    if
    :: late = 0; cond_broadcast(); cond_destroy()
    :: late = 1; cond_broadcast()
    :: late = 2
    fi;
    LEAVE;
    mutex_unlock(false);
    if
    :: late == 0
    :: late == 1 -> cond_destroy()
    :: late == 2 -> cond_broadcast(); cond_destroy()
    fi
}
#endif
