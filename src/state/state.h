/* SPDX-License-Identifier: MIT */
/*
 * All that the locks need to know of thread states: the one way from src/lock/ and src/pthread/ into src/state/.
 */
#ifndef ONCPU_STATE_STATE_H
#define ONCPU_STATE_STATE_H

#include "self.h"

#include <oncpu/oncpu.h>
#include <stdbool.h>

/* The source in use (enum oncpu_source). Relaxed: the records say nothing that a lock's correctness depends on. */
extern int oncpu_state_source;

/*
 * Whether that is the machine-wide array, the one source by which a process knows threads of others. An array of the process's
 * own has the same name. Relaxed, likewise.
 */
extern bool oncpu_state_machine_wide;

/* The program that writes the records now; NULL: none does. Release, acquire: it is complete for whoever reads it. */
extern const struct oncpu_bpf_program *oncpu_state_program;

/* The calling thread's registration: its record, and the program that writes it. */
struct oncpu_mine {
    struct oncpu_thread_record *record;
    const struct oncpu_bpf_program *program;
};

extern __thread struct oncpu_mine oncpu_state_mine __attribute__((tls_model("initial-exec")));

struct oncpu_thread_record *oncpu_state_register(void);

/*
 * The calling thread's record; NULL: it is not registered. A registration ends with its program, and in a child of fork,
 * which can have its parent's tid (in glibc, or in a PID namespace): the index is all zero there.
 */
static inline struct oncpu_thread_record *oncpu_state_registered(void)
{
    struct oncpu_mine mine = oncpu_state_mine;

    if (!mine.record || mine.program != __atomic_load_n(&oncpu_state_program, __ATOMIC_RELAXED))
        return 0;
    return oncpu_thread_find((pid_t)oncpu_self_tid()) == mine.record ? mine.record : 0;
}

/*
 * The calling thread's record; registers the thread when it meets this for the first time. NULL: no source, or no
 * record to be had. Preserves errno; async-signal-safe.
 */
static inline struct oncpu_thread_record *oncpu_state_self(void)
{
    struct oncpu_thread_record *mine;

    if (__atomic_load_n(&oncpu_state_source, __ATOMIC_RELAXED) == ONCPU_SOURCE_NONE)
        return 0;
    mine = oncpu_state_registered();
    return mine ? mine : oncpu_state_register();
}

/* The calling thread's slot in the machine-wide array, + 1; 0: it has none there. Does not register. */
uint32_t oncpu_state_slot(void);

/*
 * The stream of switches is not lossless: some threads are never seen leaving, and what runs next is not seen coming.
 * But whoever executes this runs; and the kernel's next store comes later. So a thread that met contention sets it
 * right.
 */
void oncpu_state_correct(struct oncpu_thread_record *mine);

static inline void oncpu_state_i_run(struct oncpu_thread_record *mine)
{
    if (mine && __atomic_load_n(&mine->state, __ATOMIC_RELAXED) != ONCPU_STATE_RUNNING)
        oncpu_state_correct(mine);
}

/*
 * Finds out whether the source still writes the calling thread's record, by some short sleeps; if not, the process goes on
 * without, until somebody calls oncpu_init() again. Async-signal-safe, preserves errno.
 */
void oncpu_state_suspect(const struct oncpu_thread_record *mine);

/* How many sleeps in a row went unseen, of all threads together. Relaxed: roughly will do. */
extern uint32_t oncpu_state_unseen;

#define ONCPU_UNSEEN_LIMIT 8u

/*
 * To be called after a sleep in the kernel, with what oncpu_thread_switches() said before it and how long it took, 0 if it may have
 * been none (a deadline that has passed is noticed without leaving the CPU, and not soon): a thread that slept was switched in
 * again, and a source that does not say so may be gone. One sleep proves nothing: single
 * switches get lost, and of a short sleep the wake-up can overtake the thread on its way off the CPU. But while the source
 * lives, most sleeps are seen, and one that is seen clears the suspicion. (Bursts of lost ones were measured, 32 of 20,000
 * on one thread: so there is a closer look before the source is given up.)
 */
static inline void oncpu_state_slept(const struct oncpu_thread_record *mine, uint64_t switches_before,
                                     uint64_t slept_ns)
{
    uint32_t unseen = __atomic_load_n(&oncpu_state_unseen, __ATOMIC_RELAXED);

    if (!mine)
        return;
    if (oncpu_thread_switches(mine) != switches_before) {
        if (unseen)
            __atomic_store_n(&oncpu_state_unseen, 0, __ATOMIC_RELAXED);
    } else if (slept_ns > 20000) {
        __atomic_store_n(&oncpu_state_unseen, unseen + 1, __ATOMIC_RELAXED);
        if (unseen + 1 >= ONCPU_UNSEEN_LIMIT)
            oncpu_state_suspect(mine);
    }
}

/*
 * Whether oncpu_init() could find a source where there is none: nobody has called it yet, what it found has been lost since, or
 * somebody has called `oncpu enable`; for the last, looks at the pins, once a second at most. Not async-signal-safe.
 */
bool oncpu_state_wants_init(void);

/*
 * Joins the machine-wide program, if there is one and the process has no source; loads none. True: it has joined it now. For
 * where a lock is held or a signal handler may run: allocates nothing, waits for nobody, preserves errno. Tens of microseconds
 * the first time; then, while there is none, a look at the pin, once a second at most.
 */
bool oncpu_state_join(void);

/* How many CPUs the process could use when it started; 0 before the library's constructor, and constant after it. Tests write it. */
extern int oncpu_state_cpus;

/* Without BPF system calls from now on: the process enters a sandbox that may kill it for them. Async-signal-safe. */
void oncpu_state_sandboxed(void);

/* Whether it has: then no other system calls that glibc's mutexes do not make, either. Async-signal-safe. */
bool oncpu_state_in_sandbox(void);

/*
 * Whether system calls that glibc's mutexes do not make are safe: it has not, and there was no filter before either, or one that
 * allowed bpf(). May read a file the first time, which takes tens of microseconds. Async-signal-safe, preserves errno.
 */
bool oncpu_state_may_ask(void);

#endif
