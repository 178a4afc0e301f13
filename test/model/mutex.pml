/* SPDX-License-Identifier: MIT */
/* Threads that share one mutex, some by this library's code, some by glibc's own, and give it back at the end. */

#ifndef NATIVE
#define NATIVE 3
#endif
#ifndef GLIBC
#define GLIBC 0 /* threads inside libc, which locks a drop-in's mutex behind its back */
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#define USERS (NATIVE + GLIBC)

#include "lock.pml"

byte inside;
byte data;
byte taken;

/* Checked by a thread that holds the lock: alone, and nobody's update is lost. */
inline critical_section()
{
    byte before;

    d_step { inside++; assert(inside == 1); before = data };
    d_step { data = before + 1; taken++; assert(data == taken); before = 0; inside-- }
}

/* Uses the lock that the thread got, or goes away without it. */
inline finish_round()
{
    if
    :: got -> critical_section(); mutex_unlock(rounds == ROUNDS)
    :: else -> d_step { mutex_let_go(rounds == ROUNDS); left = false }
    fi;
    timed = false
}

active [NATIVE] proctype native()
{
    MUTEX_LOCALS;
    byte rounds;

    do
    :: rounds < ROUNDS ->
        rounds++;
        if
        :: timed = false
        :: timed = true
        fi;
        mutex_lock();
        finish_round()
    :: else -> break
    od
}

#if GLIBC > 0
/* __lll_lock_wait and, with a deadline, __lll_clocklock_wait: never spins, and sleeps first where it sees a 2. */
inline glibc_wait()
{
    atomic { assert(!mutex_gone); old = word };
    do
    :: old != 2 -> /* first time 0 or 1: exchange; later old says what to do */
        d_step { assert(!mutex_gone); old = word; word = 2 };
        if
        :: old == 0 -> got = true; break
        :: else -> old = 2
        fi
    :: else ->
        futex_wait(AT_WORD, mutex_gone, word, 2, timed);
        d_step { left = (why == TIMED_OUT); why = 0; old = 0 };
        if
        :: left -> break
        :: else
        fi
    od
}

active [GLIBC] proctype glibc()
{
    MUTEX_LOCALS;
    byte rounds;

    do
    :: rounds < ROUNDS ->
        rounds++;
        if
        :: timed = false
        :: timed = true
        fi;
        if
        :: mutex_take_if_free(1) /* lll_lock, lll_trylock, lll_clocklock */
        :: !timed -> /* lll_cond_lock, which relocks inside pthread_cond_wait */
            d_step { assert(!mutex_gone); old = word; word = 2; got = (old == 0); old = 0 }
        fi;
        if
        :: got
        :: !got && timed -> left = true /* that was a trylock */
        :: !got -> glibc_wait()
        fi;
        if
        :: got -> owner = ME
        :: else
        fi;
        finish_round()
    :: else -> break
    od
}
#endif
