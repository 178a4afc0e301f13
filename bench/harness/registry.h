/* SPDX-License-Identifier: MIT */
/* The locks and workloads that are linked in: found by name, listed in a fixed order. */
#ifndef BENCH_REGISTRY_H
#define BENCH_REGISTRY_H

#include "../locks/lock.h"
#include "../workloads/workload.h"

enum { BENCH_MAX_REGISTERED = 64 };

/* By index: "pthread" first, the others by name; NULL past the end. Hidden ones come last. */
const struct bench_lock_ops *bench_lock_at(unsigned index);
const struct bench_lock_ops *bench_lock_find(const char *name);

/* The lock whose functions are called where it is measured: its stand-in, or itself. NULL: there is no such stand-in. */
const struct bench_lock_ops *bench_lock_called(const struct bench_lock_ops *ops);

/* Why the lock cannot run in this process, NULL if it can. Asks the adapter once. */
const char *bench_lock_unavailable(const struct bench_lock_ops *ops);

const struct bench_workload *bench_workload_at(unsigned index);
const struct bench_workload *bench_workload_find(const char *name);

/* Makes a lock for several processes in memory that they share: zeroed, and aligned as lock.h promises. */
void bench_lock_init_shared(const struct bench_lock_ops *ops, void *lock);

/* A lock's memory, as lock.h promises it, ready for use. */
void *bench_lock_create(const struct bench_lock_ops *ops);
void bench_lock_free(const struct bench_lock_ops *ops, void *lock);

/* The same for a condition variable. */
void *bench_cond_create(const struct bench_cond_ops *ops);
void bench_cond_free(const struct bench_cond_ops *ops, void *cond);

#endif
