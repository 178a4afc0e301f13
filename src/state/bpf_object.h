/* SPDX-License-Identifier: MIT */
/*
 * BPF descriptors that live in a program that knows nothing of them.
 */
#ifndef ONCPU_STATE_BPF_OBJECT_H
#define ONCPU_STATE_BPF_OBJECT_H

#include "program.h"

#include <linux/bpf.h>
#include <stdbool.h>

/* bpf(2). Returns what it returned, or a negative errno value. */
int oncpu_bpf(enum bpf_cmd command, union bpf_attr *attr);

/* What the kernel says of a descriptor's object. Returns 0 or a negative errno value. */
int oncpu_bpf_info(int fd, void *info, uint32_t size);

/*
 * Copies `fd` out of the way of the program: high up, but below FD_SETSIZE. Returns the copy or a negative errno value.
 * Async-signal-safe; touches errno.
 */
int oncpu_bpf_high(int fd);

/* Keeps such a copy, and what it stands for. Returns 0 or a negative errno value. */
int oncpu_bpf_keep(struct oncpu_bpf_object *object, int fd);

/* A program that has none, and is not the machine's. */
void oncpu_program_init(struct oncpu_bpf_program *program, enum oncpu_source source);

/* Calls `load`, which uses a light skeleton, where that can be done. Returns what it returned. */
int oncpu_bpf_load(struct oncpu_bpf_program *program, int (*load)(struct oncpu_bpf_program *program));

/* Whether the descriptor still stands for what it stood for. */
bool oncpu_bpf_is(const struct oncpu_bpf_object *object);

#endif
