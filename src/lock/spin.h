/* SPDX-License-Identifier: MIT */
/*
 * Spinning in nanoseconds.
 */
#ifndef ONCPU_LOCK_SPIN_H
#define ONCPU_LOCK_SPIN_H

#include <stdbool.h>
#include <stdint.h>

/* Keeps the CPU busy for about `ns` nanoseconds, without touching memory that others share. */
void oncpu_spin_ns(uint32_t ns);

/* Whether spinning can bring anything: not when the process has one CPU. */
bool oncpu_spin_allowed(void);

#endif
