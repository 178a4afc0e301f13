/* SPDX-License-Identifier: MIT */
/*
 * The two implementations that are compared: glibc's functions, and what a program finds that runs under the drop-in.
 */
#ifndef FUZZ_FUNCTIONS_H
#define FUZZ_FUNCTIONS_H

#include <pthread.h>
#include <time.h>

struct functions {
    const char *name;
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    int (*init)(pthread_mutex_t *, const pthread_mutexattr_t *);
    int (*destroy)(pthread_mutex_t *);
    int (*lock)(pthread_mutex_t *);
    int (*trylock)(pthread_mutex_t *);
    int (*timedlock)(pthread_mutex_t *, const struct timespec *);
    int (*clocklock)(pthread_mutex_t *, clockid_t, const struct timespec *);
    int (*unlock)(pthread_mutex_t *);
    int (*consistent)(pthread_mutex_t *);
    int (*getprioceiling)(const pthread_mutex_t *, int *);
    int (*setprioceiling)(pthread_mutex_t *, int, int *);
    int (*cond_clockwait)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
};

extern struct functions fuzz_glibc;
extern struct functions fuzz_dropin;

/* Fills both, or ends the process: without two different implementations there is nothing to compare. */
void fuzz_load_functions(void);

#endif
