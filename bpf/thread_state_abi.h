/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The layout of the thread-state pages: the one place that knows it. The BPF program writes these pages, user space
 * reads them, and both include this file. Fields are only ever appended, into the reserved bytes; a change of meaning
 * is a new ONCPU_PAGE_VERSION.
 */
#ifndef ONCPU_THREAD_STATE_ABI_H
#define ONCPU_THREAD_STATE_ABI_H

#ifndef __bpf__
#include <stddef.h>
#include <stdint.h>
#endif

/* What a thread was doing when the scheduler last looked at it. */
enum oncpu_state {
    ONCPU_STATE_UNKNOWN = 0,   /* not registered, or not seen by the scheduler since it registered */
    ONCPU_STATE_RUNNING = 1,   /* on a CPU */
    ONCPU_STATE_PREEMPTED = 2, /* runnable, but another thread has its CPU */
    ONCPU_STATE_BLOCKED = 3,   /* asleep, stopped, or ended */
};

#define ONCPU_PAGE_SIZE 4096u
#define ONCPU_PAGE_MAGIC 0x5550434eu /* "NCPU" in memory on a little-endian machine */
#define ONCPU_PAGE_VERSION 1u
#define ONCPU_PAGE_RECORDS 63u /* the head takes the place of one record */

/*
 * One thread. A cache line of its own, so that the kernel's stores for one thread never disturb the readers of another.
 * The kernel writes `state`, `cpu` and `switches`; whoever gives out the record writes `tid` and `generation`,
 * user space in pages of source `uptr`, the BPF program in those of an array. Every field is a hint: a reader may find any value in it at any time.
 */
struct oncpu_thread_record {
    uint32_t state;      /* enum oncpu_state */
    uint32_t cpu;        /* where it runs, or ran last */
    uint64_t switches;   /* how often it was switched in since it registered */
    uint32_t tid;        /* whose record this is, as gettid() says in the registering process; 0: nobody's */
    uint32_t generation; /* moves when the record is given to another thread */
    uint8_t reserved[40];
} __attribute__((aligned(64)));

struct oncpu_page_head {
    uint32_t magic;       /* ONCPU_PAGE_MAGIC */
    uint16_t version;     /* ONCPU_PAGE_VERSION */
    uint16_t record_size; /* bytes from one record to the next */
    uint32_t records;     /* how many records follow the head */
    uint32_t array;       /* in the machine-wide array, the version of the program's maps; 0 in those of a process */
    uint32_t home;        /* ... the PID namespace of who enabled it: the inode number; 0 elsewhere */
    uint8_t reserved[44];
} __attribute__((aligned(64)));

struct oncpu_page {
    struct oncpu_page_head head;
    struct oncpu_thread_record records[ONCPU_PAGE_RECORDS];
};

/* The value of the task-local storage: what the kernel keeps for each registered thread. */
#ifdef __bpf__
#define ONCPU_UPTR __attribute__((btf_type_tag("uptr")))
#else
#define ONCPU_UPTR
#endif

struct oncpu_task_value {
    struct oncpu_thread_record ONCPU_UPTR *record;
};

#ifdef __cplusplus
#define ONCPU_ASSERT_LAYOUT(cond) static_assert(cond, #cond)
#else
#define ONCPU_ASSERT_LAYOUT(cond) _Static_assert(cond, #cond)
#endif

ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_thread_record, state) == 0);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_thread_record, cpu) == 4);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_thread_record, switches) == 8);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_thread_record, tid) == 16);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_thread_record, generation) == 20);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_thread_record, reserved) == 24);
ONCPU_ASSERT_LAYOUT(sizeof(struct oncpu_thread_record) == 64);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_page_head, magic) == 0);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_page_head, version) == 4);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_page_head, record_size) == 6);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_page_head, records) == 8);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_page_head, array) == 12);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_page_head, home) == 16);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_page_head, reserved) == 20);
ONCPU_ASSERT_LAYOUT(sizeof(struct oncpu_page_head) == 64);
ONCPU_ASSERT_LAYOUT(__builtin_offsetof(struct oncpu_page, records) == 64);
ONCPU_ASSERT_LAYOUT(sizeof(struct oncpu_page) == ONCPU_PAGE_SIZE);
ONCPU_ASSERT_LAYOUT(sizeof(struct oncpu_task_value) == 8);

#endif
