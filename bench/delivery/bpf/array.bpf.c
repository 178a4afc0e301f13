// SPDX-License-Identifier: GPL-2.0-only
/*
 * Way `array`: the records lie in an array that user space maps, and a thread's slot is found through a table by its
 * pid, with task-local storage behind it.
 */
#include "delivery.bpf.h"
#include "short_cut.h"

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
    volatile __u64 *short_cut;
    __u32 slot, *stored;

    if (!task->bpf_storage)
        return 0;
    short_cut = short_cut_of(task->pid);
    slot = take_short_cut(short_cut, task->pid);
    if (!slot) {
        stored = bpf_task_storage_get(&tasks, task, 0, 0);
        if (!stored)
            return 0;
        slot = *stored + 1;
        fill_short_cut(short_cut, task->pid, slot);
    }
    slot--;
    return bpf_map_lookup_elem(&records, &slot);
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
    __u32 pid = (__u32)bpf_get_current_pid_tgid();
    volatile __u64 *short_cut = short_cut_of(pid);
    __u32 *slot;

    if (taken >= DELIVERY_SLOTS)
        return -28; /* ENOSPC */
    join->slot = taken;
    slot = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), &taken, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!slot)
        return -12; /* ENOMEM */
    *slot = taken;
    if (short_cut) /* over one of a thread that has ended: nobody clears them here */
        *short_cut = (__u64)pid << 32 | (taken + 1);
    return 0;
}
