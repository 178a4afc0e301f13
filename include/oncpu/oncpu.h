/* SPDX-License-Identifier: MIT */
/*
 * The whole library, and what a process knows about itself: where its thread states come from, why from nowhere better,
 * and what its locks did.
 *
 *     int main(void)
 *     {
 *         oncpu_init();   // 0: the locks know who runs. Otherwise they do without; nothing else changes.
 *         ...
 *
 * Environment, read once: ONCPU_SOURCE=none|uptr|array overrides the choice of source (none: do without BPF), ONCPU_VERBOSE=1
 * has one line written to standard error that says which source is used, and why no better one. ONCPU_HANDOFF_NS=n: a waiter
 * that has waited for n nanoseconds and is on a CPU, while nobody sleeps on the lock, is offered it at the next release
 * (default 1000, on three and more CPUs 5000; 0: never). ONCPU_STAY_NS=n: a thread that had to wait, and has been on its CPU for n
 * nanoseconds, offers it to others after it has unlocked (default 100000; 0: never).
 */
#ifndef ONCPU_ONCPU_H
#define ONCPU_ONCPU_H

#include <oncpu/cond.h>
#include <oncpu/mutex.h>
#include <oncpu/thread_state.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Where thread states come from. */
enum oncpu_source {
    ONCPU_SOURCE_AUTO = -1, /* for oncpu_source_select(): the one that oncpu_init() found */
    ONCPU_SOURCE_NONE =
        0, /* nowhere: waiters spin for a few microseconds, unless the owner took the lock on their CPU */
    ONCPU_SOURCE_UPTR = 1, /* a program of this process's own writes its pages (Linux 6.13; CAP_BPF and CAP_PERFMON) */
    /* A program writes an array: that of the whole machine (see oncpu(1), `oncpu enable`), or where there is none, one of this
     * process's own (Linux 5.17; CAP_BPF and CAP_PERFMON), as oncpu_source_reason() then says. */
    ONCPU_SOURCE_ARRAY = 2,
};

/*
 * Chooses the best source there is: joins the program that `oncpu enable` has pinned for the whole machine (tens of
 * microseconds, one file descriptor), or else loads a BPF program for this process (some 10 ms, some 400 kB of kernel
 * memory, three file descriptors, four before Linux 6.2). exec closes the descriptors. A program of the process's own stays until
 * the process and all its forked children have ended; 4095 threads of theirs can be registered at a time. Called again after the
 * source was lost, it tries again.
 *
 * Returns: 0 when there is a source; -ENOTSUP when there is none (oncpu_source_reason() says why), or while another
 * thread is in its first call; -ENOMEM.
 * Thread-safe. Not async-signal-safe.
 */
int oncpu_init(void);

/* The source in use now. It becomes ONCPU_SOURCE_NONE by itself when BPF has gone away. Async-signal-safe. */
enum oncpu_source oncpu_source(void);

/* The source's name: "uptr", "array", "none". A constant string. */
const char *oncpu_source_name(enum oncpu_source source);

/*
 * Why the process uses this source and no better one: one sentence, "" when there is no better one. The string belongs
 * to the library and stays readable. Thread-safe.
 */
const char *oncpu_source_reason(void);

/*
 * Uses `source` from now on: ONCPU_SOURCE_NONE suspends the source, its name or ONCPU_SOURCE_AUTO goes back to it. For
 * benchmarks and tests; correct at any time, also while other threads wait for locks.
 * Returns: 0; -ENOTSUP when the process does not have that source.
 */
int oncpu_source_select(enum oncpu_source source);

/* What the locks of this process did since the counting began. Only contended acquisitions count: the fast path counts
 * nothing. */
struct oncpu_stats {
    uint64_t contended;     /* acquisitions that found the lock held */
    uint64_t spun;          /* ... of which: got it by spinning, without a sleep */
    uint64_t slept;         /* ... of which: slept, or rested, at least once */
    uint64_t timed_out;     /* ... of which: gave up at their deadline */
    uint64_t sleeps;        /* sleeps in the futex */
    uint64_t owner_off_cpu; /* times that a waiter stopped spinning because the owner left its CPU */
    uint64_t spin_limit; /* times that a waiter stopped spinning because the bound was reached, or others were faster */
    uint64_t spin_ns;    /* time spent spinning */
    uint64_t handed;     /* acquisitions that an owner handed over, because the waiter had claimed the lock */
    uint64_t rests;      /* times that a waiter left a saturated lock alone for a while */
    uint64_t left;       /* times that a thread offered its CPU to others, between two sections */
};

/*
 * Begins to count. Returns 0 or -ENOMEM. Costs a few nanoseconds per contended acquisition from then on.
 */
int oncpu_stats_enable(void);

/* The counts so far; all zero before oncpu_stats_enable(). Not a snapshot: threads go on counting meanwhile. */
void oncpu_stats_read(struct oncpu_stats *stats);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
