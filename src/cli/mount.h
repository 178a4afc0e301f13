/* SPDX-License-Identifier: MIT */
/*
 * A bpffs that nobody sees until it is complete.
 */
#ifndef ONCPU_CLI_MOUNT_H
#define ONCPU_CLI_MOUNT_H

#include <sys/types.h>

/* What /proc/self/mounts names as its source. */
#define ONCPU_MOUNT_SOURCE "oncpu"

/* Makes a bpffs that is mounted nowhere; it goes with the descriptor. Returns that, or a negative errno value. */
int oncpu_mount_make(mode_t mode);

/* Mounts it at `folder`. Returns 0 or a negative errno value. */
int oncpu_mount_at(int mount, const char *folder);

#endif
