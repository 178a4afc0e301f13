/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel types that the BPF programs touch, and no more: each has only the fields that are read, and CO-RE finds
 * their offsets in the kernel that the program is loaded into. So the build needs no kernel headers of its own machine.
 */
#ifndef ONCPU_KERNEL_TYPES_H
#define ONCPU_KERNEL_TYPES_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed int __s32;
typedef signed long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u8 uint8_t;
typedef __u16 uint16_t;
typedef __u32 uint32_t;
typedef __u64 uint64_t;
typedef _Bool bool;
enum { false, true }; /* include/linux/stddef.h */

/* include/uapi/linux/bpf.h */
enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_TASK_STORAGE = 29 };
enum { BPF_F_NO_PREALLOC = 1, BPF_F_MMAPABLE = 1024 };
enum { BPF_NOEXIST = 1 };
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct bpf_local_storage;
struct bpf_iter_meta;

/* include/linux/uidgid.h */
typedef struct {
    unsigned int val;
} kuid_t;

/* include/linux/user_namespace.h */
struct user_namespace {
    struct user_namespace *parent;
    int level;
    kuid_t owner;
};

/* include/linux/cred.h */
struct cred {
    kuid_t uid;
    struct user_namespace *user_ns;
};

/* include/linux/sched.h; `__state` was called `state` before Linux 5.14, where none of this runs */
struct task_struct {
    unsigned int __state;
    int pid; /* of the outermost PID namespace */
    const struct cred *real_cred;
    struct bpf_local_storage *bpf_storage; /* NULL until some program keeps storage for this task */
};

/* kernel/bpf/task_iter.c */
struct bpf_iter__task {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
};

#pragma clang attribute pop

#endif
