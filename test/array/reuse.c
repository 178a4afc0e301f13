/* SPDX-License-Identifier: MIT */
/*
 * All slots taken, given back and taken again, in a machine that has room for 63 threads: each thread has a record of its own,
 * one more gets none, and a record that goes to another thread says so by its generation.
 */
#include "clock.h"

#include "check.h"

#include <errno.h>
#include <oncpu/oncpu.h>
#include <pthread.h>

#define SLOTS ONCPU_PAGE_RECORDS

static const struct oncpu_thread_record *records[SLOTS];
static uint32_t generations[SLOTS];
static pthread_barrier_t all_there;
static pthread_barrier_t all_looked;

/* ENOSPC: the last round's threads are still on their way out. */
static void *take(void *place)
{
    const struct oncpu_thread_record **record = place;

    CHECK(EVENTUALLY(oncpu_thread_register() == 0));
    *record = oncpu_thread_self();
    CHECK(*record && (*record)->tid == (uint32_t)gettid());
    pthread_barrier_wait(&all_there);
    pthread_barrier_wait(&all_looked);
    return NULL;
}

static void *take_none(void *unused)
{
    oncpu_mutex_t lock = ONCPU_MUTEX_INITIALIZER;

    (void)unused;
    CHECK(oncpu_thread_register() == -ENOSPC);
    CHECK(!oncpu_thread_self());
    CHECK(oncpu_mutex_lock(&lock) == 0 && oncpu_mutex_unlock(&lock) == 0);
    return NULL;
}

static void check_all_different(void)
{
    for (unsigned i = 0; i < SLOTS; i++)
        for (unsigned k = 0; k < i; k++)
            CHECK(records[i] != records[k]);
}

/* The generation that the record had one round ago. */
static uint32_t *generation_of(const struct oncpu_thread_record *record,
                               const struct oncpu_thread_record *const *before)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (before[i] == record)
            return &generations[i];
    return NULL;
}

static void fill(pthread_t *threads)
{
    pthread_t extra;

    for (unsigned i = 0; i < SLOTS; i++)
        CHECK(pthread_create(&threads[i], NULL, take, &records[i]) == 0);
    pthread_barrier_wait(&all_there);
    check_all_different();
    CHECK(pthread_create(&extra, NULL, take_none, NULL) == 0);
    pthread_join(extra, NULL);
}

static void leave(const pthread_t *threads)
{
    pthread_barrier_wait(&all_looked);
    for (unsigned i = 0; i < SLOTS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < SLOTS; i++) {
        CHECK(EVENTUALLY(__atomic_load_n(&records[i]->tid, __ATOMIC_RELAXED) == 0));
        CHECK(oncpu_thread_state(records[i]) == ONCPU_STATE_BLOCKED);
    }
}

int main(void)
{
    const struct oncpu_thread_record *before[SLOTS];
    pthread_t threads[SLOTS];

    CHECK(oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_ARRAY);
    CHECK(pthread_barrier_init(&all_there, NULL, SLOTS + 1) == 0);
    CHECK(pthread_barrier_init(&all_looked, NULL, SLOTS + 1) == 0);
    for (int round = 0; round < 20; round++) {
        memcpy(before, records, sizeof(before));
        fill(threads);
        uint32_t now[SLOTS];
        for (unsigned i = 0; i < SLOTS; i++) {
            const uint32_t *old = generation_of(records[i], before);
            now[i] = records[i]->generation;
            CHECK(!round || (old && now[i] == *old + 1));
        }
        memcpy(generations, now, sizeof(now));
        leave(threads);
    }
    return 0;
}
