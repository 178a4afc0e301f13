/* SPDX-License-Identifier: MIT */
/* One hot lock: every thread computes inside the section, then outside for a random time, for a fixed time in all. */
#include "workload.h"

#include "../harness/clock.h"
#include "../harness/histogram.h"
#include "../harness/interrupt.h"
#include "../harness/memory.h"
#include "../harness/registry.h"
#include "../harness/work.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>

enum phase { WARM_UP, MEASURE, STOP };

/*
 * Only one acquisition in this many is timed, picked at random. The second look at the clock lies inside the section:
 * fewer are timed where sections are short.
 */
enum { SAMPLE_LONG = 8, SAMPLE_SHORT = 64, LONG_NS = 1000 };

/* What the lock protects, on a line of its own. */
struct protected
{
    uint64_t value;
    uint64_t passes;
};

struct shared {
    const struct bench_lock_ops *ops;
    void *lock;
    struct protected *data;
    uint64_t section_steps;
    double outside_steps;
    uint64_t sample_mask;
    pthread_mutex_t gate; /* closed until all threads exist */
    atomic_int phase;
};

struct worker {
    struct shared *shared;
    pthread_t thread;
    clockid_t cpu_clock;
    uint64_t random;
    uint64_t passes; /* in all phases */
    uint64_t operations;
    struct bench_histogram waits;
    _Alignas(BENCH_LINE) uint64_t private_line;
};

/* What no lock can exceed: the section is one thread's at a time, and no more threads run than there are CPUs. */
static double ideal_throughput(const struct bench_cell *cell)
{
    double cpus = bench_cpus(), threads = cell->threads;
    double all_busy = fmin(threads, cpus) / (cell->cs_ns + cell->outside_ns);
    double ideal = 1e9 * fmin(1 / cell->cs_ns, all_busy);

    return isfinite(ideal) ? ideal : NAN;
}

static void outside(struct worker *w)
{
    /* Uniform in [0, 2 x mean): the threads do not fall into step. */
    double share = (double)(w->random >> 11) * 0x1p-53;

    w->private_line = bench_work(w->private_line | 1, (uint64_t)(2 * share * w->shared->outside_steps));
}

static void section(struct shared *s)
{
    s->data->passes++;
    s->data->value = bench_work(s->data->value | 1, s->section_steps);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct shared *s = w->shared;
    const struct bench_lock_ops *ops = s->ops;

    pthread_mutex_lock(&s->gate);
    pthread_mutex_unlock(&s->gate);
    /* Relaxed: the phase carries no data, joining the threads does. */
    while (atomic_load_explicit(&s->phase, memory_order_relaxed) != STOP) {
        w->random = bench_work_step(w->random);
        bool timed = (w->random & s->sample_mask) == 0;
        uint64_t from = timed ? bench_now_ns() : 0;

        ops->lock(s->lock);
        uint64_t to = timed ? bench_now_ns() : 0;

        section(s);
        ops->unlock(s->lock);
        int phase = atomic_load_explicit(&s->phase, memory_order_relaxed);

        w->passes++;
        w->operations += phase == MEASURE;
        /* A wait that the end cut short counts: without it, a thread that starved all along would look like none. */
        if (timed && phase != WARM_UP)
            bench_histogram_add(&w->waits, to - from);
        outside(w);
    }
    return NULL;
}

struct snapshot {
    uint64_t ns;
    uint64_t cpu_ns;
    struct rusage usage;
};

static struct snapshot look(struct worker *workers, unsigned n)
{
    struct snapshot now = {0};

    /* Of each thread by itself: the sum that the kernel keeps for a process is up to a tick old for those that run. */
    for (unsigned i = 0; i < n; i++)
        now.cpu_ns += bench_clock_ns(workers[i].cpu_clock);
    getrusage(RUSAGE_SELF, &now.usage);
    now.ns = bench_now_ns();
    return now;
}

static bool create(struct bench_run *run, struct shared *s, struct worker *workers, unsigned *created)
{
    for (*created = 0; *created < run->cell.threads; ++*created) {
        struct worker *w = &workers[*created];

        w->shared = s;
        w->random = 0x9e3779b97f4a7c15u * (*created + 1);
        if (pthread_create(&w->thread, NULL, work, w) != 0) {
            snprintf(run->error, sizeof(run->error), "cannot create thread %u", *created + 1);
            return false;
        }
        pthread_getcpuclockid(w->thread, &w->cpu_clock);
    }
    return true;
}

