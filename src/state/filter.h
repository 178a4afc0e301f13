/* SPDX-License-Identifier: MIT */
/*
 * Seccomp filters.
 */
#ifndef ONCPU_STATE_FILTER_H
#define ONCPU_STATE_FILTER_H

#include <stdbool.h>

/* Looks whether one is in force for the calling thread, or may be. Async-signal-safe, preserves errno. */
bool oncpu_filter_is_on(void);

#endif
