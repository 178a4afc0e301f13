/* SPDX-License-Identifier: MIT */
/*
 * The slab of thread records: pages of records, an index from tid to record, and the recycling of the records of
 * threads that have ended.
 *
 * Nobody hears of a thread's end: a destructor would have to run after all others, and raw clone() threads have none.
 * So each registration looks at a few records in turn and takes over one whose thread is gone. With PROBES looks for
 * each new record, the dead are at most one in PROBES + 1 of the slab in the steady state.
 */
#include "records.h"

#include "array_abi.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHUNK_PAGES 16u
#define CHUNK_RECORDS (CHUNK_PAGES * ONCPU_PAGE_RECORDS)
#define CHUNKS 256u /* 258,048 threads at a time */
#define PROBES 8u

#define MAILBOXES 256u

#define TIDS_PER_LEAF 16384u /* many: a forked child's tid often stands in the leaf of its parent's */
#define LEAVES 256u          /* times TIDS_PER_LEAF: PID_MAX_LIMIT, include/linux/threads.h */

/* Values of a record's `tid` that are nobody's tid. */
#define TID_FREE 0u
#define TID_CLAIMED UINT32_MAX

struct mailbox {
    uint64_t word;
} __attribute__((aligned(64))); /* two threads look at it again and again */

struct slab {
    uint32_t guard;  /* 1: a thread is choosing the source */
    uint32_t fresh;  /* records handed out at least once */
    uint32_t cursor; /* where the search for the dead goes on */
    struct mailbox mailboxes[MAILBOXES];
};

/* In the index: the rest of the number is that of a slot in the array. */
#define IN_ARRAY 0x80000000u

static const struct oncpu_array *array; /* release, acquire: its content is complete */

/* All set once, by CAS. A forked child has the same addresses, with zeros behind them: so it has nothing to map. */
static struct slab *slab;
static struct oncpu_page *chunks[CHUNKS];
static uint32_t *leaves[LEAVES]; /* tid → number of the record + 1 */

static void *map_wiped(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return NULL;
    if (madvise(memory, size, MADV_WIPEONFORK)) {
        munmap(memory, size);
        return NULL;
    }
    return memory;
}

/*
 * Publishes freshly mapped memory at *place, unless another thread was faster; returns what is there then. Release: the
 * memory's content is complete for whoever loads the pointer with acquire.
 */
