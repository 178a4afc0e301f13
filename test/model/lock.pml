/* SPDX-License-Identifier: MIT */
/* The mutex: its fields, and lock and unlock one atomic access a step. */

#include "futex.pml"

byte word;          /* 0 free, 1 held and nobody sleeps, 2 held and somebody may sleep */
byte owner;         /* a thread's number, 0 when free */
byte claim;         /* a thread's number; 0: nobody claims; NOTE: nobody, and the owner leaves its CPU after the release */
byte mailbox;       /* all threads have one together, the worst case */
bool offers_last;   /* the offering owner then lets go of the mutex for the last time */
byte users = USERS; /* threads that have not let go of the mutex for the last time */
bool mutex_gone;    /* they all have, and the memory was given back: whoever touches its content now is wrong */

#ifdef MUTANT_FOREIGN_VALUE
#define SLEEPERS 3
#else
#define SLEEPERS 2
#endif

#ifdef MUTANT_DEBT_UNPAID
byte spinners;
#endif

#define ME (_pid + 1)
#define NOTE 100
#define OFFERED 1
#define ACCEPTED 2

/* A free choice at every read: that is all that the lock may rely on. */
#define SAYS_RUNNING 1
#define SAYS_OFF_CPU 2
#define SAYS_UNKNOWN 3  /* no record, or one that was never written */
#define IS_OF_ANOTHER 4 /* recycled: the record says something about somebody else */

/* The locals of a thread that uses a mutex; each is reset after use, so that equal situations are equal states. */
#define MUTEX_LOCALS                                                  \
    byte old;    /* what a read-modify-write found */                 \
    byte why;    /* how a sleep ended */                              \
    byte mark;   /* what a waiter takes the lock with */              \
    byte record; /* what the owner's record says */                   \
    bool got;    /* this thread took the lock */                      \
    bool handed; /* it gave it to a claimant */                       \
    bool left;   /* it went away without, at its deadline */          \
    bool owed;   /* it was woken and has not marked the word since */ \
    bool claims; /* it takes the claim to be its own */               \
    bool timed   /* it has a deadline, which may pass at any time */

inline mutex_take_if_free(value)
{
#ifdef MUTANT_CAS_SPLIT
    d_step { assert(!mutex_gone); old = word };
    d_step {
        got = (old == 0);
        if
        :: got -> word = value
        :: else
        fi;
        old = 0
    }
#else
    d_step {
        assert(!mutex_gone);
        got = (word == 0);
        if
        :: got -> word = value
        :: else
        fi
    }
#endif
}

/* One look at the owner's record. Ends the spin or not, as the record and the bound (reached at any time) say. */
inline mutex_look_at_owner()
{
    atomic {
        assert(!mutex_gone);
        if
        :: owner != 0 ->
            if
            :: record = SAYS_RUNNING
            :: record = SAYS_OFF_CPU
            :: record = SAYS_UNKNOWN
            :: record = IS_OF_ANOTHER
            fi
        :: else -> record = SAYS_UNKNOWN
        fi;
#ifdef MUTANT_HINT_IS_BELIEVED
        if
        :: record == IS_OF_ANOTHER -> record = 0; word = 2; got = true; break
        :: else
        fi;
#endif
        if
        :: record != SAYS_OFF_CPU -> record = 0
        :: record != SAYS_RUNNING -> record = 0; break
        fi
    }
}

/* Part of the step that ends a use: the last user's last release is the instant from which the memory may be gone. */
inline mutex_let_go(last)
{
    if
    :: last -> users--; mutex_gone = (users == 0)
    :: else
    fi
}

inline mutex_claim()
{
    d_step {
        assert(!mutex_gone);
        if
        :: claim == 0 || claim == NOTE -> claim = ME; claims = true
        :: claim == ME -> claims = true
        :: else
        fi
    }
}

