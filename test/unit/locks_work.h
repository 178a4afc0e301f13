/* SPDX-License-Identifier: MIT */
/*
 * That the locks work: asked again and again by tests that take the thread states away from them.
 */
#ifndef ONCPU_TEST_LOCKS_WORK_H
#define ONCPU_TEST_LOCKS_WORK_H

#include "check.h"

#include <oncpu/mutex.h>
#include <pthread.h>

static oncpu_mutex_t mutex;
static uint64_t counter;

static inline void *count(void *argument)
{
    (void)argument;
    for (int i = 0; i < 5000; i++) {
        oncpu_mutex_lock(&mutex);
        counter++;
        oncpu_mutex_unlock(&mutex);
    }
    return NULL;
}

static inline void check_locks_work(void)
{
    pthread_t threads[4];
    uint64_t before = counter;

    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, count, NULL) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(counter == before + 4 * 5000);
}

#endif
