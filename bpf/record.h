/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a context switch writes into the records of its two threads, whichever way the records were found.
 */
#ifndef ONCPU_RECORD_H
#define ONCPU_RECORD_H

#include "kernel_types.h"

#include <bpf/bpf_helpers.h>

#include "thread_state_abi.h"

static __always_inline void oncpu_left(struct oncpu_thread_record *record, bool preempt, struct task_struct *prev)
{
    /* state 0 is TASK_RUNNING: it gave up the CPU (sched_yield) but wants it */
    record->state = preempt || !prev->__state ? ONCPU_STATE_PREEMPTED : ONCPU_STATE_BLOCKED;
}

static __always_inline void oncpu_came(struct oncpu_thread_record *record)
{
    record->cpu = bpf_get_smp_processor_id();
    record->switches++;
    record->state = ONCPU_STATE_RUNNING;
}

#endif
