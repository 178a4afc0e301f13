// SPDX-License-Identifier: GPL-2.0-only
/*
 * Way `array`: the records lie in an array that user space maps, and a thread's slot is found through task-local
 * storage.
 */
#include "delivery.bpf.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, DELIVERY_SLOTS);
    __type(key, __u32);
    __type(value, struct oncpu_thread_record);
} records SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, __u32);
} tasks SEC(".maps");

__u32 next_slot;

static __always_inline struct oncpu_thread_record *record_of(struct task_struct *task)
{
    __u32 *slot;

    if (!task->bpf_storage)
        return 0;
    slot = bpf_task_storage_get(&tasks, task, 0, 0);
    return slot ? bpf_map_lookup_elem(&records, slot) : 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(delivery_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
    struct oncpu_thread_record *record = record_of(prev);

    if (record)
        oncpu_left(record, preempt, prev);
    record = record_of(next);
    if (record)
        oncpu_came(record);
    return 0;
}

SEC("syscall")
int delivery_join(struct delivery_join *join)
{
    __u32 taken = take_slot(&next_slot, join->fresh_page);
    __u32 *slot;

    if (taken >= DELIVERY_SLOTS)
        return -28; /* ENOSPC */
    join->slot = taken;
    slot = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), &taken, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!slot)
        return -12; /* ENOMEM */
    *slot = taken;
    return 0;
}
