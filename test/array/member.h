/* SPDX-License-Identifier: MIT */
/*
 * One test program, two builds: on the native lock, and on pthread's under the drop-in, which is then asked what it does.
 */
#ifndef ONCPU_TEST_ARRAY_MEMBER_H
#define ONCPU_TEST_ARRAY_MEMBER_H

#include "check.h"

#include <dlfcn.h>
#include <oncpu/oncpu.h>
#include <pthread.h>

#ifdef ARRAY_PTHREAD

static inline void *member_function(const char *name)
{
    void *function = dlsym(RTLD_DEFAULT, name);

    if (!function)
        test_failed(__FILE__, __LINE__, "the drop-in is not preloaded");
    return function;
}

#define MEMBER(function) ((__typeof__(&(function)))member_function(#function))

typedef pthread_mutex_t member_lock_t;
#define member_lock(lock) pthread_mutex_lock(lock)
#define member_unlock(lock) pthread_mutex_unlock(lock)

static inline void member_begin(void) {} /* pthread_create() does it */

#else

#define MEMBER(function) function

typedef oncpu_mutex_t member_lock_t;
#define member_lock(lock) oncpu_mutex_lock(lock)
#define member_unlock(lock) oncpu_mutex_unlock(lock)

static inline void member_begin(void)
{
    oncpu_init(); /* without success the source is none, which is asked for where it matters */
}

#endif

static inline pthread_t member_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;

    member_begin();
    CHECK(pthread_create(&thread, NULL, body, argument) == 0);
    return thread;
}

static inline const char *member_source(void)
{
    return MEMBER(oncpu_source_name)(MEMBER(oncpu_source)());
}

#endif
