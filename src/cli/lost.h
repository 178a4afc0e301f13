/* SPDX-License-Identifier: MIT */
/*
 * Slots of the machine-wide array that have got lost.
 */
#ifndef ONCPU_CLI_LOST_H
#define ONCPU_CLI_LOST_H

#include <stdint.h>

/*
 * How many slots are neither free nor a thread's: that of a thread whose end went unseen, for example. -1: not known, to others
 * than root, and where not all threads can be seen.
 */
int64_t oncpu_lost_slots(void);

#endif
