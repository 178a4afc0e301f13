/* SPDX-License-Identifier: MIT */
/*
 * Where the machine-wide program is pinned: the meeting point of `oncpu enable` and the processes that join it.
 */
#ifndef ONCPU_STATE_PATHS_H
#define ONCPU_STATE_PATHS_H

/* A bpffs of its own: /sys/fs/bpf is closed to everybody but root on most systems. */
#define ONCPU_RUN_DIR "/run/oncpu"

/* The environment variable that names another folder. */
#define ONCPU_RUN_DIR_ENV "ONCPU_DIR"

#endif
