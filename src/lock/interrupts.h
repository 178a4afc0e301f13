/* SPDX-License-Identifier: MIT */
/*
 * Whether who spins for a lock is in its owner's way. A section that gives pages up (madvise, munmap, mprotect, a garbage collector's
 * barrier) interrupts all CPUs on which a thread of the process runs, and the owner waits for their answers: on a virtual machine
 * its section takes 4 us while all others sleep, and 15 us while one spins. Who spins can see that: its loop stands still for some
 * microseconds in wait after wait, far more often than devices, clocks and hypervisors do that. So whoever sees it says so, and all
 * leave the lock alone for some milliseconds.
 */
#ifndef ONCPU_LOCK_INTERRUPTS_H
#define ONCPU_LOCK_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>

#define ONCPU_INTERRUPT_NS 2000u /* between two looks, more than was meant to be */

/* The caller, that spins for this lock, was interrupted; now it is `now`. */
void oncpu_interrupted(const uint32_t *word, uint64_t now);

/* The caller has waited for a lock for so long (ns). */
void oncpu_interrupts_fade(uint64_t waited);

/* Whether this lock is left alone now. */
bool oncpu_interrupts_on(const uint32_t *word, uint64_t now);

#endif
