// SPDX-License-Identifier: GPL-2.0-only
/*
 * Way `arena`: the records lie in a BPF arena, memory that the program and user space share by pointers. Task-local
 * storage holds a thread's pointer.
 */
#include "delivery.bpf.h"

#define ARENA __attribute__((address_space(1)))

enum { BPF_MAP_TYPE_ARENA = 33 }; /* include/uapi/linux/bpf.h */

struct {
    __uint(type, BPF_MAP_TYPE_ARENA);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, DELIVERY_SLOTS / DELIVERY_SLOTS_OF_A_PAGE); /* pages */
} records SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, __u64);
} tasks SEC(".maps");

const volatile __u64 arena_base; /* where user space maps the arena; all processes at the same address */
__u32 next_slot;

static __always_inline struct oncpu_thread_record ARENA *record_of(struct task_struct *task)
{
    __u64 *address;

    if (!task->bpf_storage)
        return 0;
    address = bpf_task_storage_get(&tasks, task, 0, 0);
    return address ? (struct oncpu_thread_record ARENA *)*address : 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(delivery_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
    struct oncpu_thread_record ARENA *record = record_of(prev);
    struct oncpu_thread_record local; /* a pointer to it is none to an arena; the compiler sees through it */

    /* The verifier lets a program use arena pointers only if it names the arena. */
    asm volatile("" : : "r"(&records));
    if (record) {
        oncpu_left(&local, preempt, prev);
        record->state = local.state;
    }
    record = record_of(next);
    if (record) {
        local.switches = record->switches;
        oncpu_came(&local);
        record->cpu = local.cpu;
        record->switches = local.switches;
        record->state = local.state;
    }
    return 0;
}

SEC("syscall")
int delivery_join(struct delivery_join *join)
{
    __u32 slot = take_slot(&next_slot, join->fresh_page);
    __u64 address = arena_base + slot * sizeof(struct oncpu_thread_record);
    __u64 *place;

    if (slot >= DELIVERY_SLOTS)
        return -28; /* ENOSPC */
    join->slot = slot;
    place = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), &address, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!place)
        return -12; /* ENOMEM */
    *place = address;
    return 0;
}
