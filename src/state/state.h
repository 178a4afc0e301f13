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

/* The calling thread's record as it registered it; it is another's in a child of fork, so compare its tid. */
extern __thread struct oncpu_thread_record *oncpu_state_mine __attribute__((tls_model("initial-exec")));

struct oncpu_thread_record *oncpu_state_register(void);

/*
 * The calling thread's record; registers the thread when it meets this for the first time. NULL: no source, or no
 * record to be had. Preserves errno; async-signal-safe.
 */
static inline struct oncpu_thread_record *oncpu_state_self(void)
{
    struct oncpu_thread_record *mine = oncpu_state_mine;

    if (__atomic_load_n(&oncpu_state_source, __ATOMIC_RELAXED) == ONCPU_SOURCE_NONE)
        return 0;
    if (mine && __atomic_load_n(&mine->tid, __ATOMIC_RELAXED) == oncpu_self_tid())
        return mine;
    return oncpu_state_register();
}

/*
 * The stream of switches is not lossless: some threads are never seen leaving, and what runs next is not seen coming.
 * But whoever executes this runs; and the kernel's next store comes later. So a thread that met contention sets it
 * right.
 */
static inline void oncpu_state_i_run(struct oncpu_thread_record *mine)
{
    if (mine && __atomic_load_n(&mine->state, __ATOMIC_RELAXED) != ONCPU_STATE_RUNNING)
        __atomic_store_n(&mine->state, ONCPU_STATE_RUNNING, __ATOMIC_RELAXED);
}

/* The source does not write any more: the process goes on without, until somebody calls oncpu_init() again. */
void oncpu_state_lost(void);

void oncpu_state_doubt(void);

/*
 * To be called after a sleep in the kernel, with what oncpu_thread_switches() said before it and how long it took: a
 * thread that slept was switched in again, and a source that does not say so may be gone. A short sleep proves nothing:
 * the wake-up can overtake the thread on its way off the CPU.
 */
static inline void oncpu_state_slept(const struct oncpu_thread_record *mine, uint64_t switches_before,
                                     uint64_t slept_ns)
{
    if (mine && oncpu_thread_switches(mine) == switches_before && slept_ns > 20000)
        oncpu_state_doubt();
}

/* Nobody has called oncpu_init() yet, or what it found has been lost since. */
bool oncpu_state_untried(void);

/* How many CPUs the calling thread may use. A system call. Touches errno. */
int oncpu_state_cpus(void);

/* Without BPF system calls from now on: the process enters a sandbox that may kill it for them. Async-signal-safe. */
void oncpu_state_sandboxed(void);

#endif
