/* SPDX-License-Identifier: MIT */
/*
 * Mutexes between processes, with the same results as glibc's: for all that mutex.c does not serve itself.
 */
#ifndef ONCPU_PTHREAD_SHARED_H
#define ONCPU_PTHREAD_SHARED_H

#include "glibc_mutex.h"

/* Set when the running glibc's process-shared mutexes have been checked, as oncpu_pthread_tid_offset. */
extern int oncpu_pthread_shared_offset;

/* These take any mutex: what is not ours goes to glibc. */
int oncpu_shared_lock(pthread_mutex_t *mutex);
int oncpu_shared_trylock(pthread_mutex_t *mutex);
int oncpu_shared_timedlock(pthread_mutex_t *mutex, const struct timespec *abstime);
int oncpu_shared_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *abstime);
int oncpu_shared_unlock(pthread_mutex_t *mutex);

#endif
