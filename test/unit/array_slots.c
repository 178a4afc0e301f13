/* SPDX-License-Identifier: MIT */
/*
 * Records in the machine-wide array, here a piece of memory of the test's own: whatever slot number comes along, in a registration
 * or in a mutex of another process, what is found lies in the array and is of the thread that was asked for, or it is nothing.
 */
#include "array_abi.h"
#include "lock/policy.h"
#include "random.h"
#include "state/records.h"
#include "state/state.h"
#include "unit.h"

#include <sys/mman.h>

enum { PAGES = 3, TID = 4242, RANDOM_SLOTS = 200000 };

static struct oncpu_array array;

/* With nothing readable on either side. */
static void init(void)
{
    char *memory = mmap(NULL, (PAGES + 2) * sizeof(struct oncpu_page), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    cr_assert(memory != MAP_FAILED);
    array.pages = (struct oncpu_page *)(void *)memory + 1;
    array.page_count = PAGES;
    array.machine_wide = true;
    cr_assert_eq(mprotect(array.pages, PAGES * sizeof(struct oncpu_page), PROT_READ | PROT_WRITE), 0);
    cr_assert(oncpu_records_init());
    oncpu_records_use_array(&array);
    oncpu_state_source = ONCPU_SOURCE_ARRAY;
}

TestSuite(array_slots, .init = init);

static bool is_slot(uint32_t slot)
{
    return slot >> ONCPU_SLOT_SHIFT < PAGES && (slot & ONCPU_SLOT_MASK) < ONCPU_PAGE_RECORDS;
}

static struct oncpu_thread_record *record_in(uint32_t slot)
{
    return &array.pages[slot >> ONCPU_SLOT_SHIFT].records[slot & ONCPU_SLOT_MASK];
}

static void set_tids(uint32_t tid)
{
    for (uint32_t slot = 0; slot < PAGES << ONCPU_SLOT_SHIFT; slot++)
        if (is_slot(slot))
            record_in(slot)->tid = tid;
}

/* All that are near an edge, and many others. */
static uint32_t number(uint32_t i, uint64_t *seed)
{
    return i < 2000   ? i
           : i < 4000 ? UINT32_MAX - (i - 2000)
           : i < 6000 ? 0x80000000u + (i - 5000)
                      : (uint32_t)test_random(seed);
}

Test(array_slots, a_registration_gets_a_record_of_the_array_or_none)
{
    uint64_t seed = 1;

    set_tids(TID);
    for (uint32_t i = 0; i < RANDOM_SLOTS; i++) {
        uint32_t slot = number(i, &seed);
        struct oncpu_thread_record *record = oncpu_record_adopt(slot, TID);

        cr_assert_eq(record, is_slot(slot) ? record_in(slot) : NULL, "slot %#x", slot);
        cr_assert(!record || oncpu_record_find(TID) == record, "slot %#x", slot);
    }
}

Test(array_slots, a_slot_in_a_mutex_is_believed_if_the_record_is_that_of_the_owner)
{
    uint64_t seed = 1;

    for (uint32_t i = 0; i < RANDOM_SLOTS; i++) {
        uint32_t slot = number(i, &seed);

        set_tids(i % 3 ? TID : TID + 1);
        cr_assert_eq(oncpu_record_in_slot(slot + 1, TID), is_slot(slot) && i % 3 ? record_in(slot) : NULL, "%#x", slot);
    }
    cr_assert_null(oncpu_record_in_slot(0, TID));
}

Test(array_slots, a_record_knows_its_slot)
{
    struct oncpu_thread_record other;

    for (uint32_t slot = 0; slot < PAGES << ONCPU_SLOT_SHIFT; slot++)
        if (is_slot(slot))
            cr_assert_eq(oncpu_record_slot(record_in(slot)), slot + 1);
    cr_assert_eq(oncpu_record_slot(&other), 0);
    cr_assert_eq(oncpu_record_slot((struct oncpu_thread_record *)(array.pages + PAGES)), 0);
    cr_assert_eq(oncpu_record_slot((struct oncpu_thread_record *)(array.pages) - 1), 0);
}

/* The same memory, but this process's alone: then a slot number that comes from elsewhere is not one of it. */
Test(array_slots, of_an_array_that_others_have_not_nothing_is_told_or_believed)
{
    static struct oncpu_array own;

    own = array;
    own.machine_wide = false;
    oncpu_records_use_array(&own);
    set_tids(TID);
    for (uint32_t slot = 0; slot < PAGES << ONCPU_SLOT_SHIFT; slot++) {
        cr_assert_null(oncpu_record_in_slot(slot + 1, TID), "slot %#x", slot);
        if (!is_slot(slot))
            continue;
        cr_assert_eq(oncpu_record_slot(record_in(slot)), 0);
        cr_assert_eq(oncpu_record_adopt(slot, TID), record_in(slot));
        cr_assert_eq(oncpu_record_find(TID), record_in(slot));
    }
}

/* ---- waiting by such a slot ---- */

static struct {
    uint32_t word;
    uint32_t owner;
    uint32_t turns;
    uint32_t slot;
} fields = {ONCPU_WORD_HELD, TID, 1, 1};

static const struct oncpu_lock lock = {&fields.word, &fields.owner, &fields.turns, NULL, &fields.slot};

static enum oncpu_verdict look_once(void)
{
    struct oncpu_policy policy;

    oncpu_policy_begin(&policy, &lock, 1000, 0);
    return oncpu_policy_look(&policy, &lock, 1000);
}

Test(array_slots, the_owner_of_another_process_is_known_by_its_slot)
{
    record_in(0)->tid = TID;
    record_in(0)->state = ONCPU_STATE_BLOCKED;
    cr_assert_eq(look_once(), ONCPU_OWNER_OFF_CPU);
    record_in(0)->state = ONCPU_STATE_RUNNING;
    cr_assert_eq(look_once(), ONCPU_GO_ON);
    record_in(0)->state = ONCPU_STATE_BLOCKED;
    record_in(0)->tid = TID + 1; /* another's now */
    cr_assert_eq(look_once(), ONCPU_GO_ON);
    record_in(0)->tid = 0; /* it has ended */
    cr_assert_eq(look_once(), ONCPU_GO_ON);
    record_in(0)->tid = TID;
    fields.slot = 0; /* taken by who leaves none */
    cr_assert_eq(look_once(), ONCPU_GO_ON);
}

Test(array_slots, waiting_ends_whatever_is_in_the_mutex_and_the_array)
{
    for (uint64_t run = 1; run < 300; run++) {
        struct oncpu_policy policy;
        uint64_t seed = run;
        uint64_t now = 1000000;

        oncpu_policy_begin(&policy, &lock, now, 0);
        while (oncpu_policy_look(&policy, &lock, now) == ONCPU_GO_ON) {
            cr_assert_lt(now, 3000000, "still spinning after 2 ms");
            now += policy.distance;
            fields.slot = (uint32_t)test_random(&seed) % (run % 2 ? 256 : UINT32_MAX);
            fields.turns += run % 3 == 0;
            fields.owner = run % 5 ? TID : (uint32_t)test_random(&seed);
            set_tids(fields.owner);
            for (uint32_t i = 0; i < ONCPU_PAGE_RECORDS; i++)
                record_in(i)->state = test_random(&seed) % 16 ? ONCPU_STATE_RUNNING : (uint32_t)test_random(&seed);
        }
    }
}
