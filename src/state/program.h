/* SPDX-License-Identifier: MIT */
/*
 * A BPF program that writes records, as the process knows it: how to get one, and how to have it watch a thread. One file for
 * each way there is: uptr.c, array.c.
 */
#ifndef ONCPU_STATE_PROGRAM_H
#define ONCPU_STATE_PROGRAM_H

#include <oncpu/oncpu.h>

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
    struct oncpu_bpf_object tasks; /* uptr: the task storage map, in which a thread is registered */
    struct oncpu_bpf_object link;  /* uptr: while it is open, here or in a forked child, the program is attached */
    struct oncpu_bpf_object enter; /* array: the program that a thread runs to register itself */
    struct oncpu_page *pages;      /* array: mapped read-only, and never unmapped */
    uint32_t page_count;
};

/*
 * Loads and attaches a program of the process's own. Returns 0 or a negative errno value. Allocates; not async-signal-safe.
 */
int oncpu_uptr_load(struct oncpu_bpf_program *program);

/*
 * Joins the machine-wide program that is pinned in the bpffs folder `folder`. Returns 0; -ENOENT: nothing is pinned there;
 * -EPROTO: what is there is not ours; another negative errno value. Not async-signal-safe.
 */
int oncpu_array_join(struct oncpu_bpf_program *program, const char *folder);

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
