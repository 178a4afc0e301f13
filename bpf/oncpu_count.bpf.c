// SPDX-License-Identifier: GPL-2.0-only
/*
 * For `oncpu status`: how many threads there are that have a slot in the machine-wide array. It is given the map of the program
 * that is pinned.
 */
#include "array_tasks.h"

char LICENSE[] SEC("license") = "GPL";

uint64_t oncpu_living;

SEC("iter/task")
int oncpu_count(struct bpf_iter__task *context)
{
    struct task_struct *task = context->task;
    struct task_value *value;

    if (!task) /* the end */
        return 0;
    value = bpf_task_storage_get(&oncpu_array_tasks, task, 0, 0);
    if (value && value->slot)
        oncpu_living++; /* one thread runs this, for one task after the other */
    return 0;
}
