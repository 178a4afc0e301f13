/* SPDX-License-Identifier: MIT */
/*
 * In the place of src/state/array.c: a machine-wide array that is an ordinary piece of memory, which hostile.c scribbles into, and
 * a program that gives out slots as it likes, and other numbers, and errors.
 */
#include "check.h"
#include "hostile.h"
#include "random.h"
#include "state/bpf_object.h"

#include "array_abi.h"

#include <errno.h>
#include <oncpu/thread_state_abi.h>
#include <sys/mman.h>

enum { PAGES = 8 };

static struct oncpu_page *pages;
static uint32_t given;
static uint64_t seed = 7;

int oncpu_array_join(struct oncpu_bpf_program *program, const char *folder)
{
    (void)folder;
    if (!pages) {
        pages = mmap(NULL, PAGES * sizeof(*pages), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        CHECK(pages != MAP_FAILED);
        for (uint32_t i = 0; i < PAGES * ONCPU_PAGE_RECORDS; i++)
            hostile_get_to_know(&pages[i / ONCPU_PAGE_RECORDS].records[i % ONCPU_PAGE_RECORDS]);
    }
    oncpu_program_init(program, ONCPU_SOURCE_ARRAY);
    program->machine_wide = true;
    program->pages = pages;
    program->page_count = PAGES;
    return 0;
}

static uint32_t slot_of_number(uint32_t number)
{
    number %= PAGES * ONCPU_PAGE_RECORDS;
    return number / ONCPU_PAGE_RECORDS << ONCPU_SLOT_SHIFT | number % ONCPU_PAGE_RECORDS;
}

/* Called by many threads at once; that `seed` is torn between them makes it no less random. */
static uint64_t dice(void)
{
    uint64_t mine = __atomic_add_fetch(&seed, 0x9e3779b97f4a7c15u, __ATOMIC_RELAXED);

    return test_random(&mine);
}

int oncpu_array_watch(const struct oncpu_bpf_program *program, uint32_t tid, uint32_t *slot)
{
    static const int errors[] = {-EAGAIN, -ENOSPC, -EDQUOT, -EINVAL, -EPERM};
    uint64_t number = dice();
    struct oncpu_thread_record *record;

    CHECK(program->pages == pages);
    switch (number % 16) {
    case 0:
        return errors[number / 16 % 5];
    case 1:
        *slot = (uint32_t)(number >> 32); /* anything */
        return 0;
    case 2:
        *slot = (uint32_t)(PAGES - 1 + number / 16 % 3) << ONCPU_SLOT_SHIFT | (61 + (uint32_t)(number >> 32) % 3);
        return 0;
    case 3:
        *slot = 0; /* another's, mostly */
        break;
    default:
        *slot = slot_of_number(__atomic_fetch_add(&given, 1, __ATOMIC_RELAXED));
    }
    record = &pages[*slot >> ONCPU_SLOT_SHIFT].records[*slot & ONCPU_SLOT_MASK];
    __atomic_fetch_add(&record->generation, (uint32_t)number / 16 % 2, __ATOMIC_RELAXED);
    __atomic_store_n(&record->state, ONCPU_STATE_RUNNING, __ATOMIC_RELAXED);
    __atomic_store_n(&record->tid, number % 8 == 5 ? tid + 1 : tid, __ATOMIC_RELAXED);
    return 0;
}
