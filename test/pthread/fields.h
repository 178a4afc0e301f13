/* SPDX-License-Identifier: MIT */
/*
 * Prints the fields of a pthread_mutex_t that programs, debuggers and libc itself read, with thread ids made
 * comparable.
 */
#ifndef TEST_PTHREAD_FIELDS_H
#define TEST_PTHREAD_FIELDS_H

#include "check.h"

/* Robust and PI kinds keep the owner in the lock word: FUTEX_TID_MASK. */
enum { OWNER_IN_WORD = 16 | 32, TID_BITS = 0x3fffffff };

static inline const char *tid_name(int tid)
{
    return tid == 0 ? "nobody" : tid == gettid() ? "me" : "another";
}

static inline void show_fields(const char *when, const pthread_mutex_t *mutex)
{
    int lock = mutex->__data.__lock;
    char word[32];

    if (mutex->__data.__kind & OWNER_IN_WORD)
        snprintf(word, sizeof(word), "%s%s", tid_name(lock & TID_BITS), lock & ~TID_BITS ? "+flags" : "");
    else
        snprintf(word, sizeof(word), "%d", lock);
    printf("  %s: lock %s, count %u, owner %s, nusers %u, kind %d\n", when, word, mutex->__data.__count,
           tid_name(mutex->__data.__owner), mutex->__data.__nusers, mutex->__data.__kind);
}

#endif
