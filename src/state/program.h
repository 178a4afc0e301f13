/* SPDX-License-Identifier: MIT */
/*
 * A BPF program that writes records, as the process knows it: how to get one, and how to have it watch a thread. One file for
 * each way there is: array.c, own_array.c, uptr.c.
 */
#ifndef ONCPU_STATE_PROGRAM_H
#define ONCPU_STATE_PROGRAM_H

#include <oncpu/oncpu.h>
#include <stdbool.h>

/*
 * A program may close our descriptors, and then get their numbers for files of its own, BPF objects even: so what the kernel says
 * first of what each stands for is kept with it. That is its type, its id (maps, programs and links are numbered each by
 * themselves), and of a map the sizes, of a program the hash, of a link the program.
 */
struct oncpu_bpf_object {
    int fd; /* -1: none */
    uint32_t identity[4];
};

struct oncpu_bpf_program {
    enum oncpu_source source;
    bool machine_wide; /* array: it is the one for all processes; else for this one, and those that it forks */
    struct oncpu_bpf_object tasks; /* uptr: the task storage map, in which a thread is registered */
    struct oncpu_bpf_object enter; /* array: the program that a thread runs to register itself */
    struct oncpu_page *pages;      /* array: mapped read-only, and never unmapped */
    uint32_t page_count;
    const char *why; /* no better one: "" if there is none */

    /* Of a program of the process's own: while they are open, here or in a forked child, it is attached. */
    struct oncpu_bpf_object link;         /* ... to context switches */
    struct oncpu_bpf_object link_exit;    /* array: ... to the ends of threads */
    struct oncpu_bpf_object link_prepare; /* array, before Linux 6.2: ... to registrations */
};

/*
 * Load and attach a program of the process's own. Return 0 or a negative errno value. Allocate; not async-signal-safe.
 */
int oncpu_own_array_load(struct oncpu_bpf_program *program);
int oncpu_uptr_load(struct oncpu_bpf_program *program);

/*
 * Joins the machine-wide program that is pinned in the bpffs folder `folder`. Returns 0; -ENOENT: nothing is pinned there;
 * -EPROTO: what is there is not ours; another negative errno value. Not async-signal-safe.
 */
int oncpu_array_join(struct oncpu_bpf_program *program, const char *folder);

/*
 * For who loads an array's program. Completes the pages of its map, `count` of them, and freezes them; `version` and `home` are
 * what the heads say (oncpu/thread_state_abi.h). Returns 0 or a negative errno value.
 */
int oncpu_array_complete(int map, uint32_t count, uint32_t version, uint32_t home);

/* Maps such pages. Returns 0; -EPROTO: they are not ours; another negative errno value. */
int oncpu_array_map(struct oncpu_bpf_program *program, int map, uint32_t count);

/* Whether this kernel needs the program `prepare` (bpf/oncpu_array.bpf.c). */
bool oncpu_array_needs_prepare(void);

/*
 * Have the kernel write the record of the calling thread, from the next context switch on.
 *
 * oncpu_uptr_watch() is given the record; its page stays pinned until the thread has ended. `tid` may be that of any thread of
 * the process. oncpu_array_watch() gives the record that the kernel chose; called again, it says in the record that the thread
 * runs.
 *
 * Return 0 or a negative errno value; -EBADF when the program is not there any more. Async-signal-safe; touch errno.
 */
int oncpu_uptr_watch(const struct oncpu_bpf_program *program, uint32_t tid, struct oncpu_thread_record *record);
int oncpu_array_watch(const struct oncpu_bpf_program *program, uint32_t tid, uint32_t *slot);

/* Closes the descriptors that are still the program's. Touches errno. */
void oncpu_program_close(const struct oncpu_bpf_program *program);

#endif
