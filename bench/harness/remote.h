/* SPDX-License-Identifier: MIT */
/* Locks that need a process of their own (struct bench_process): a child of this program checks and measures them. */
#ifndef BENCH_REMOTE_H
#define BENCH_REMOTE_H

#include "../locks/lock.h"
#include "../workloads/workload.h"

/* The first argument of the child: a word that people do not use. */
#define BENCH_REMOTE "lock-in-its-own-process"

/* As bench_lock_ops's `unavailable`. The string stays. */
const char *bench_remote_unavailable(const struct bench_lock_ops *ops);

/* As bench_check(), but a lock that is stuck ends the child alone. */
bool bench_remote_check(const struct bench_lock_ops *ops, char *why, size_t size);

/* Runs the workload where its lock is: here, or in a child. The way to call `run` of a workload. */
bool bench_remote_run(const struct bench_workload *workload, struct bench_run *run);

/* What main() does when argv[1] is BENCH_REMOTE. Returns the exit status. */
int bench_remote_main(int argc, char **argv);

#endif
