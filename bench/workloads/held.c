/* SPDX-License-Identifier: MIT */
/* Owners that leave the CPU or enter the kernel while they hold the lock: a sleep, a page fault, a write. */
#include "workload.h"

#include "../harness/crew.h"
#include "../harness/registry.h"

#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SLEEP_EVERY = 64, SLEEP_NS = 50000, PAGES = 16, RECORD = 64, RECORDS = 1024 };

struct shared {
    void *lock;
    struct bench_guard *guard;
    void (*inside)(struct shared *s, struct bench_member *m, uint64_t entered);
    uint64_t value;
    uint64_t section_steps;
    double outside_steps;
    char *pages;
    size_t page_size;
    int file;
    uint64_t passes; /* in the end */
};

static uint64_t turn(struct bench_member *m)
{
    struct shared *s = m->shared;

    bench_member_lock(m, s->lock);
    uint64_t entered = bench_guard_enter(s->guard);

    s->inside(s, m, entered);
    bench_guard_leave(s->guard, entered);
    bench_member_unlock(m, s->lock);
    bench_member_outside(m, s->outside_steps);
    return 1;
}

static bool run_held(struct bench_run *run, struct shared *s)
{
    struct bench_crew_plan plan = {.turn = turn, .shared = s};
    uint64_t done;

    s->lock = bench_lock_create(run->ops);
    s->guard = bench_alloc_lines(sizeof(*s->guard));
    s->section_steps = (uint64_t)(run->cell.cs_ns * bench_work_rate());
    s->outside_steps = run->cell.outside_ns * bench_work_rate();
    uint64_t calibrated = bench_crew_calibrate(&plan);
    bool ok = bench_crew_run(run, &plan, &done) && bench_crew_nothing_lost(run, calibrated + done, s->guard->passes);

    s->passes = s->guard->passes;
    bench_lock_free(run->ops, s->lock);
    free(s->guard);
    return ok;
}

static void sleep_inside(struct shared *s, struct bench_member *m, uint64_t entered)
{
    const struct timespec moment = {0, SLEEP_NS};

    (void)m;
    s->value = bench_work(s->value | 1, s->section_steps);
    if (entered % SLEEP_EVERY == 0)
        nanosleep(&moment, NULL);
}

static bool run_sleep(struct bench_run *run)
{
    struct shared s = {.inside = sleep_inside};

    return run_held(run, &s);
}

static void fault_inside(struct shared *s, struct bench_member *m, uint64_t entered)
{
    char *page = s->pages + entered % PAGES * s->page_size;

    (void)m;
    madvise(page, s->page_size, MADV_DONTNEED);
    *(volatile uint64_t *)page = entered;
}

static bool run_fault(struct bench_run *run)
{
    struct shared s = {.inside = fault_inside, .page_size = (size_t)sysconf(_SC_PAGESIZE)};

    s.pages = mmap(NULL, PAGES * s.page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s.pages == MAP_FAILED) {
        snprintf(run->error, sizeof(run->error), "cannot map pages");
        return false;
    }
    bool ok = run_held(run, &s);

    munmap(s.pages, PAGES * s.page_size);
    return ok;
}

static void write_inside(struct shared *s, struct bench_member *m, uint64_t entered)
{
    char record[RECORD];

    snprintf(record, sizeof(record), "%020llu %016llx", (unsigned long long)entered, (unsigned long long)m->random);
    /* A write that fails leaves a record that the check does not find. */
    if (pwrite(s->file, record, sizeof(record), (off_t)(entered % RECORDS * RECORD)) != RECORD)
        s->file = -1;
}

/* The last section's record is in the file. */
static bool last_is_written(struct bench_run *run, const struct shared *s, uint64_t passes)
{
    char record[RECORD] = "";
    uint64_t last = passes - 1;

    if (s->file < 0 || pread(s->file, record, sizeof(record), (off_t)(last % RECORDS * RECORD)) != RECORD ||
        strtoull(record, NULL, 10) != last) {
        snprintf(run->error, sizeof(run->error), "the last write is not in the file");
        return false;
    }
    return true;
}

static bool run_write(struct bench_run *run)
{
    int file = memfd_create("oncpu-bench", MFD_CLOEXEC);
    struct shared s = {.inside = write_inside, .file = file};

    if (file < 0) {
        snprintf(run->error, sizeof(run->error), "cannot make a file in memory");
        return false;
    }
    bool ok = run_held(run, &s) && last_is_written(run, &s, s.passes);

    close(file);
    return ok;
}

static const struct bench_workload held_sleep = {
    .name = "held_sleep",
    .description = "the owner sleeps for 50 us in one section of 64",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_CS | BENCH_TAKES_OUTSIDE,
    .run = run_sleep,
};
BENCH_WORKLOAD(held_sleep);

static const struct bench_workload held_fault = {
    .name = "held_fault",
    .description = "a page is given up and faulted in again inside each section",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_OUTSIDE,
    .run = run_fault,
};
BENCH_WORKLOAD(held_fault);

static const struct bench_workload held_write = {
    .name = "held_write",
    .description = "a 64-byte record is written to a file in memory inside each section",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_OUTSIDE,
    .run = run_write,
};
BENCH_WORKLOAD(held_write);
