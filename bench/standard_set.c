/* SPDX-License-Identifier: MIT */
/* The table of the standard set: a new line adds cells, of any workload. */
#include "standard_set.h"

#include "harness/memory.h"

#define END -1
enum { MAX = 10 };

/* Every combination of the four lists. What a workload does not take is left at 0, one thread or more. */
struct product {
    const char *workload;
    double cs_ns[MAX];
    double times[MAX]; /* outside: times the time inside */
    double threads[MAX];
    double neighbours[MAX];
};

#define NOTHING {0, END}
#define ALL_THREADS {1, 2, 3, 4, 8, 16, 32, 64, END}
#define SOME_THREADS {2, 4, 8, 32, END}

static const struct product full_set[] = {
    {"single_threaded", NOTHING, NOTHING, {1, END}, NOTHING},
    {"uncontended", NOTHING, NOTHING, {1, END}, NOTHING},
    /* Nothing inside: any multiple of it is nothing outside. */
    {"contended", NOTHING, NOTHING, ALL_THREADS, {0, 2, END}},
    {"contended", {50, 200, 500, 2000, 10000, 50000, END}, {0, 1, 3, 10, END}, ALL_THREADS, {0, 2, END}},
    {"bursts", {500, END}, NOTHING, SOME_THREADS, NOTHING},
    {"busy_wait", {500, END}, {1, END}, SOME_THREADS, NOTHING},
    {"held_fault", NOTHING, NOTHING, SOME_THREADS, NOTHING},
    {"held_sleep", {500, END}, {3, END}, SOME_THREADS, NOTHING},
    {"held_write", NOTHING, NOTHING, SOME_THREADS, NOTHING},
    {"lru", NOTHING, NOTHING, SOME_THREADS, NOTHING},
    {"many_locks", NOTHING, NOTHING, SOME_THREADS, NOTHING},
    {"many_locks_zipf", NOTHING, NOTHING, SOME_THREADS, NOTHING},
    {"mutexbench", NOTHING, NOTHING, SOME_THREADS, NOTHING},
    {"mutexbench_max", NOTHING, NOTHING, SOME_THREADS, NOTHING},
    {"nested", {500, END}, {3, END}, SOME_THREADS, NOTHING},
    {"process_shared", {500, END}, {3, END}, SOME_THREADS, NOTHING},
    {"producer_consumer", {500, END}, {3, END}, SOME_THREADS, NOTHING},
    {"thread_churn", {500, END}, {3, END}, SOME_THREADS, NOTHING},
    {0},
};

/* What shows most differences in a minute or two: one full line over threads, the corners, and a few workloads. */
static const struct product quick_set[] = {
    {"single_threaded", NOTHING, NOTHING, {1, END}, NOTHING},
    {"contended", NOTHING, NOTHING, {2, 16, END}, NOTHING},
    {"contended", {500, END}, {3, END}, {1, 2, 4, 8, 32, END}, NOTHING},
    {"contended", {500, END}, {3, END}, {2, 8, END}, {2, END}},
    {"contended", {2000, END}, NOTHING, {2, 8, END}, NOTHING},
    {"contended", {10000, END}, {1, END}, {2, 4, 16, END}, NOTHING},
    {"held_sleep", {500, END}, {3, END}, {8, END}, NOTHING},
    {"lru", NOTHING, NOTHING, {8, END}, NOTHING},
    {"producer_consumer", {500, END}, {3, END}, {8, END}, NOTHING},
    {0},
};

struct set {
    unsigned n;
    struct bench_matrix *matrices;
    const struct bench_matrix *like;
};

/* The matrix that the next cell of this workload goes into. */
static struct bench_matrix *room(struct set *set, const struct bench_workload *workload)
{
    struct bench_matrix *last = set->n ? &set->matrices[set->n - 1] : NULL;

    if (last && last->workload == workload && last->ncells < BENCH_MAX_CELLS)
        return last;
    set->matrices = bench_realloc(set->matrices, (set->n + 1) * sizeof(*set->matrices));
    last = &set->matrices[set->n++];
    *last = *set->like;
    last->workload = workload;
    last->ncells = 0;
    return last;
}

static void add_cell(struct set *set, const struct bench_workload *workload, const struct bench_cell *cell)
{
    struct bench_matrix *matrix = room(set, workload);

    matrix->cells[matrix->ncells++] = *cell;
}

static void add_product(struct set *set, const struct bench_workload *workload, const struct product *p)
{
    for (const double *neighbours = p->neighbours; *neighbours != END; neighbours++) {
        for (const double *cs = p->cs_ns; *cs != END; cs++) {
            for (const double *times = p->times; *times != END; times++) {
                for (const double *threads = p->threads; *threads != END; threads++)
                    add_cell(set, workload,
                             &(struct bench_cell){.threads = (unsigned)*threads,
                                                  .cs_ns = *cs,
                                                  .outside_ns = *cs * *times,
                                                  .lines = 1,
                                                  .neighbours = (unsigned)*neighbours});
            }
        }
    }
}

struct bench_matrix *bench_standard_set(bool full, const struct bench_matrix *like, struct bench_results *results,
                                        unsigned *n)
{
    struct set set = {.like = like};

    for (const struct product *p = full ? full_set : quick_set; p->workload; p++) {
        const struct bench_workload *workload = bench_workload_find(p->workload);

        if (workload)
            add_product(&set, workload, p);
        else
            bench_results_not_run(results, p->workload, "this program has no such workload");
    }
    *n = set.n;
    return set.matrices;
}
