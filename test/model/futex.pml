/* SPDX-License-Identifier: MIT */
/* The kernel's futex, as far as the lock relies on it: compare and sleep in one step, wake some, wake by accident. */

#ifndef INTERRUPTS
#define INTERRUPTS 0 /* how many sleeps may end by a signal or for no reason; few, so that lost wake-ups show */
#endif

#define MAX_THREADS 5

/* Futex addresses. Waking uses nothing else, so a wake stays legal when the memory behind the address is gone. */
#define NOWHERE 0
#define AT_WORD 1
#define AT_SIGNALS 2
#define AT_WAITERS 3

/* What a wait returns. */
#define WOKEN 1
#define INTERRUPTED 2
#define TIMED_OUT 3
#define CHANGED 4 /* EAGAIN: the word did not have the expected value */

byte sleeps_at[MAX_THREADS];
byte interrupts = INTERRUPTS;

/* Returns in `why`. A wait that was woken says so even if its deadline passed meanwhile: the kernel dequeues once. */
inline futex_wait(address, gone, content, expected, may_time_out)
{
    d_step {
        assert(!gone);
        if
#ifndef MUTANT_WAIT_WITHOUT_COMPARE
        :: content != expected -> why = CHANGED
#endif
        :: else -> why = 0; sleeps_at[_pid] = address
        fi
    }
    if
    :: why == CHANGED
    :: else ->
        if
        :: atomic { sleeps_at[_pid] == NOWHERE -> why = WOKEN }
        :: atomic { sleeps_at[_pid] != NOWHERE && interrupts > 0 ->
                    interrupts--; sleeps_at[_pid] = NOWHERE; why = INTERRUPTED }
        :: atomic { sleeps_at[_pid] != NOWHERE && may_time_out -> sleeps_at[_pid] = NOWHERE; why = TIMED_OUT }
#ifdef MUTANT_TIMEOUT_EATS_WAKE
        :: atomic { sleeps_at[_pid] == NOWHERE && may_time_out -> why = TIMED_OUT }
#endif
        fi
    fi
}

/* Whom it wakes is a free choice: the real queue's order is not relied on. */
inline futex_wake_one(address)
{
    atomic {
        if
        :: sleeps_at[0] == address -> sleeps_at[0] = NOWHERE
        :: sleeps_at[1] == address -> sleeps_at[1] = NOWHERE
        :: sleeps_at[2] == address -> sleeps_at[2] = NOWHERE
        :: sleeps_at[3] == address -> sleeps_at[3] = NOWHERE
        :: sleeps_at[4] == address -> sleeps_at[4] = NOWHERE
        :: else
        fi
    }
}

inline futex_wake_if(thread, address)
{
    if
    :: sleeps_at[thread] == address -> sleeps_at[thread] = NOWHERE
    :: else
    fi
}

inline futex_wake_all(address)
{
    d_step {
        futex_wake_if(0, address);
        futex_wake_if(1, address);
        futex_wake_if(2, address);
        futex_wake_if(3, address);
        futex_wake_if(4, address)
    }
}
