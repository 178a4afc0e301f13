/* SPDX-License-Identifier: MIT */
/* What can be read from a pthread_mutex_t, and what a call on it would do: glibc's layout, told by its kind. */
#ifndef FUZZ_MUTEX_STATE_H
#define FUZZ_MUTEX_STATE_H

#include "step.h"

#include <pthread.h>
#include <sys/types.h>

/* Everything that a program, a debugger or libc sees; comparable between mutexes whose threads have other tids. */
struct visible {
    int held;
    int bits; /* of the lock word: the owner died; the priority ceiling */
    unsigned int count;
    int word_owner; /* the how manieth thread of its world; negative: a special value */
    int owner;
    unsigned int nusers;
    int kind;
};

/* tids: those of the world that the mutex belongs to, oldest first. */
struct visible fuzz_visible(const pthread_mutex_t *mutex, const pid_t *tids, int ntids);
bool fuzz_same(const struct visible *a, const struct visible *b);
void fuzz_print_visible(FILE *to, const struct visible *visible);

bool fuzz_is_robust(const pthread_mutex_t *mutex);
bool fuzz_is_mine(const pthread_mutex_t *mutex, pid_t self);
bool fuzz_has_waiters(const pthread_mutex_t *mutex);
/* Exactly one unlock() by its owner makes it free. */
bool fuzz_is_last_level(const pthread_mutex_t *mutex);

/*
 * Whether thread `self` may do this step: not if it would wait for ever, or if glibc says that it is undefined and it
 * would destroy more than the mutex. May move the step's time.
 */
bool fuzz_allowed(struct step *step, const pthread_mutex_t *mutex, pid_t self);

#endif