/* From the answer on the old owner has let go of the mutex. */
inline mutex_accept()
{
#ifdef MUTANT_ACCEPT_SPLIT
    got = (mailbox == OFFERED);
    d_step {
        if
        :: got -> mailbox = ACCEPTED; mutex_let_go(offers_last)
        :: else
        fi
    };
#else
    d_step {
        if
        :: mailbox == OFFERED -> mailbox = ACCEPTED; got = true; mutex_let_go(offers_last)
        :: else
        fi
    };
#endif
#ifndef MUTANT_HANDED_NOT_MARKED
    if
    :: got && mark == SLEEPERS -> d_step { assert(!mutex_gone); word = SLEEPERS }
    :: else
    fi
#endif
}

/* A claim is a request only: it may be gone, or stay behind where a signal handler is left by a jump. */
inline mutex_end_claim()
{
    d_step {
        if
        :: claims && claim == ME -> assert(!mutex_gone); claim = 0
        :: else
        fi;
        claims = false
    }
}

/* An owner that had to wait may leave a note, and takes it back before it releases the mutex. */
inline mutex_note()
{
    if
    :: claim == 0 -> d_step { assert(!mutex_gone); claim = (claim == 0 -> NOTE : claim) }
    :: true
    fi
}

inline mutex_end_note()
{
#ifdef MUTANT_NOTE_ENDED_LATE
    skip
#else
    d_step { assert(!mutex_gone); claim = (claim == NOTE -> 0 : claim) }
#endif
}

/*
 * The owner finds a claim. Whether it believes that the claimant runs is a free choice, and so is how long it waits for the answer.
 * Ends with `handed`, or the lock is still to be released.
 */
inline mutex_hand_off(last)
{
    d_step { assert(!mutex_gone); old = claim };
    if
    :: old == 0
    :: old == NOTE -> mutex_end_note()
    :: old != 0 && old != NOTE
    :: old != 0 && old != NOTE ->
        d_step {
            if
            :: mailbox == 0 -> mailbox = OFFERED; offers_last = last; handed = true
            :: else
            fi
        };
        if
        :: !handed
        :: handed ->
            if
            :: mailbox == ACCEPTED -> handed = true
#ifndef MUTANT_OFFER_FOR_EVER
            :: true ->
#ifdef MUTANT_OFFER_TAKEN_BACK_LATE
                d_step { mailbox = 0; handed = false }
#else
                d_step {
                    if
                    :: mailbox == OFFERED -> mailbox = 0; handed = false
                    :: else
                    fi
                }
#endif
#endif
            fi;
            if
            :: handed -> d_step { mailbox = 0; got = false }
            :: !handed -> /* who does not answer may not be there any more */
                d_step {
                    assert(!mutex_gone);
                    if
                    :: claim == old -> claim = 0
                    :: else
                    fi
                }
            fi;
#ifdef MUTANT_OFFERER_LOOKS_AGAIN
            assert(!mutex_gone)
#endif
        fi
    fi;
    old = 0
}

/*
 * Ends with the lock (got), without it for good (left), or to sleep on it. A thread may leave at any look, but after
 * a wake-up it must mark the word first, or the wake-up that it had is lost to the others.
 */
inline mutex_spin()
{
#ifdef MUTANT_DEBT_UNPAID
    spinners++;
#endif
    do
    :: word == 0 ->
        mutex_take_if_free(mark);
        if
        :: got -> break
        :: else
        fi
    :: word != 0 -> mutex_look_at_owner()
    :: !claims && (claim == 0 || claim == NOTE) -> mutex_claim()
#if !defined(NATIVE) || NATIVE > 1 /* or no other thread makes an offer */
    :: claims && mailbox == OFFERED ->
        mutex_accept();
        if
        :: got -> break
        :: else
        fi
#endif
    :: break /* the bound is reached */
#ifdef MUTANT_WOKEN_LEAVES_UNPAID
    :: timed -> left = true; break
#else
    :: timed && !owed -> left = true; break
#endif
    od;
#ifdef MUTANT_DEBT_UNPAID
    spinners--;
#endif
    mutex_end_claim()
}