static void *install(void **place, void *memory, size_t size)
{
    void *there = NULL;

    if (!memory || __atomic_compare_exchange_n(place, &there, memory, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return memory;
    munmap(memory, size);
    return there;
}

bool oncpu_records_init(void)
{
    if (__atomic_load_n(&slab, __ATOMIC_ACQUIRE)) /* pairs with install() */
        return true;
    return install((void **)&slab, map_wiped(sizeof(struct slab)), sizeof(struct slab)) != NULL;
}

uint64_t *oncpu_record_mailbox(uint32_t tid)
{
    struct slab *there = __atomic_load_n(&slab, __ATOMIC_ACQUIRE); /* pairs with install() */

    return there ? &there->mailboxes[tid % MAILBOXES].word : NULL;
}

/* Who is refused is not asked again: it would be at each contended lock. Relaxed: once more is no harm. */
uint64_t *oncpu_record_mailbox_for(uint32_t tid)
{
    static bool refused;
    int saved_errno = errno;

    if (!__atomic_load_n(&slab, __ATOMIC_RELAXED) && !__atomic_load_n(&refused, __ATOMIC_RELAXED))
        __atomic_store_n(&refused, !oncpu_records_init(), __ATOMIC_RELAXED);
    errno = saved_errno;
    return oncpu_record_mailbox(tid);
}

bool oncpu_records_guard_take(void)
{
    return !__atomic_exchange_n(&slab->guard, 1, __ATOMIC_ACQUIRE); /* pairs with the release in guard_drop */
}

void oncpu_records_guard_drop(void)
{
    __atomic_store_n(&slab->guard, 0, __ATOMIC_RELEASE);
}

/* The page of a record that is not in the array. */
static struct oncpu_page *page_of(uint32_t number)
{
    struct oncpu_page *chunk = __atomic_load_n(&chunks[number / CHUNK_RECORDS], __ATOMIC_ACQUIRE);

    return chunk ? &chunk[number % CHUNK_RECORDS / ONCPU_PAGE_RECORDS] : NULL; /* its first user is mapping it */
}

/*
 * Not when the chunk is mapped: a process with few threads uses one page of it, and each page that is touched costs a fault; and a
 * forked child finds the chunk mapped, and wiped. Threads may do this at the same time: they write the same.
 */
static void complete_head(struct oncpu_page_head *head)
{
    if (__atomic_load_n(&head->magic, __ATOMIC_RELAXED) == ONCPU_PAGE_MAGIC)
        return;
    __atomic_store_n(&head->version, ONCPU_PAGE_VERSION, __ATOMIC_RELAXED);
    __atomic_store_n(&head->record_size, sizeof(struct oncpu_thread_record), __ATOMIC_RELAXED);
    __atomic_store_n(&head->records, ONCPU_PAGE_RECORDS, __ATOMIC_RELAXED);
    __atomic_store_n(&head->magic, ONCPU_PAGE_MAGIC, __ATOMIC_RELAXED); /* for debuggers: no load to pair with */
}

static struct oncpu_thread_record *in(const struct oncpu_array *all, uint32_t slot)
{
    uint32_t number = slot & ONCPU_SLOT_MASK;

    if (!all || slot >> ONCPU_SLOT_SHIFT >= all->page_count || number >= ONCPU_PAGE_RECORDS)
        return NULL;
    return &all->pages[slot >> ONCPU_SLOT_SHIFT].records[number];
}

static struct oncpu_thread_record *in_array(uint32_t slot)
{
    return in(__atomic_load_n(&array, __ATOMIC_ACQUIRE), slot); /* pairs with oncpu_records_use_array() */
}

static struct oncpu_thread_record *record_at(uint32_t number)
{
    if (number & IN_ARRAY)
        return in_array(number & ~IN_ARRAY);

    struct oncpu_page *page = page_of(number);

    return page ? &page->records[number % ONCPU_PAGE_RECORDS] : NULL;
}

/* Where the index keeps `tid`; NULL when that part of it does not exist (and, with `make`, cannot be made). */
static uint32_t *index_of(uint32_t tid, bool make)
{
    uint32_t *leaf;

    if (tid / TIDS_PER_LEAF >= LEAVES)
        return NULL;
    leaf = __atomic_load_n(&leaves[tid / TIDS_PER_LEAF], __ATOMIC_ACQUIRE); /* pairs with install() */
    if (!leaf && make)
        leaf = install((void **)&leaves[tid / TIDS_PER_LEAF], map_wiped(TIDS_PER_LEAF * sizeof(*leaf)),
                       TIDS_PER_LEAF * sizeof(*leaf));
    return leaf ? &leaf[tid % TIDS_PER_LEAF] : NULL;
}

struct oncpu_thread_record *oncpu_record_find(uint32_t tid)
{
    const uint32_t *entry = index_of(tid, false);
    uint32_t number = entry ? __atomic_load_n(entry, __ATOMIC_RELAXED) : 0;
    struct oncpu_thread_record *record = number ? record_at(number - 1) : NULL;

    /* relaxed: a record that goes to another thread right now is a stale hint, and hints may be stale */
    return record && __atomic_load_n(&record->tid, __ATOMIC_RELAXED) == tid ? record : NULL;
}

static bool claim(struct oncpu_thread_record *record, uint32_t from)
{
    /* acquire: after whatever its last user did to it (release in drop) */
    return __atomic_compare_exchange_n(&record->tid, &from, TID_CLAIMED, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/*
 * A thread that has ended can still be on its way off the CPU, and that last switch is written to its record. Only when
 * the record says BLOCKED is that behind it. A record whose end was lost with the source stays out of use: not worth a
 * rule.
 */
static bool is_dead(const struct oncpu_thread_record *record, uint32_t tid)
{
    if (__atomic_load_n(&record->state, __ATOMIC_RELAXED) != ONCPU_STATE_BLOCKED)
        return false;
    return syscall(SYS_tgkill, getpid(), tid, 0) && errno == ESRCH;
}

/* Round and round through the used ones. Two threads may get the same number: then claim() decides. */
static uint32_t next_number(uint32_t used)
{
    uint32_t number = __atomic_load_n(&slab->cursor, __ATOMIC_RELAXED);

    number = number < used ? number : 0;
    __atomic_store_n(&slab->cursor, number + 1, __ATOMIC_RELAXED);
    return number;
}

/* These return the number of a claimed record + 1, or 0. */
static uint32_t claim_used(uint32_t used)
{
    for (uint32_t i = 0; i < PROBES && i < used; i++) {
        uint32_t number = next_number(used);
        struct oncpu_thread_record *record = record_at(number);
        uint32_t tid = record ? __atomic_load_n(&record->tid, __ATOMIC_RELAXED) : TID_CLAIMED;

        if (tid == TID_CLAIMED || (tid != TID_FREE && !is_dead(record, tid)))
            continue;
        if (claim(record, tid))
            return number + 1;
    }
    return 0;
}

static uint32_t claim_fresh(void)
{
    uint32_t number = __atomic_load_n(&slab->fresh, __ATOMIC_RELAXED);

    for (;;) {
        const size_t size = CHUNK_PAGES * sizeof(struct oncpu_page);

        if (number >= CHUNKS * CHUNK_RECORDS)
            return 0;
        if (!page_of(number) && !install((void **)&chunks[number / CHUNK_RECORDS], map_wiped(size), size))
            return 0;
        /* once counted, others may look at it and find it free: so claim() decides who has it */
        if (__atomic_compare_exchange_n(&slab->fresh, &number, number + 1, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) &&
            claim(record_at(number), TID_FREE))
            return number + 1;
    }
}

/* A record that has this very tid is that of a thread that ended: nobody else has the caller's tid. */
static uint32_t claim_same(uint32_t tid)
{
    const uint32_t *entry = index_of(tid, false);
    struct oncpu_thread_record *record = oncpu_record_find(tid);

    if (!record || (__atomic_load_n(entry, __ATOMIC_RELAXED) - 1) & IN_ARRAY || !claim(record, tid))
        return 0;
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

struct oncpu_thread_record *oncpu_record_claim(uint32_t tid)
{
    uint32_t *entry = index_of(tid, true);
    struct oncpu_thread_record *record;
    uint32_t number;

    if (!entry)
        return NULL;
    number = claim_same(tid);
    if (!number)
        number = claim_used(__atomic_load_n(&slab->fresh, __ATOMIC_RELAXED));
    if (!number)
        number = claim_fresh();
    if (!number)
        return NULL;
    complete_head(&page_of(number - 1)->head);
    record = record_at(number - 1);
    __atomic_store_n(&record->generation, record->generation + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&record->switches, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&record->state, ONCPU_STATE_RUNNING, __ATOMIC_RELAXED); /* true: the caller executes this */
    __atomic_store_n(entry, number, __ATOMIC_RELAXED); /* finds nothing before the record's tid is there */
    return record;
}

void oncpu_records_use_array(const struct oncpu_array *other)
{
    __atomic_store_n(&array, other, __ATOMIC_RELEASE); /* pairs with in_array(), machine_wide_array() */
}

struct oncpu_thread_record *oncpu_record_adopt(uint32_t slot, uint32_t tid)
{
    uint32_t *entry = index_of(tid, true);
    struct oncpu_thread_record *record = in_array(slot);

    if (entry && record)
        __atomic_store_n(entry, (slot | IN_ARRAY) + 1, __ATOMIC_RELAXED);
    return entry ? record : NULL;
}

/* In the array of a process the slot that another process means is somebody else's. */
static const struct oncpu_array *machine_wide_array(void)
{
    const struct oncpu_array *all =
        __atomic_load_n(&array, __ATOMIC_ACQUIRE); /* pairs with oncpu_records_use_array() */

    return all && all->machine_wide ? all : NULL;
}

struct oncpu_thread_record *oncpu_record_in_slot(uint32_t slot, uint32_t tid)
{
    struct oncpu_thread_record *record = slot ? in(machine_wide_array(), slot - 1) : NULL;

    return record && __atomic_load_n(&record->tid, __ATOMIC_RELAXED) == tid ? record : NULL;
}

/* The head of a page takes the place of one record, and a page has as many places as a slot number's low bits can tell. */
_Static_assert(sizeof(struct oncpu_page) == sizeof(struct oncpu_thread_record) << ONCPU_SLOT_SHIFT, "slots");

uint32_t oncpu_record_slot(const struct oncpu_thread_record *record)
{
    const struct oncpu_array *all = machine_wide_array();
    size_t distance = all ? (size_t)((uintptr_t)record - (uintptr_t)all->pages) : SIZE_MAX;

    if (!all || distance >= all->page_count * sizeof(struct oncpu_page))
        return 0;
    return (uint32_t)(distance / sizeof(*record));
}

void oncpu_record_publish(struct oncpu_thread_record *record, uint32_t tid)
{
    __atomic_store_n(&record->tid, tid, __ATOMIC_RELEASE); /* pairs with claim() */
}

void oncpu_record_drop(struct oncpu_thread_record *record)
{
    __atomic_store_n(&record->tid, TID_FREE, __ATOMIC_RELEASE); /* pairs with claim() */
}
