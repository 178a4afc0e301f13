/* SPDX-License-Identifier: MIT */
/*
 * Which BPF program the process gets, and why not another.
 */
#ifndef ONCPU_STATE_FIND_H
#define ONCPU_STATE_FIND_H

#include "program.h"

/* Which programs may be chosen. */
enum oncpu_scope { ONCPU_ANY, ONCPU_MACHINE_WIDE };

/*
 * Why the process must make no bpf() call; NULL: nothing speaks against it. `other`: why not, as the caller knows, or NULL. To be
 * asked before oncpu_find_program(); both under the guard (records.h). The texts stay as they are.
 */
const char *oncpu_find_obstacle(const char *other);

/* Joins or loads the best program there is. Returns NULL, or why there is none. */
const char *oncpu_find_program(struct oncpu_bpf_program *program, enum oncpu_scope scope);

/* Whether one of these has ever returned a reason. */
bool oncpu_find_has_failed(void);

/*
 * Whether something else is pinned now than when the process looked last; nothing, a moment ago, is an answer too. Takes the guard.
 */
bool oncpu_find_sees_new_pin(void);

#endif