/* Before every sleep: the mark that asks for a wake-up. On a free word it is the lock. */
inline mutex_mark()
{
#ifdef MUTANT_MARK_SPLIT
    d_step { assert(!mutex_gone); old = word };
    d_step { word = SLEEPERS; mark = SLEEPERS; owed = false }
#else
    d_step {
        assert(!mutex_gone);
        old = word;
        word = SLEEPERS;
#ifndef MUTANT_NO_MARK_AFTER_WAKE
        mark = SLEEPERS;
#endif
        owed = false
    }
#endif
}

inline mutex_wait()
{
    mark = 1;
    do
    :: mutex_spin();
        if
        :: got || left -> break
        :: else
        fi;
        mutex_mark();
        if
        :: old == 0 ->
            got = true;
#ifdef MUTANT_UNMARK_AFTER_EXCHANGE
            word = 1;
#endif
            break
        :: else -> old = 0
        fi;
        futex_wait(AT_WORD, mutex_gone, word, SLEEPERS, timed);
        d_step { owed = (why == WOKEN); why = 0 }
    od;
    atomic { mark = 0; old = 0; owed = false }
}

/* Ends with got or left. Only a thread with a deadline leaves; where it leaves at once, this is a trylock. */
inline mutex_lock()
{
    assert(owner != ME); /* or a recursive mutex would believe that it holds it */
    mutex_take_if_free(1);
    if
    :: got
    :: else ->
        mutex_wait();
        if
        :: got -> mutex_note()
        :: else
        fi
    fi;
    if
    :: got -> owner = ME /* and the store to turns, which like owner is read as a hint only */
    :: else
    fi
}

inline mutex_release(last)
{
#ifdef MUTANT_WAKE_BEFORE_RELEASE
    if
    :: word == SLEEPERS -> futex_wake_one(AT_WORD)
    :: else
    fi;
#endif
#ifdef MUTANT_UNLOCK_SPLIT
    d_step { assert(!mutex_gone); old = word };
    d_step { word = 0; got = false; mutex_let_go(last) };
#else
    d_step { assert(!mutex_gone); old = word; word = 0; got = false; mutex_let_go(last) };
#endif
#ifdef MUTANT_OWNER_READ_LATE
    assert(!mutex_gone);
#endif
#ifdef MUTANT_OWNER_CLEARED_LATE
    d_step { assert(!mutex_gone); owner = 0 };
#endif
#ifdef MUTANT_NOTE_ENDED_LATE
    if
    :: claim == NOTE -> d_step { assert(!mutex_gone); claim = 0 }
    :: else
    fi;
#endif
#ifdef MUTANT_WAKE_BEFORE_RELEASE
    old = 0;
#endif
#ifdef MUTANT_WAKE_LOOKS_AGAIN
    d_step { assert(!mutex_gone); old = (word == 0 -> old : 0) };
#endif
    if
#if defined(MUTANT_NO_WAKE)
    :: old > SLEEPERS -> futex_wake_one(AT_WORD)
#elif defined(MUTANT_WAKE_IF_1)
    :: old == 1 -> futex_wake_one(AT_WORD)
#elif defined(MUTANT_DEBT_UNPAID)
    :: old == SLEEPERS && spinners == 0 -> futex_wake_one(AT_WORD) /* a spinner will take it: but with a 1 */
#else
    :: old == SLEEPERS -> futex_wake_one(AT_WORD)
#endif
    :: else
    fi;
    old = 0
}

inline mutex_unlock(last)
{
    assert(owner == ME);
#ifndef MUTANT_OWNER_CLEARED_LATE
    owner = 0;
#endif
#if !defined(NATIVE) || NATIVE > 1 /* or no other thread claims */
    mutex_hand_off(last);
#endif
#ifdef MUTANT_OFFER_AND_RELEASE
    handed = false;
#endif
    if
    :: handed -> handed = false
    :: else -> mutex_release(last)
    fi
}
