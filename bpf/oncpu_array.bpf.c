// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source `array`: one program for the whole machine, and the records of all processes in one array that user space maps
 * read-only. Threads register themselves by running a BPF program, so nobody needs the right to write a map, and nobody can
 * touch another's record. Built with ONCPU_OWN it is the program of one process and of those that it forks.
 *
 * A slot is free (in the queue), or belongs to one task: from oncpu_register in that task until oncpu_exit in that task.
 */
#include "kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "array_abi.h"
#include "array_tasks.h"
#include "record.h"
#include "short_cut.h"

char LICENSE[] SEC("license") = "GPL";

#ifndef TRIES    /* a test has another number, and so another program */
#define TRIES 64 /* of a compare-and-exchange: then somebody else makes progress, and the caller can do without */
#endif

/* errno values (include/uapi/asm-generic/errno-base.h, errno.h) */
#define EAGAIN 11
#define EINVAL 22
#define ENOSPC 28
#define EDQUOT 122

/* Set by the loader. */
const volatile uint32_t oncpu_slots = ONCPU_PAGE_RECORDS;
#ifndef ONCPU_OWN
const volatile uint64_t oncpu_user_share = ONCPU_PAGE_RECORDS; /* slots for each user but root */
#endif

/* The records. Frozen after the loader has filled in the heads: only these programs write it, and user space maps it. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, uint32_t);
    __type(value, struct oncpu_page);
} oncpu_pages SEC(".maps");

/* Slots given back, as a stack: for each slot the one below it, + 1. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, uint32_t);
    __type(value, uint32_t);
} oncpu_below SEC(".maps");

/*
 * The top of that stack in the low half, + 1, 0 when it is empty; in the high half a count of changes, so that a
 * compare-and-exchange does not succeed on a top that went and came back. And the first slot that was never used.
 */
uint64_t oncpu_top;
uint64_t oncpu_fresh;

/*
 * The argument is the slot + 1: the head has the place of one record, so that its low bits are a place in the page, and less than
 * what the page has room for (src/state/records.c), as the verifier can see by itself.
 */
static __always_inline struct oncpu_thread_record *record_at(uint32_t place)
{
    uint32_t page_number = place >> ONCPU_SLOT_SHIFT;
    struct oncpu_thread_record *page = bpf_map_lookup_elem(&oncpu_pages, &page_number);

    return page ? page + (place & ONCPU_SLOT_MASK) : 0;
}

/* ---- at every context switch ---- */

static __always_inline struct oncpu_thread_record *record_of(struct task_struct *task)
{
    volatile uint64_t *short_cut;
    struct task_value *value;
    uint32_t slot;
    uint32_t pid;

    if (!task->bpf_storage)
        return 0;
    pid = task->pid;
    short_cut = short_cut_of(pid);
    slot = take_short_cut(short_cut, pid);
    if (!slot) {
        value = bpf_task_storage_get(&oncpu_array_tasks, task, 0, 0);
        if (!value || !value->slot)
            return 0;
        slot = value->slot;
        if (value->pid == pid) /* or else nobody would clear it */
            fill_short_cut(short_cut, pid, slot);
    }
    return record_at(slot);
}

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

/* ---- slots ---- */

#define NO_SLOT 0u
#define CROWDED 0xffffffffu /* there may be one, but others were faster */

/* These two return the number of a slot + 1, or one of the above. */
static __always_inline uint32_t pop_slot(void)
{
    for (int i = 0; i < TRIES; i++) {
        uint64_t top = oncpu_top;
        uint32_t slot = (uint32_t)top - 1;
        uint32_t *below;

        if (!(uint32_t)top)
            return NO_SLOT;
        below = bpf_map_lookup_elem(&oncpu_below, &slot);
        if (!below)
            return NO_SLOT;
        if (__sync_val_compare_and_swap(&oncpu_top, top, ((top >> 32) + 1) << 32 | *below) == top)
            return slot + 1;
    }
    return CROWDED;
}

static __always_inline void push_slot(uint32_t slot)
{
    uint32_t *below = bpf_map_lookup_elem(&oncpu_below, &slot);

    for (int i = 0; below && i < TRIES; i++) {
        uint64_t top = oncpu_top;

        *below = (uint32_t)top;
        if (__sync_val_compare_and_swap(&oncpu_top, top, ((top >> 32) + 1) << 32 | (slot + 1)) == top)
            return;
    }
    /* after so many tries the slot is lost: one of tens of thousands, until the program is loaded anew */
}

static __always_inline uint32_t take_slot(void)
{
    uint32_t slot = pop_slot();
    uint64_t fresh;

    if (slot != NO_SLOT && slot != CROWDED)
        return slot;
    if (oncpu_fresh >= oncpu_slots)
        return slot;
    fresh = __sync_fetch_and_add(&oncpu_fresh, 1);
    if (fresh >= oncpu_slots)
        return slot;
    return ((uint32_t)fresh / ONCPU_PAGE_RECORDS << ONCPU_SLOT_SHIFT | (uint32_t)fresh % ONCPU_PAGE_RECORDS) + 1;
}

/* ---- shares ---- */

#ifdef ONCPU_OWN /* a process and those that it forks have all slots together */

static __always_inline uint32_t user_of(struct task_struct *task)
{
    return 0;
}

static __always_inline bool charge(uint32_t user)
{
    return true;
}

static __always_inline void discharge(uint32_t user) {}

#else

