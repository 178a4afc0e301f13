/* SPDX-License-Identifier: MIT */
/*
 * glibc's own functions, for all that the drop-in does not serve.
 */
#ifndef ONCPU_PTHREAD_GLIBC_H
#define ONCPU_PTHREAD_GLIBC_H

#include <pthread.h>
#include <threads.h>

typedef long (*oncpu_syscall_function)(long, long, long, long, long, long, long);

struct oncpu_glibc {
    int (*lock)(pthread_mutex_t *);
    int (*trylock)(pthread_mutex_t *);
    int (*timedlock)(pthread_mutex_t *, const struct timespec *);
    int (*clocklock)(pthread_mutex_t *, clockid_t, const struct timespec *);
    int (*unlock)(pthread_mutex_t *);
    int (*init)(pthread_mutex_t *, const pthread_mutexattr_t *);
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    int (*thrd_create)(thrd_t *, thrd_start_t, void *);
    int (*prctl)(int, unsigned long, unsigned long, unsigned long, unsigned long);
    oncpu_syscall_function syscall;
};

/* Resolved at the first use, which can be before any constructor. Thread-safe; allocates nothing. */
const struct oncpu_glibc *oncpu_glibc(void);

/* Its syscall(). A function of its own because it is called from assembler. */
oncpu_syscall_function oncpu_next_syscall(void);

#endif
