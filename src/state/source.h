/* SPDX-License-Identifier: MIT */
/*
 * The source of thread states that the process has, for the other files of this room.
 */
#ifndef ONCPU_STATE_SOURCE_H
#define ONCPU_STATE_SOURCE_H

#include "program.h"

/* The program to register threads with; NULL: there is none, or it must not be called any more. */
const struct oncpu_bpf_program *oncpu_source_program(void);

/* That program does not write any more: the process goes on without, until somebody calls oncpu_init() again. */
void oncpu_source_lost(const struct oncpu_bpf_program *lost);

/* Moves each time that the source changes; never 0. */
uint32_t oncpu_source_epoch(void);

#endif
