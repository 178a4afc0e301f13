/* SPDX-License-Identifier: MIT */
/*
 * The slab of records: who claims gets one of his own, what is published is found, what is dead is recycled, and a full
 * slab says so. The kernel has no part in this: the tids are made up, and nobody has them.
 */
#include "state/records.h"

#include "unit.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

enum {
    FIRST_TID = 3000000, /* above the tids that a machine gives out in a test run */
    TID_LIMIT = 4096 * 1024,
    CAPACITY = 258048,
};

static struct oncpu_thread_record *take(uint32_t tid)
{
    struct oncpu_thread_record *record = oncpu_record_claim(tid);

    cr_assert_not_null(record);
    oncpu_record_publish(record, tid);
    return record;
}

/* As the kernel leaves the record of a thread that has ended. */
static void die(struct oncpu_thread_record *record)
{
    __atomic_store_n(&record->state, ONCPU_STATE_BLOCKED, __ATOMIC_RELAXED);
}

static int compare(const void *a, const void *b)
{
    uintptr_t left = *(const uintptr_t *)a;
    uintptr_t right = *(const uintptr_t *)b;

    return (left > right) - (left < right);
}

static size_t count_different(const struct oncpu_thread_record **records, size_t count)
{
    size_t different = 1;

    qsort(records, count, sizeof(records[0]), compare);
    for (size_t i = 1; i < count; i++)
        different += records[i] != records[i - 1];
    return different;
}

static void init(void)
{
    cr_assert(oncpu_records_init());
}

TestSuite(records, .init = init);

static void take_a_mailbox(void)
{
    _exit(oncpu_record_mailbox(1) == NULL && oncpu_record_mailbox_for(1) && oncpu_record_mailbox(1) ? 0 : 1);
}

/* Of a process that has never called oncpu_init(), too. */
Test(mailbox, is_there_when_it_is_needed)
{
    in_own_process(take_a_mailbox);
}

Test(records, are_found_from_publish_to_drop)
{
    struct oncpu_thread_record *record = oncpu_record_claim(FIRST_TID);

    cr_assert_not_null(record);
    cr_assert_null(oncpu_record_find(FIRST_TID), "claimed, but not published");
    oncpu_record_publish(record, FIRST_TID);
    cr_assert_eq(oncpu_record_find(FIRST_TID), record);
    cr_assert_eq(record->tid, FIRST_TID);
    oncpu_record_drop(record);
    cr_assert_null(oncpu_record_find(FIRST_TID));
}

Test(records, of_unknown_threads_are_not_found)
{
    static const uint32_t tids[] = {0, 1, FIRST_TID, TID_LIMIT - 1, TID_LIMIT, INT32_MAX, UINT32_MAX};

    for (int published = 0; published < 2; published++) {
        for (size_t i = 0; i < sizeof(tids) / sizeof(tids[0]); i++)
            cr_assert_null(oncpu_record_find(tids[i]), "tid %u", tids[i]);
        take(FIRST_TID + 1);
    }
    cr_assert_null(oncpu_thread_find(-1));
    cr_assert_null(oncpu_thread_find(0));
}

Test(records, begin_anew_for_each_thread)
{
    struct oncpu_thread_record *record = take(FIRST_TID);
    uint32_t generation = record->generation;

    record->switches = 77;
    die(record);
    cr_assert_eq(take(FIRST_TID + 1), record, "the dead thread's record is taken first");
    cr_assert_neq(record->generation, generation);
    cr_assert_eq(record->switches, 0);
    cr_assert_eq(record->state, ONCPU_STATE_RUNNING);
    cr_assert_null(oncpu_record_find(FIRST_TID));
    cr_assert_eq(oncpu_record_find(FIRST_TID + 1), record);
}

Test(records, of_living_threads_are_not_recycled)
{
    struct oncpu_thread_record *mine = take((uint32_t)gettid());

    die(mine); /* asleep, as it would be */
    for (uint32_t i = 0; i < 1000; i++)
        cr_assert_neq(take(FIRST_TID + i), mine);
    cr_assert_eq(oncpu_record_find((uint32_t)gettid()), mine);
}

Test(records, of_threads_not_known_to_be_off_their_cpu_are_not_recycled)
{
    struct oncpu_thread_record *first = take(FIRST_TID); /* no such thread, but RUNNING */

    for (uint32_t i = 1; i < 1000; i++)
        cr_assert_neq(take(FIRST_TID + i), first);
}

Test(records, a_tid_used_again_gets_the_record_it_had)
{
    struct oncpu_thread_record *first = take(FIRST_TID);

    for (uint32_t i = 1; i < 100; i++)
        take(FIRST_TID + i);
    cr_assert_eq(take(FIRST_TID), first);
}

static bool page_of_is_whole(const struct oncpu_thread_record *record)
{
    const struct oncpu_page *page = (const void *)((uintptr_t)record & ~(uintptr_t)(ONCPU_PAGE_SIZE - 1));

    return page->head.magic == ONCPU_PAGE_MAGIC && page->head.version == ONCPU_PAGE_VERSION &&
           page->head.record_size == sizeof(*record) && page->head.records == ONCPU_PAGE_RECORDS &&
           record >= page->records && record < page->records + ONCPU_PAGE_RECORDS;
}

