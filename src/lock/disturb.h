/* SPDX-License-Identifier: MIT */
/*
 * Whether this thread disturbs the owner of a lock when it spins. An owner that gives up or protects pages interrupts all CPUs on which
 * its process runs, and waits for their answer: its turns are longer while another thread spins than they are, with all that lies
 * between them, while that thread rests. So a thread that rests has what it saw while it spun to compare with.
 */
#ifndef ONCPU_LOCK_DISTURB_H
#define ONCPU_LOCK_DISTURB_H

#include <stdbool.h>
#include <stdint.h>

/* This thread has spun for so long (ns), while there were so many turns. Called with the lock held: it is short. */
void oncpu_disturb_spun(uint64_t ns, uint64_t turns);

/* It has rested, and a turn took `ns` meanwhile, with what lies between two of them. Whether it disturbs the owner when it spins. */
bool oncpu_disturb_rested(uint64_t ns);

/* What was seen while it spun is old: what comes now counts more. */
void oncpu_disturb_fade(void);

#endif
