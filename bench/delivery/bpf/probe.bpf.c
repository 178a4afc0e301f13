// SPDX-License-Identifier: GPL-2.0-only
/*
 * Way `probe`: the record lies in the thread's own memory, as its rseq area does, and is written by
 * bpf_probe_write_user(). That helper writes to the address space that is in use, which at a context switch is still
 * that of the thread that leaves. So the thread that comes is served later: as it returns to user mode, where the
 * kernel updates its rseq area.
 */
#include "delivery.bpf.h"

/* The kernel's fields of a record come first, so that an arrival is one copy. */
enum { KERNEL_FIELDS = __builtin_offsetof(struct oncpu_thread_record, tid) };

struct place {
    __u64 address;
    __u64 delivered; /* arrivals that reached the thread's memory */
};

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct place);
} tasks SEC(".maps");

SEC("tp_btf/sched_switch")
int BPF_PROG(delivery_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
    struct oncpu_thread_record local;
    struct place *place;

    if (!prev->bpf_storage)
        return 0;
    place = bpf_task_storage_get(&tasks, prev, 0, 0);
    if (place) {
        oncpu_left(&local, preempt, prev);
        bpf_probe_write_user((void *)place->address, &local.state, sizeof(local.state));
    }
    return 0;
}

SEC("tp_btf/rseq_update")
int BPF_PROG(delivery_return, struct task_struct *task)
{
    struct oncpu_thread_record local;
    struct place *place;

    if (!task->bpf_storage)
        return 0;
    place = bpf_task_storage_get(&tasks, task, 0, 0);
    if (!place)
        return 0;
    local.switches = place->delivered;
    oncpu_came(&local);
    if (!bpf_probe_write_user((void *)place->address, &local, KERNEL_FIELDS))
        place->delivered++;
    return 0;
}

SEC("syscall")
int delivery_join(struct delivery_join *join)
{
    struct place *place = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

    if (!place)
        return -12; /* ENOMEM */
    place->address = join->address;
    place->delivered = 0;
    return 0;
}