Test(records, stand_in_pages_with_a_head)
{
    for (uint32_t i = 0; i < 3000; i++) {
        struct oncpu_thread_record *record = take(FIRST_TID + i);
        cr_assert(page_of_is_whole(record), "record %u", i);
        cr_assert_eq((uintptr_t)record % 64, 0);
    }
    cr_assert_eq(memcmp(&(uint32_t){ONCPU_PAGE_MAGIC}, "NCPU", 4), 0);
}

/* How many pages of address space the process has. */
static long mapped(void)
{
    FILE *statm = fopen("/proc/self/statm", "r");
    long pages = 0;

    CHECK(statm && fscanf(statm, "%ld", &pages) == 1);
    fclose(statm);
    return pages;
}

static uint32_t forks;
static long mapped_before;

static void claims_and_forks(void)
{
    struct oncpu_thread_record *record;

    CHECK(!oncpu_record_find(FIRST_TID + forks++));
    record = oncpu_record_claim(FIRST_TID + forks);
    CHECK(record && page_of_is_whole(record));
    CHECK(record->generation == 1);
    oncpu_record_publish(record, FIRST_TID + forks);
    CHECK(oncpu_record_find(FIRST_TID + forks) == record);
    CHECK(mapped() == mapped_before);
    if (forks < 5)
        CHECK(test_in_child(claims_and_forks) == 0);
}

Test(records, of_a_parent_are_gone_and_their_place_is_used_again)
{
    struct oncpu_thread_record *record = take(FIRST_TID);

    mapped_before = mapped();
    cr_assert_eq(test_in_child(claims_and_forks), 0);
    cr_assert_eq(oncpu_record_find(FIRST_TID), record);
    cr_assert_null(oncpu_record_find(FIRST_TID + 1));
}

Test(records, are_few_for_many_threads_one_after_the_other)
{
    enum { THREADS = 10000 };
    static const struct oncpu_thread_record *seen[THREADS];

    for (uint32_t i = 0; i < THREADS; i++) {
        struct oncpu_thread_record *record = take(FIRST_TID + i);
        seen[i] = record;
        die(record);
    }
    cr_assert_leq(count_different(seen, THREADS), 16);
}

/* The steady state that the slab promises: a hundred living threads, and some dead ones that were not met yet. */
Test(records, stay_in_proportion_to_the_living)
{
    enum { LIVING = 100, THREADS = 20000 };
    static struct oncpu_thread_record *living[LIVING];
    static const struct oncpu_thread_record *seen[THREADS];

    for (uint32_t i = 0; i < THREADS; i++) {
        struct oncpu_thread_record **place = &living[i * 37 % LIVING];

        if (*place)
            die(*place);
        *place = take(FIRST_TID + i);
        seen[i] = *place;
    }
    size_t different = count_different(seen, THREADS);
    cr_assert_leq(different, 2 * LIVING, "%zu records for %d threads at a time", different, LIVING);
}

Test(records, run_out_in_the_end_and_come_back)
{
    struct oncpu_thread_record *record = NULL;
    struct oncpu_thread_record *last = NULL;
    uint32_t taken = 0;

    while ((record = oncpu_record_claim(FIRST_TID + taken))) {
        oncpu_record_publish(record, FIRST_TID + taken++);
        last = record;
    }
    cr_assert_eq(taken, CAPACITY);
    cr_assert_eq(oncpu_record_find(FIRST_TID + taken - 1), last);
    die(last);
    for (int attempt = 0; attempt < CAPACITY && !record; attempt++)
        record = oncpu_record_claim(FIRST_TID + CAPACITY);
    cr_assert_eq(record, last, "the dead one is found by those who keep asking");
}

enum { CLAIMERS = 6, CLAIMS = 2000 };
static const struct oncpu_thread_record *claimed[CLAIMERS][CLAIMS];

static void *claim_many(void *argument)
{
    const struct oncpu_thread_record **mine = argument;
    uint32_t first = FIRST_TID + (uint32_t)(mine - claimed[0]);

    for (uint32_t i = 0; i < CLAIMS; i++) {
        struct oncpu_thread_record *record = oncpu_record_claim(first + i);

        CHECK(record);
        mine[i] = record;
        if (i % 3)
            oncpu_record_publish(record, first + i);
        if (i % 7 == 0) /* others look for free ones meanwhile */
            oncpu_record_drop(oncpu_record_claim(first + i + CLAIMERS * CLAIMS));
    }
    return NULL;
}

Test(records, nobody_gets_the_record_of_another)
{
    pthread_t threads[CLAIMERS];

    for (int i = 0; i < CLAIMERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, claim_many, claimed[i]), 0);
    for (int i = 0; i < CLAIMERS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    cr_assert_eq(count_different(claimed[0], (size_t)CLAIMERS * CLAIMS), CLAIMERS * CLAIMS);
}

/* The same with real threads: their ends are seen by the kernel's last switch. */
static void *register_only(void *argument)
{
    CHECK(oncpu_thread_register() == 0);
    *(const struct oncpu_thread_record **)argument = oncpu_thread_self();
    return NULL;
}

Test(records, are_few_for_many_real_threads)
{
    enum { THREADS = 2000 };
    static const struct oncpu_thread_record *of[THREADS];

    NEED_SOURCE();
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;

        cr_assert_eq(pthread_create(&thread, NULL, register_only, &of[i]), 0);
        cr_assert_eq(pthread_join(thread, NULL), 0);
    }
    cr_assert_leq(count_different(of, THREADS), THREADS / 10);
}
