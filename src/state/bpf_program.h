/* SPDX-License-Identifier: MIT */
/*
 * The BPF program in the kernel, as file descriptors: load it, and give it a thread to watch.
 */
#ifndef ONCPU_STATE_BPF_PROGRAM_H
#define ONCPU_STATE_BPF_PROGRAM_H

#include <oncpu/thread_state_abi.h>

struct oncpu_bpf_program {
    int tasks; /* the task storage map */
    int link;  /* as long as it is open, in this process or a forked child, the program is attached */
    uint32_t
        tasks_id;     /* of the map, and of the link: a program may close our descriptors, and then get their numbers */
    uint32_t link_id; /* for its own */
};

/*
 * Loads and attaches the program. Returns 0 or a negative errno value. Allocates; not async-signal-safe.
 */
int oncpu_bpf_load(struct oncpu_bpf_program *program);

/*
 * Has the kernel write the record of the thread `tid` of this process, from the next context switch on. The record's
 * page stays pinned until that thread has ended. Returns 0 or a negative errno value; -EBADF when the map is not there
 * any more. Async-signal-safe; touches errno.
 */
int oncpu_bpf_watch(const struct oncpu_bpf_program *program, uint32_t tid, struct oncpu_thread_record *record);

/* Closes the descriptors that are still the program's. Touches errno. */
void oncpu_bpf_close(const struct oncpu_bpf_program *program);

#endif
