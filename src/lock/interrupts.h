/* SPDX-License-Identifier: MIT */
/*
 * Whether who spins for a lock is in its owner's way. A section that gives pages up (madvise, munmap, mprotect, a garbage collector's
 * barrier) interrupts all CPUs on which a thread of the process runs, and the owner waits for their answers: on a virtual machine
 * its section takes 4 us while all others sleep, and 15 us while one spins. Who spins can see that: its loop stands still for some
 * microseconds in wait after wait, far more often than devices, clocks and hypervisors do that. So whoever sees it says so, and all
 * leave the lock alone until a period of 17 ms is over.
 */
#ifndef ONCPU_LOCK_INTERRUPTS_H
#define ONCPU_LOCK_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>

/* A look that comes so much later (ns) than it was meant to, was late by an interrupt; by more, its thread was not on its CPU. */
#define ONCPU_INTERRUPT_LEAST 2000
#define ONCPU_INTERRUPT_MOST 64000

/* The caller, that spins for this lock, was interrupted; now it is `now`. */
void oncpu_interrupted(const uint32_t *word, uint64_t now);

/* It begins to wait for a lock at the time `now`, and it has spun for so long (ns): both make it forget interrupts. */
void oncpu_interrupts_wait(uint64_t now);
void oncpu_interrupts_spun(uint64_t ns);

/* Whether this lock is left alone now. */
bool oncpu_interrupts_on(const uint32_t *word, uint64_t now);

#endif
