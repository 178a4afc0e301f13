/* SPDX-License-Identifier: MIT */
/*
 * What a thread can tell about itself without asking the kernel.
 */
#ifndef ONCPU_STATE_SELF_H
#define ONCPU_STATE_SELF_H

#include <stdint.h>

/* Distance from the thread pointer to the tid in glibc's thread descriptor; 0 while unknown. Written once. */
extern int oncpu_tid_offset;

uint32_t oncpu_self_tid_slow(void);

/* The caller's tid, for an `offset` that is not 0. */
static inline uint32_t oncpu_tid_at(int offset)
{
    return *(const volatile uint32_t *)((const char *)__builtin_thread_pointer() + offset);
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

#endif
