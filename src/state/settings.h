/* SPDX-License-Identifier: MIT */
/*
 * The library's settings in the environment.
 */
#ifndef ONCPU_STATE_SETTINGS_H
#define ONCPU_STATE_SETTINGS_H

#include <stdint.h>

/*
 * ONCPU_HANDOFF_NS: after how long a waiter claims the lock; UINT32_MAX: never; 0: not set. Written before main(), constant from then
 * on.
 */
extern uint32_t oncpu_hand_off_ns;

/* ONCPU_STAY_NS: how long a thread has its CPU, at least, before it leaves between two sections. The same values. */
extern uint32_t oncpu_stay_ns;

/*
 * The value of one of our environment variables: as it is now, or else as it was when the program started, as some programs
 * clear their environment or write their title over it, and later, once there are threads, one of them may be changing it. NULL: not
 * set, or the program is set-user-ID.
 */
const char *oncpu_setting(const char *name);

#endif
