/* SPDX-License-Identifier: MIT */
/*
 * The slab of thread records: who has which.
 */
#ifndef ONCPU_STATE_RECORDS_H
#define ONCPU_STATE_RECORDS_H

#include <oncpu/thread_state_abi.h>
#include <stdbool.h>

/*
 * Everything here is lock-free, so that a signal handler, or a thread that dies in the middle, stops nobody. All memory
 * but that of the array is mapped MADV_WIPEONFORK: a child of fork, made in whatever way, has it at the same addresses and finds
 * all of it zero, which is the valid state "no thread is registered"; so it finds nothing in the array either. Nothing is ever
 * unmapped.
 */

/* Makes the slab ready. False: the kernel refuses (no memory, or older than MADV_WIPEONFORK, Linux 4.14). */
bool oncpu_records_init(void);

/*
 * One thread at a time may do what this guards (choose a source); false: another thread is at it. A word in the wiped
 * memory, so that the child of a fork in the middle is not locked out for good.
 */
bool oncpu_records_guard_take(void);
void oncpu_records_guard_drop(void);

/*
 * Has the index find records of other pages, too: those of an array, which the kernel gives out. The struct must
 * stay as it is; another one can take its place, and then what the index had of the first is nobody's.
 */
struct oncpu_array {
    struct oncpu_page *pages;
    uint32_t page_count;
    bool machine_wide; /* other processes have the same, so that they can mean its slots */
};
void oncpu_records_use_array(const struct oncpu_array *array);

/* Makes the array's record in `slot` the one that oncpu_record_find(tid) finds. NULL: there is none, or no memory. */
struct oncpu_thread_record *oncpu_record_adopt(uint32_t slot, uint32_t tid);

/*
 * The machine-wide array's record in a slot, given as slot + 1, if it is that of a thread that calls itself `tid`: of whatever
 * process, and whatever these numbers are. NULL: there is none, or it is another's, or the array is not the machine's.
 */
struct oncpu_thread_record *oncpu_record_in_slot(uint32_t slot, uint32_t tid);

/* The slot of a record of the machine-wide array, + 1; 0: it is not in there, or that is not in use. */
uint32_t oncpu_record_slot(const struct oncpu_thread_record *record);

/* A record for the calling thread, not visible to others yet; NULL when all are in use. Touches errno. */
struct oncpu_thread_record *oncpu_record_claim(uint32_t tid);

/* Makes a claimed record the one that oncpu_record_find(tid) finds. */
void oncpu_record_publish(struct oncpu_thread_record *record, uint32_t tid);

/* Gives back a claimed record that the kernel does not write. */
void oncpu_record_drop(struct oncpu_thread_record *record);

/*
 * A word in which other threads can leave something for the thread `tid`, until it is taken away again; NULL before
 * oncpu_records_init(). Some threads have one together.
 */
uint64_t *oncpu_record_mailbox(uint32_t tid);

/* The same, which makes the slab ready if it is not; NULL: that is refused. Preserves errno; async-signal-safe. */
uint64_t *oncpu_record_mailbox_for(uint32_t tid);

/* The record of a thread, NULL when it has none. Wait-free. What it says is a hint. */
struct oncpu_thread_record *oncpu_record_find(uint32_t tid);

#endif