/* The threads exist and wait at the gate; when this returns they have been told to stop. */
static void measure(struct bench_run *run, struct shared *s, struct worker *workers, struct snapshot *from,
                    struct snapshot *to)
{
    pthread_mutex_unlock(&s->gate);
    bench_sleep_ns(bench_warm_up_ns(run->round_ns));
    run->start(run->start_arg);
    *from = look(workers, run->cell.threads);
    atomic_store_explicit(&s->phase, MEASURE, memory_order_relaxed);
    bench_sleep_ns(run->round_ns);
    *to = look(workers, run->cell.threads);
    run->stop(run->start_arg);
    atomic_store_explicit(&s->phase, STOP, memory_order_relaxed);
}

static void sum_up(struct bench_run *run, struct worker *workers, const struct snapshot *from,
                   const struct snapshot *to)
{
    struct bench_histogram *waits = bench_alloc_lines(sizeof(*waits));
    struct bench_measure *r = &run->result;
    unsigned n = run->cell.threads;
    double *operations = bench_alloc_lines(n * sizeof(*operations));

    r->operations = 0;
    for (unsigned i = 0; i < n; i++) {
        operations[i] = (double)workers[i].operations;
        r->operations += operations[i];
        bench_histogram_merge(waits, &workers[i].waits);
    }
    r->seconds = (double)(to->ns - from->ns) * 1e-9;
    r->throughput = r->operations / r->seconds;
    r->efficiency = r->throughput / ideal_throughput(&run->cell);
    r->cpu_ns = (double)(to->cpu_ns - from->cpu_ns) / r->operations;
    r->fairness = bench_fairness(operations, n);
    r->voluntary = (double)(to->usage.ru_nvcsw - from->usage.ru_nvcsw) / r->operations;
    r->involuntary = (double)(to->usage.ru_nivcsw - from->usage.ru_nivcsw) / r->operations;
    r->wait_p50 = bench_histogram_quantile(waits, 0.5);
    r->wait_p99 = bench_histogram_quantile(waits, 0.99);
    r->wait_p999 = bench_histogram_quantile(waits, 0.999);
    r->wait_max = waits->count ? (double)waits->max : NAN;
    free(operations);
    free(waits);
}

/* Every run is a check as well: what the lock protects must not have lost an update. */
static bool nothing_lost(struct bench_run *run, const struct shared *s, const struct worker *workers)
{
    uint64_t passes = 0;

    for (unsigned i = 0; i < run->cell.threads; i++)
        passes += workers[i].passes;
    if (passes == s->data->passes)
        return true;
    snprintf(run->error, sizeof(run->error), "not mutually exclusive: %lld of %llu updates lost",
             (long long)(passes - s->data->passes), (unsigned long long)passes);
    return false;
}

static bool run_contended(struct bench_run *run)
{
    struct shared *s = bench_alloc_lines(sizeof(*s));
    struct worker *workers = bench_alloc_lines(run->cell.threads * sizeof(*workers));
    struct snapshot from, to;
    unsigned created;

    s->ops = run->ops;
    s->lock = bench_lock_create(run->ops);
    s->data = bench_alloc_lines(sizeof(*s->data));
    s->section_steps = (uint64_t)(run->cell.cs_ns * bench_work_rate());
    s->outside_steps = run->cell.outside_ns * bench_work_rate();
    s->sample_mask = (run->cell.cs_ns + run->cell.outside_ns >= LONG_NS ? SAMPLE_LONG : SAMPLE_SHORT) - 1;
    pthread_mutex_init(&s->gate, NULL);
    pthread_mutex_lock(&s->gate);

    bool ok = create(run, s, workers, &created);

    if (ok) {
        measure(run, s, workers, &from, &to);
    } else {
        atomic_store_explicit(&s->phase, STOP, memory_order_relaxed);
        pthread_mutex_unlock(&s->gate);
    }
    for (unsigned i = 0; i < created; i++)
        pthread_join(workers[i].thread, NULL);
    if (ok && (ok = nothing_lost(run, s, workers)))
        sum_up(run, workers, &from, &to);

    pthread_mutex_destroy(&s->gate);
    bench_lock_free(run->ops, s->lock);
    free(s->data);
    free(workers);
    free(s);
    return ok;
}

static const struct bench_workload contended = {
    .name = "contended",
    .description = "one hot lock; threads, time in the section and mean time outside are arguments",
    .has_cells = true,
    .run = run_contended,
};
BENCH_WORKLOAD(contended);
