/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which thread has which slot of the array: what the kernel keeps with each thread.
 */
#ifndef ONCPU_ARRAY_TASKS_H
#define ONCPU_ARRAY_TASKS_H

#include "kernel_types.h"

#include <bpf/bpf_helpers.h>

struct task_value {
    uint32_t slot; /* + 1 */
    uint32_t user;
    uint32_t pid; /* by which its short cut is found: exec gives it the pid of the first thread of the process */
};

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct task_value);
} oncpu_array_tasks SEC(".maps");

#endif