/* How many slots each user has. Users are accounts of the machine, so there are few (see user_of()). */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __type(key, uint32_t);
    __type(value, uint64_t);
} oncpu_users SEC(".maps");

/*
 * Whose share a thread uses. Whoever may map user ids into a namespace has many of them, but one user made the outermost
 * namespace, and that is the one who counts.
 */
static __always_inline uint32_t user_of(struct task_struct *task)
{
    const struct cred *cred = BPF_CORE_READ(task, real_cred);
    struct user_namespace *ns = BPF_CORE_READ(cred, user_ns);
    int level = BPF_CORE_READ(ns, level);

    if (!level)
        return BPF_CORE_READ(cred, uid.val);
    for (int i = 0; i < 33 && level > 1; i++) { /* at most 32 deep: user_namespaces(7) */
        ns = BPF_CORE_READ(ns, parent);
        level = BPF_CORE_READ(ns, level);
    }
    /* root makes namespaces for others, each of which has user ids of its own */
    return BPF_CORE_READ(ns, owner.val) ? BPF_CORE_READ(ns, owner.val) : BPF_CORE_READ(cred, uid.val);
}

static __always_inline bool charge(uint32_t user)
{
    uint64_t none = 0;
    uint64_t *count = bpf_map_lookup_elem(&oncpu_users, &user);

    if (!count) {
        bpf_map_update_elem(&oncpu_users, &user, &none, BPF_NOEXIST);
        count = bpf_map_lookup_elem(&oncpu_users, &user);
    }
    if (!count)
        return false;
    if (__sync_fetch_and_add(count, 1) < oncpu_user_share || !user)
        return true;
    __sync_fetch_and_add(count, -1);
    return false;
}

/* An entry is never deleted: its memory would be reused at once, under the hands of who has looked it up. */
static __always_inline void discharge(uint32_t user)
{
    uint64_t *count = bpf_map_lookup_elem(&oncpu_users, &user);

    if (count)
        __sync_fetch_and_add(count, -1);
}

#endif

/* ---- registration ---- */

static __always_inline int give_slot(struct task_struct *task, struct task_value *value)
{
    uint32_t user = user_of(task);
    struct oncpu_thread_record *record;
    uint32_t slot;

    if (!charge(user))
        return -EDQUOT;
    slot = take_slot();
    record = slot != NO_SLOT && slot != CROWDED ? record_at(slot) : 0;
    if (!record) {
        discharge(user);
        return slot == CROWDED ? -EAGAIN : -ENOSPC;
    }
    record->generation++;
    record->switches = 0;
    value->user = user;
    value->slot = slot;
    return 0;
}

/*
 * Only before Linux 6.2. There, as long as one thread is in a function of task storage, all others' look-ups on its CPU fail
 * (bpf_task_storage_busy, kernel/bpf/bpf_task_storage.c). A `syscall` program may sleep, so that its thread can lose the CPU
 * while it makes its storage: others' registrations would fail, their switches be missed, and their exits leave their slots
 * behind. So the storage is made here, just before the kernel runs such a program: what is on fentry does not sleep.
 */
#ifndef ONCPU_NO_PREPARE
SEC("fentry/bpf_prog_test_run_syscall")
int BPF_PROG(oncpu_prepare)
{
    bpf_task_storage_get(&oncpu_array_tasks, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
    return 0;
}
#endif

SEC("syscall")
int oncpu_register(struct oncpu_register_args *args)
{
    struct task_struct *task = bpf_get_current_task_btf();
    struct task_value *value = bpf_task_storage_get(&oncpu_array_tasks, task, 0, 0);
    struct oncpu_thread_record *record;
    int error;

    if (!value)
        value = bpf_task_storage_get(&oncpu_array_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!args->tid) /* nobody's: the record would look free */
        return -EINVAL;
    if (!value) /* no memory, or another registration was preempted on this CPU */
        return -EAGAIN;
    if (!value->slot) {
        error = give_slot(task, value);
        if (error)
            return error;
    }
    if (value->pid != (uint32_t)task->pid) {
        clear_short_cut(value->pid, value->slot);
        renew_short_cut(task->pid, value->slot);
        value->pid = task->pid; /* from now on it may be filled */
    }
    args->slot = value->slot - 1;
    record = record_at(value->slot);
    if (!record)
        return -ENOSPC;
    record->cpu = bpf_get_smp_processor_id();
    record->state = ONCPU_STATE_RUNNING; /* true: it executes this */
    record->tid = args->tid;
    return 0;
}

/*
 * The last that is heard of a thread. Its storage and its short cut go first: the switches that are still to come, of a thread that is on its
 * way out, must not be written into what may be another's record by then.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(oncpu_exit, struct task_struct *task)
{
    struct oncpu_thread_record *record;
    struct task_value *value;
    uint32_t slot;
    uint32_t user;
    uint32_t pid;

    if (!task->bpf_storage)
        return 0;
    value = bpf_task_storage_get(&oncpu_array_tasks, task, 0, 0);
    if (!value || !value->slot)
        return 0;
    slot = value->slot;
    user = value->user;
    pid = value->pid;
    value->slot = 0;
    bpf_task_storage_delete(&oncpu_array_tasks, task);
    clear_short_cut(pid, slot); /* after that: a switch in between would fill it again */
    record = record_at(slot);
    if (record) {
        record->state = ONCPU_STATE_BLOCKED;
        record->tid = 0;
    }
    discharge(user);
    push_slot(slot - 1);
    return 0;
}
