// SPDX-License-Identifier: GPL-2.0-only
/*
 * At every context switch: write into the thread that leaves why it left, and into the thread that comes that it runs.
 * This is on the hot path of the whole machine, so there is nothing else in here: no map but the task's own storage, no
 * creation of storage (a plain look-up takes no lock that the interrupted code could hold, so that no event is lost to
 * it), and a way out after one load for the tasks that never registered.
 */
#include "kernel_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record.h"

char LICENSE[] SEC("license") = "GPL";

/* Only a type that something refers to reaches the program's BTF in full, and the kernel needs its size to pin it. */
struct oncpu_thread_record oncpu_record_type;

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct oncpu_task_value);
} oncpu_tasks SEC(".maps");

static __always_inline struct oncpu_thread_record *record_of(struct task_struct *task)
{
    struct oncpu_task_value *value;

    if (!task->bpf_storage)
        return 0;
    value = bpf_task_storage_get(&oncpu_tasks, task, 0, 0);
    return value ? value->record : 0;
}

/*
 * The tracepoint fires with interrupts off just before the real switch (kernel/sched/core.c, __schedule), so a waiter
 * can read RUNNING for a thread that is about to run a few hundred nanoseconds from now, or PREEMPTED for one that is
 * about to stop: both are true enough to wait by.
 */
SEC("tp_btf/sched_switch")
int BPF_PROG(oncpu_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
    struct oncpu_thread_record *record = record_of(prev);

    if (record)
        oncpu_left(record, preempt, prev);
    record = record_of(next);
    if (record)
        oncpu_came(record);
    return 0;
}
