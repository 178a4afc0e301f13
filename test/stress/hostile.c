/* SPDX-License-Identifier: MIT */
/*
 * A thread that writes garbage into all thread records: the lock stays correct, and a waiter that is told that its
 * owner runs and runs sleeps nevertheless.
 *
 * usage: hostile [THREADS [MILLISECONDS]]
 */
#include "hostile.h"
#include "check.h"
#include "clock.h"
#include "native_lock.h"
#include "random.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>

/* ---- garbage ---- */

enum { MAX_RECORDS = 1024 };

static struct oncpu_thread_record *records[MAX_RECORDS];
static unsigned known;

void hostile_get_to_know(struct oncpu_thread_record *record)
{
    for (unsigned i = 0; i < known; i++)
        if (records[i] == record)
            return;
    if (record && known < MAX_RECORDS)
        records[known++] = record;
}

static void look_for_records(void)
{
    DIR *directory = opendir("/proc/self/task");
    const struct dirent *entry;

    CHECK(directory);
    while ((entry = readdir(directory)))
        if (atoi(entry->d_name) > 0)
            /* the kernel's to write: but this is what a page looks like that cannot be trusted */
            hostile_get_to_know((struct oncpu_thread_record *)(uintptr_t)oncpu_thread_find(atoi(entry->d_name)));
    closedir(directory);
}

static void scribble(struct oncpu_thread_record *record, uint64_t *seed)
{
    uint64_t dice = test_random(seed);
    uint32_t garbage = (uint32_t)test_random(seed);

    __atomic_store_n(&record->state, dice % 4 ? (uint32_t)(dice >> 8) % 4 : garbage, __ATOMIC_RELAXED);
    __atomic_store_n(&record->cpu, garbage, __ATOMIC_RELAXED);
    __atomic_store_n(&record->switches, test_random(seed), __ATOMIC_RELAXED);
    if (dice % 512 == 0) /* seldom: its thread then has to register again */
        __atomic_store_n(&record->tid, dice % 1024 ? garbage : (uint32_t)(dice >> 8) % 8, __ATOMIC_RELAXED);
}

static void *be_hostile(void *stop)
{
    uint64_t seed = 42;

    for (unsigned n = 0; !__atomic_load_n((int *)stop, __ATOMIC_RELAXED); n++) {
        if (n % 64 == 0)
            look_for_records();
        for (unsigned i = 0; i < known; i++)
            scribble(records[i], &seed);
        test_sleep_ns(20000);
        if (oncpu_source() == ONCPU_SOURCE_NONE) /* garbage can look like a loss */
            CHECK(oncpu_init() == 0 || strstr(oncpu_source_reason(), "too often"));
    }
    return NULL;
}

/* ---- an owner that seems to run for ever ---- */

enum { WAITERS = 4, HOLD_MS = 400 };

static int holding = 1;
static int waiting;
static uint64_t burnt[WAITERS];

static void *wait_for_it(void *argument)
{
    uint64_t before = test_clock_ns(CLOCK_THREAD_CPUTIME_ID);

    __atomic_fetch_add(&waiting, 1, __ATOMIC_RELAXED);
    CHECK(oncpu_mutex_lock(&native_mutex) == 0);
    CHECK(oncpu_mutex_unlock(&native_mutex) == 0);
    *(uint64_t *)argument = test_clock_ns(CLOCK_THREAD_CPUTIME_ID) - before;
    return NULL;
}

static void *pretend_to_run(void *argument)
{
    while (__atomic_load_n(&holding, __ATOMIC_RELAXED)) {
        __atomic_store_n(&((struct oncpu_thread_record *)argument)->state, ONCPU_STATE_RUNNING, __ATOMIC_RELAXED);
        test_sleep_ns(5000);
    }
    return NULL;
}

/* A waiter may spin for its bound, a few hundred microseconds; a tenth of the time that it waits is far more. */
static void check_spins_are_bounded(void)
{
    pthread_t waiters[WAITERS];
    pthread_t pretender;
    struct oncpu_thread_record *mine;

    CHECK(oncpu_init() == 0);
    CHECK(EVENTUALLY(oncpu_thread_register() == 0 && oncpu_thread_self()));
    mine = (struct oncpu_thread_record *)(uintptr_t)oncpu_thread_self();
    CHECK(oncpu_mutex_lock(&native_mutex) == 0);
    CHECK(pthread_create(&pretender, NULL, pretend_to_run, mine) == 0);
    for (int i = 0; i < WAITERS; i++)
        CHECK(pthread_create(&waiters[i], NULL, wait_for_it, &burnt[i]) == 0);
    CHECK(EVENTUALLY(__atomic_load_n(&waiting, __ATOMIC_RELAXED) == WAITERS));
    test_sleep_ns(HOLD_MS * TEST_MS);
    CHECK(oncpu_mutex_unlock(&native_mutex) == 0);
    for (int i = 0; i < WAITERS; i++) {
        CHECK(pthread_join(waiters[i], NULL) == 0);
        printf("a waiter burnt %lu us in %d ms\n", (unsigned long)(burnt[i] / 1000), HOLD_MS);
        CHECK(burnt[i] < HOLD_MS * TEST_MS / 10);
    }
    __atomic_store_n(&holding, 0, __ATOMIC_RELAXED);
    CHECK(pthread_join(pretender, NULL) == 0);
}

int main(int argc, char **argv)
{
    struct checker_run run = native_run(argc - 1, argv + 1);
    unsigned faults;

    if (oncpu_init())
        test_skip(oncpu_source_reason());
    run.disturb = be_hostile;
    check_spins_are_bounded();
    faults = checker_run(&run);
    fflush(NULL);
    _exit(faults ? 1 : 0);
}
