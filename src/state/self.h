/* SPDX-License-Identifier: MIT */
/*
 * What a thread can tell about itself without asking the kernel.
 */
#ifndef ONCPU_STATE_SELF_H
#define ONCPU_STATE_SELF_H

#include <stdbool.h>
#include <stdint.h>

/* Distance from the thread pointer to the tid in glibc's thread descriptor; 0 while unknown. Written once. */
extern int oncpu_tid_offset;

/* The same to the number of the CPU that the thread is on, which the kernel writes there (rseq); 0 where it does not. */
extern int oncpu_cpu_offset;

/* The same, as long as threads are to say on which CPU they take a lock; else 0. */
extern int oncpu_told_cpu_offset;

/* This and what is above it, the kernel's values among them, are no CPU. */
#define ONCPU_NO_CPU 0xfffffffeu

uint32_t oncpu_self_tid_slow(void);

static inline uint32_t oncpu_self_word(int offset)
{
    return *(const volatile uint32_t *)((const char *)__builtin_thread_pointer() + offset);
}

/* The caller's tid, for an `offset` that is not 0. */
static inline uint32_t oncpu_tid_at(int offset)
{
    return oncpu_self_word(offset);
}

/*
 * The caller's tid, as glibc's own mutexes see it: read from glibc's thread descriptor. glibc updates that after fork
 * before any handler runs, so what we compare with a mutex's owner is at every instant what glibc would compare.
 * Async-signal-safe.
 */
static inline uint32_t oncpu_self_tid(void)
{
    /* relaxed: written once, before any value but 0 could be read; either value is right */
    int offset = __atomic_load_n(&oncpu_tid_offset, __ATOMIC_RELAXED);

    return __builtin_expect(offset != 0, 1) ? oncpu_tid_at(offset) : oncpu_self_tid_slow();
}

/* The CPU that the caller is on at this moment, or some value from ONCPU_NO_CPU up. Async-signal-safe. */
static inline uint32_t oncpu_self_cpu(void)
{
    int offset = __atomic_load_n(&oncpu_cpu_offset, __ATOMIC_RELAXED); /* as above */

    return offset ? oncpu_self_word(offset) : ONCPU_NO_CPU;
}

/*
 * Whether threads are to say on which CPU they take a lock: not for nothing, as to know it makes each lock slower
 * (doc/waiting-policy.md). Relaxed: what they say is a hint.
 */
static inline void oncpu_self_tell_cpu(bool tell)
{
    int offset = tell ? __atomic_load_n(&oncpu_cpu_offset, __ATOMIC_RELAXED) : 0;

    if (__atomic_load_n(&oncpu_told_cpu_offset, __ATOMIC_RELAXED) != offset)
        __atomic_store_n(&oncpu_told_cpu_offset, offset, __ATOMIC_RELAXED);
}

#endif
