/* SPDX-License-Identifier: MIT */
/*
 * The machine-wide program as the command sees it: a folder of pins.
 */
#ifndef ONCPU_CLI_MACHINE_H
#define ONCPU_CLI_MACHINE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The folder: ONCPU_RUN_DIR, or what the environment names. */
const char *oncpu_machine_folder(void);

/* The path of a pin in it. */
void oncpu_machine_pin(char path[PATH_MAX], const char *name);

/* Whether a bpffs with our pins is mounted there: not any other that somebody may have named. */
bool oncpu_machine_is_enabled(void);

/*
 * One `enable` or `disable` at a time: two mounts could lie one upon the other. Returns a descriptor to be given back, or a
 * negative errno value.
 */
int oncpu_machine_lock(void);
void oncpu_machine_unlock(int lock);

/* Whether there is a mount of ours without the program: an `enable` or `disable` was cut off. */
bool oncpu_machine_has_remains(void);

/* Whether all pins are there, and no more: an upgrade may have been cut off. */
bool oncpu_machine_is_whole(void);

/* An upgrade: puts the pins whose names begin with ONCPU_PIN_NEXT in the place of the others, or removes them. */
int oncpu_machine_use_next(void);
void oncpu_machine_unpin_next(void);

/* The PID namespace of this process: its inode number, 0 if it cannot be known. */
uint32_t oncpu_machine_pid_namespace(void);

/* Removes all pins, the mount and the folder. Returns 0 or a negative errno value. */
int oncpu_machine_remove(void);

#endif
