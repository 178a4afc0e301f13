/* SPDX-License-Identifier: MIT */
/*
 * Seccomp filters that were there before the library.
 */
#ifndef ONCPU_STATE_FILTER_H
#define ONCPU_STATE_FILTER_H

#include <stdbool.h>

/* Whether one is in force for the calling thread, or may be. To be asked under the guard (records.h). */
bool oncpu_filter_is_on(void);

#endif
