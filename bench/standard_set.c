/* SPDX-License-Identifier: MIT */
/* The table of the standard set: a new line adds cells, of any workload. */
#include "standard_set.h"

#include "harness/memory.h"

#define END -1
enum { MAX = 10 };

/* What a list has values of, from the fastest to change to the slowest. */
enum dimension { THREADS, TIMES, CS, OUTSIDE, NEIGHBOURS, CPUS, QUOTA, DIMENSIONS };

/* Every combination of the lists. One that is left out is 0: not taken by the workload, or no such condition. */
struct product {
    const char *workload;
    double lists[DIMENSIONS][MAX]; /* the time outside is TIMES that inside, and OUTSIDE (ns) besides */
};

#define ALL_THREADS [THREADS] = {1, 2, 3, 4, 8, 16, 32, 64, END}
#define SOME_THREADS [THREADS] = {2, 4, 8, 32, END}
#define ONE_THREAD [THREADS] = {1, END}

/* A quota shows over several of its periods only. */
static const uint64_t least_ns_under_quota = 500000000;

static const struct product full_set[] = {
    {"single_threaded", {ONE_THREAD}},
    {"uncontended", {ONE_THREAD}},
    /* Nothing inside: any multiple of it is nothing outside. */
    {"contended", {ALL_THREADS, [NEIGHBOURS] = {0, 2, END}}},
    {"contended",
     {ALL_THREADS, [TIMES] = {0, 1, 3, 10, END}, [CS] = {50, 200, 500, 2000, 10000, 50000, END},
      [NEIGHBOURS] = {0, 2, END}}},
    {"contended", {SOME_THREADS, [TIMES] = {0, 3, END}, [CS] = {500, 10000, END}, [CPUS] = {1, END}}},
    {"contended", {SOME_THREADS, [TIMES] = {0, 3, END}, [CS] = {500, 10000, END}, [QUOTA] = {50, 100, END}}},
    {"bursts", {SOME_THREADS, [CS] = {500, 5000, END}}},
    {"busy_wait", {SOME_THREADS, [TIMES] = {1, END}, [CS] = {50, 500, 2000, END}}},
    {"held_fault", {SOME_THREADS, [OUTSIDE] = {0, 1000, 3000, END}}},
    {"held_sleep", {SOME_THREADS, [TIMES] = {3, END}, [CS] = {500, END}}},
    {"held_write", {SOME_THREADS}},
    {"lru", {SOME_THREADS}},
    {"many_locks", {SOME_THREADS}},
    {"many_locks_zipf", {SOME_THREADS}},
    {"mutexbench", {SOME_THREADS}},
    {"mutexbench_max", {SOME_THREADS}},
    {"nested", {SOME_THREADS, [TIMES] = {3, END}, [CS] = {500, END}}},
    {"process_shared", {SOME_THREADS, [TIMES] = {3, END}, [CS] = {500, END}}},
    {"producer_consumer", {SOME_THREADS, [TIMES] = {3, END}, [CS] = {500, END}}},
    {"thread_churn", {SOME_THREADS, [TIMES] = {3, END}, [CS] = {500, END}}},
    {0},
};

/* What shows most differences in two or three minutes: one full line over threads, the corners, and a few workloads. */
static const struct product quick_set[] = {
    {"single_threaded", {ONE_THREAD}},
    {"contended", {[THREADS] = {2, 16, END}}},
    {"contended", {[THREADS] = {1, 2, 4, 8, 32, END}, [TIMES] = {3, END}, [CS] = {500, END}}},
    {"contended", {[THREADS] = {2, 8, END}, [TIMES] = {3, END}, [CS] = {500, END}, [NEIGHBOURS] = {2, END}}},
    {"contended", {[THREADS] = {8, END}, [TIMES] = {3, END}, [CS] = {500, END}, [CPUS] = {1, END}}},
    {"contended", {[THREADS] = {8, END}, [TIMES] = {3, END}, [CS] = {500, END}, [QUOTA] = {100, END}}},
    {"contended", {[THREADS] = {2, 8, END}, [CS] = {2000, END}}},
    {"contended", {[THREADS] = {2, 4, 16, END}, [TIMES] = {1, END}, [CS] = {10000, END}}},
    {"held_sleep", {[THREADS] = {8, END}, [TIMES] = {3, END}, [CS] = {500, END}}},
    {"lru", {[THREADS] = {8, END}}},
    {"producer_consumer", {[THREADS] = {8, END}, [TIMES] = {3, END}, [CS] = {500, END}}},
    {0},
};

struct set {
    unsigned n;
    struct bench_matrix *matrices;
    const struct bench_matrix *like;
};

/* The matrix that the next cell of this workload goes into. */
static struct bench_matrix *room(struct set *set, const struct bench_workload *workload, uint64_t round_ns)
{
    struct bench_matrix *last = set->n ? &set->matrices[set->n - 1] : NULL;

    if (last && last->workload == workload && last->round_ns == round_ns && last->ncells < BENCH_MAX_CELLS)
        return last;
    set->matrices = bench_realloc(set->matrices, (set->n + 1) * sizeof(*set->matrices));
    last = &set->matrices[set->n++];
    *last = *set->like;
    last->workload = workload;
    last->round_ns = round_ns;
    last->ncells = 0;
    return last;
}

static void add_cell(struct set *set, const struct bench_workload *workload, const struct bench_cell *cell)
{
    uint64_t round_ns = set->like->round_ns;
    bool longer = cell->quota && round_ns < least_ns_under_quota;
    struct bench_matrix *matrix = room(set, workload, longer ? least_ns_under_quota : round_ns);

    matrix->cells[matrix->ncells++] = *cell;
}

static unsigned length(const double *list)
{
    unsigned n = 0;

    if (list[0] == 0 && list[1] == 0)
        return 1; /* left out */
    while (list[n] != END)
        n++;
    return n;
}

static void add_product(struct set *set, const struct bench_workload *workload, const struct product *p)
{
    unsigned all = 1;

    for (unsigned d = 0; d < DIMENSIONS; d++)
        all *= length(p->lists[d]);
    for (unsigned i = 0; i < all; i++) {
        unsigned rest = i;
        double at[DIMENSIONS];

        for (unsigned d = 0; d < DIMENSIONS; d++) {
            at[d] = p->lists[d][rest % length(p->lists[d])];
            rest /= length(p->lists[d]);
        }
        add_cell(set, workload,
                 &(struct bench_cell){.threads = (unsigned)at[THREADS],
                                      .cs_ns = at[CS],
                                      .outside_ns = at[CS] * at[TIMES] + at[OUTSIDE],
                                      .lines = 1,
                                      .neighbours = (unsigned)at[NEIGHBOURS],
                                      .cpus = (unsigned)at[CPUS],
                                      .quota = (unsigned)at[QUOTA]});
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
