/* SPDX-License-Identifier: MIT */
/*
 * Thread states: is that thread on a CPU right now? A load answers, no system call.
 *
 *     const struct oncpu_thread_record *r = oncpu_thread_find(owner_tid);
 *     while (lock_is_held() && oncpu_thread_state(r) == ONCPU_STATE_RUNNING)
 *         pause();                       // the owner runs: it will be done soon
 *     if (lock_is_held()) sleep_on_it(); // it does not: waiting costs a CPU and brings nothing
 *
 * The kernel writes a thread's record at every context switch (see oncpu(7)). A record is a hint: it can be a
 * few hundred nanoseconds old, belong to another thread meanwhile, or have stopped being written because the source
 * went away. Decide by it how to wait, never whether something is safe, and bound every wait.
 *
 * Records are never unmapped: a pointer that a function here returned stays readable for the life of the process.
 */
#ifndef ONCPU_THREAD_STATE_H
#define ONCPU_THREAD_STATE_H

#include <oncpu/thread_state_abi.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/*
 * Registers the calling thread: from now on the kernel writes its record. Costs some 15 us once; a second call costs
 * nothing. The mutexes of this library do it by themselves, for threads that met contention.
 *
 * Requires: oncpu_init() returned 0. Not needed at exit: a thread's record is reclaimed after its end.
 * Returns: 0; -ENOTSUP when the process has no source of states (oncpu_source_reason() says why); -ENOSPC when all
 * records are in use; another negative errno value of pidfd_open(2) or bpf(2).
 * Thread-safe; async-signal-safe. After fork(2) the child has no registered thread.
 */
int oncpu_thread_register(void);

/*
 * The calling thread's record, or NULL when it is not registered. Does not register. Async-signal-safe.
 */
const struct oncpu_thread_record *oncpu_thread_self(void);

/*
 * The record of the thread of this process whose gettid() is `tid`, or NULL when it is not registered. Wait-free and
 * async-signal-safe. Keep the pointer as long as you like, and compare `tid` (or `generation`) to notice that the
 * record went to another thread.
 */
const struct oncpu_thread_record *oncpu_thread_find(pid_t tid);

/*
 * What a record says now: ONCPU_STATE_UNKNOWN for NULL. One relaxed load: it orders nothing.
 */
static inline enum oncpu_state oncpu_thread_state(const struct oncpu_thread_record *record)
{
    return record ? (enum oncpu_state)__atomic_load_n(&record->state, __ATOMIC_RELAXED) : ONCPU_STATE_UNKNOWN;
}

/* The CPU that the thread runs on, or ran on last; meaningless for a record in ONCPU_STATE_UNKNOWN. */
static inline uint32_t oncpu_thread_cpu(const struct oncpu_thread_record *record)
{
    return __atomic_load_n(&record->cpu, __ATOMIC_RELAXED);
}

/* How often the thread was switched in since it registered. Unmoved across several sleeps: the source has gone away. */
static inline uint64_t oncpu_thread_switches(const struct oncpu_thread_record *record)
{
    return __atomic_load_n(&record->switches, __ATOMIC_RELAXED);
}

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
