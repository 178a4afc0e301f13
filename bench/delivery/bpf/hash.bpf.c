// SPDX-License-Identifier: GPL-2.0-only
/*
 * Baseline `hash`: as way `array`, but a thread's slot is found through a hash map by its pid, as programs did before
 * there was task-local storage.
 */
#include "delivery.bpf.h"

struct task_struct___pid {
    int pid;
} __attribute__((preserve_access_index));

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, DELIVERY_SLOTS);
    __type(key, __u32);
    __type(value, struct oncpu_thread_record);
} records SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, DELIVERY_SLOTS);
    __type(key, int);
    __type(value, __u32);
} tasks SEC(".maps");

__u32 next_slot;

static __always_inline struct oncpu_thread_record *record_of(struct task_struct *task)
{
    int pid = ((struct task_struct___pid *)task)->pid;
    __u32 *slot = bpf_map_lookup_elem(&tasks, &pid);

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
    int pid = (__u32)bpf_get_current_pid_tgid();
    __u32 slot = take_slot(&next_slot, join->fresh_page);

    if (slot >= DELIVERY_SLOTS)
        return -28; /* ENOSPC */
    join->slot = slot;
    return bpf_map_update_elem(&tasks, &pid, &slot, 0);
}

/* Task-local storage ends with its task, a hash entry does not: it would one day belong to another thread. */
SEC("syscall")
int delivery_leave(struct delivery_join *join)
{
    int pid = (__u32)bpf_get_current_pid_tgid();

    return bpf_map_delete_elem(&tasks, &pid);
}
