/* SPDX-License-Identifier: MIT */
/*
 * Tells a lock that works from one that does not: many threads use it in all ways at once, and at the end everything
 * that was done under it must add up. What it says of good locks is believed because it catches bad ones (broken.c).
 */
#ifndef ONCPU_TEST_CHECKER_H
#define ONCPU_TEST_CHECKER_H

#include <stdbool.h>
#include <stdint.h>

enum { CHECKER_QUEUE, CHECKER_RING, CHECKER_CONDS };

/* A lock with its condition variables. */
struct checker_lock {
    const char *name;
    void (*lock)(void);
    bool (*trylock)(void);
    bool (*timedlock)(uint64_t ns); /* false: timed out */
    void (*unlock)(void);
    void (*wait)(int cond);
    void (*timedwait)(int cond, uint64_t ns);
    void (*signal)(int cond);
    void (*broadcast)(int cond);
};

/* What can be found wrong, as bits. */
#define CHECKER_OVERLAP 1u /* two threads were inside at once */
#define CHECKER_COUNT 2u   /* what was done under the lock does not add up */
#define CHECKER_STUCK 4u   /* a thread never came back */
#define CHECKER_IDLE 8u    /* nothing happened: it proves nothing */

struct checker_run {
    const struct checker_lock *lock;
    int threads;
    uint64_t run_ns;
    uint64_t grace_ns;            /* how long threads may take to come back */
    void *(*disturb)(void *stop); /* another thread meanwhile, until *(int *)stop; NULL: none */
};

/* Returns the faults found, and prints them. After CHECKER_STUCK the process can only end. */
unsigned checker_run(const struct checker_run *run);

#endif
