/* SPDX-License-Identifier: MIT */
/* What locks that are a pthread_mutex_t share, whoever serves its calls: how it is made, and the condition variable. */
#ifndef BENCH_POSIX_H
#define BENCH_POSIX_H

#include "calls.h"

#include <pthread.h>

static inline void bench_posix_init(void *lock, int kind, int shared)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, kind);
    pthread_mutexattr_setpshared(&attr, shared);
    pthread_mutex_init(lock, &attr);
    pthread_mutexattr_destroy(&attr);
}

/* Of the normal kind, which is all zero as long as one process alone uses it. */
static inline void bench_posix_init_shared(void *lock)
{
    bench_posix_init(lock, PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_SHARED);
}

BENCH_COND(bench_posix_cond, pthread_cond_t, pthread_cond_wait, pthread_cond_signal, pthread_cond_broadcast);

#endif
