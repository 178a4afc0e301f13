/* SPDX-License-Identifier: MIT */
/*
 * Which kernel this is, where nothing but its version tells what it can do.
 */
#ifndef ONCPU_STATE_KERNEL_H
#define ONCPU_STATE_KERNEL_H

#include <stdbool.h>

/* False too where the version cannot be read: the kernel will say itself what it lacks. */
bool oncpu_kernel_is_before(int major, int minor);

#endif
