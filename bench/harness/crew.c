/* SPDX-License-Identifier: MIT */
/* Runs a crew, watches it for starvation, and adds up what its members counted. */
#include "crew.h"

#include "interrupt.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum phase { WARM_UP, MEASURE, STOP };

/*
 * Only one turn in this many is timed, picked at random. The second look at the clock lies inside the section: fewer
 * are timed where turns are short, and all where they are long.
 */
enum { SAMPLE_LONG = 8, SAMPLE_SHORT = 64, LONG_NS = 1000, ALL_NS = 20000 };

/* How often somebody looks who has not moved. A clock read each turn would know more, and cost each turn 20 to 50 ns. */
enum { LOOK_NS = 1000000 };

/* Operations that a run must complete, and how many times its measured time it may take to do so. */
enum { LEAST = 2, PATIENCE = 20 };

struct bench_crew {
    const struct bench_crew_plan *plan;
    uint64_t sample_mask;
    unsigned n;
    pthread_mutex_t gate; /* closed until all members exist */
    _Alignas(BENCH_LINE) atomic_int phase;
    _Alignas(BENCH_LINE) struct bench_member members[];
};

/* Relaxed: the phase carries no data, joining the members does. */
static int phase_of(const struct bench_crew *crew)
{
    return atomic_load_explicit(&crew->phase, memory_order_relaxed);
}

static void set_phase(struct bench_crew *crew, enum phase phase)
{
    atomic_store_explicit(&crew->phase, phase, memory_order_relaxed);
}

bool bench_crew_stopping(const struct bench_member *member)
{
    return phase_of(member->crew) == STOP;
}

bool bench_crew_measuring(const struct bench_member *member)
{
    return phase_of(member->crew) == MEASURE;
}

/* Relaxed: the number alone is of interest. Only the member itself writes it. */
static void count(atomic_ullong *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more, memory_order_relaxed);
}

static uint64_t operations(const struct bench_crew *crew)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < crew->n; i++)
        sum += atomic_load_explicit(&crew->members[i].operations, memory_order_relaxed);
    return sum;
}

static void take_turn(struct bench_member *m)
{
    struct bench_crew *crew = m->crew;

    m->random = bench_work_step(m->random);
    m->timed = (m->random & crew->sample_mask) == 0;
    m->asked = false;
    m->waited = 0;
    uint64_t done = crew->plan->turn(m);
    int phase = phase_of(crew);

    m->done += done;
    if (phase == MEASURE)
        count(&m->operations, done);
    /* A wait that the end cut short counts: without it, a thread that starved all along would look like none. */
    if (m->asked && phase != WARM_UP)
        bench_histogram_add(&m->waits, m->waited);
    count(&m->turns, 1);
}

static void *work(void *arg)
{
    struct bench_member *m = arg;

    pthread_mutex_lock(&m->crew->gate);
    pthread_mutex_unlock(&m->crew->gate);
    while (phase_of(m->crew) != STOP)
        take_turn(m);
    return NULL;
}

static bool fork_member(struct bench_member *m)
{
    pid_t parent = getpid();
    pid_t pid = fork(); /* the member is shared: only the parent writes it there */

    if (pid == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
            work(m);
        _exit(0);
    }
    m->pid = pid;
    return pid > 0 && clock_getcpuclockid(m->pid, &m->cpu_clock) == 0;
}

static bool start_member(struct bench_member *m)
{
    if (m->crew->plan->processes)
        return fork_member(m);
    if (pthread_create(&m->thread, NULL, work, m) != 0)
        return false;
    pthread_getcpuclockid(m->thread, &m->cpu_clock);
    return true;
}

static void prepare_member(struct bench_member *m, struct bench_crew *crew, const struct bench_lock_ops *ops,
                           unsigned index)
{
    m->crew = crew;
    m->ops = ops;
    m->shared = crew->plan->shared;
    m->index = index;
    m->random = 0x9e3779b97f4a7c15u * (index + 1);
}

/* Returns how many there are: fewer than wanted when one could not be made. */
static unsigned start_members(struct bench_run *run, struct bench_crew *crew)
{
    unsigned created = 0;

    for (; created < crew->n; created++) {
        prepare_member(&crew->members[created], crew, run->ops, created);
        if (!start_member(&crew->members[created])) {
            snprintf(run->error, sizeof(run->error), "cannot create %s %u",
                     crew->plan->processes ? "process" : "thread", created + 1);
            break;
        }
    }
    return created;
}

/* ---- the measured time ---- */

struct snapshot {
    uint64_t ns;
    uint64_t cpu_ns;
    long voluntary, involuntary;
};

static struct snapshot look(struct bench_crew *crew)
{
    struct rusage all, own;
    struct snapshot now = {0};

    /* Of each thread by itself: the sum that the kernel keeps for a process is up to a tick old for those that run. */
    for (unsigned i = 0; i < crew->n; i++)
        now.cpu_ns += bench_clock_ns(crew->members[i].cpu_clock) +
                      atomic_load_explicit(&crew->members[i].cpu_ns, memory_order_relaxed);
    getrusage(RUSAGE_SELF, &all);
    getrusage(RUSAGE_THREAD, &own); /* who measures is not measured */
    now.voluntary = all.ru_nvcsw - own.ru_nvcsw;
    now.involuntary = all.ru_nivcsw - own.ru_nivcsw;
    now.ns = bench_now_ns();
    return now;
}

struct watch {
    uint64_t since; /* the look that first saw the member here */
    unsigned long long turns;
};

/*
 * Sleeps through the measured time, and returns the longest time in which a member's count stood still. A crew that
 * has done next to nothing by then gets more time: that it is so slow is a figure, too.
 */
static uint64_t watch(struct bench_crew *crew, uint64_t ns)
{
    struct watch *watches = bench_alloc_lines(crew->n * sizeof(*watches));
    uint64_t start = bench_now_ns(), now = start, longest = 0;

    for (unsigned i = 0; i < crew->n; i++)
        watches[i] = (struct watch){start, atomic_load_explicit(&crew->members[i].turns, memory_order_relaxed)};
    while (!bench_interrupted() && (now - start < ns || (operations(crew) < LEAST && now - start < PATIENCE * ns))) {
        uint64_t left = now - start < ns ? ns - (now - start) : LOOK_NS;

        bench_sleep_ns(left < LOOK_NS ? left : LOOK_NS);
        now = bench_now_ns();
        for (unsigned i = 0; i < crew->n; i++) {
            unsigned long long turns = atomic_load_explicit(&crew->members[i].turns, memory_order_relaxed);

            longest = now - watches[i].since > longest ? now - watches[i].since : longest;
            if (turns != watches[i].turns)
                watches[i] = (struct watch){now, turns};
        }
    }
    free(watches);
    return longest;
}

/* The members exist and wait at the gate; when this returns they have been told to stop. */
static void measure(struct bench_run *run, struct bench_crew *crew, struct snapshot *from, struct snapshot *to)
{
    pthread_mutex_unlock(&crew->gate);
    bench_sleep_ns(bench_warm_up_ns(run->round_ns));
    run->start(run->start_arg);
    *from = look(crew);
    set_phase(crew, MEASURE);
    run->result.starved = (double)watch(crew, run->round_ns);
    *to = look(crew);
    bench_run_stop(run);
}

double bench_crew_ideal(const struct bench_cell *cell, const struct bench_crew_plan *plan)
{
    double cpus = bench_cpus(), threads = cell->threads;

    if (cell->quota)
        cpus = fmin(cpus, cell->quota / 100.0);
    double turn_ns = plan->section_ns + plan->outside_ns, hottest = plan->hottest > 0 ? plan->hottest : 1;
    double serial = 1 / (hottest * plan->section_ns);
    double all_busy = fmin(threads / turn_ns, cpus / (turn_ns - plan->asleep_ns));
    double ideal = 1e9 * fmin(serial, all_busy);

    return isfinite(ideal) ? ideal : NAN;
}

static void sum_up(struct bench_run *run, struct bench_crew *crew, const struct snapshot *from,
                   const struct snapshot *to)
{
    struct bench_histogram *waits = bench_alloc_lines(sizeof(*waits));
    double *operations = bench_alloc_lines(crew->n * sizeof(*operations));
    struct bench_measure *r = &run->result;

    r->operations = 0;
    for (unsigned i = 0; i < crew->n; i++) {
        operations[i] = (double)crew->members[i].operations;
        r->operations += operations[i];
        bench_histogram_merge(waits, &crew->members[i].waits);
    }
    r->seconds = (double)(to->ns - from->ns) * 1e-9;
    r->throughput = r->operations / r->seconds;
    r->efficiency = r->throughput / bench_crew_ideal(&run->cell, crew->plan);
    r->cpu_ns = (double)(to->cpu_ns - from->cpu_ns) / r->operations;
    r->fairness = bench_fairness(operations, crew->n);
    if (!crew->plan->processes) { /* of processes, only their own could tell */
        r->voluntary = (double)(to->voluntary - from->voluntary) / r->operations;
        r->involuntary = (double)(to->involuntary - from->involuntary) / r->operations;
    }
    r->wait_p50 = bench_histogram_quantile(waits, 0.5);
    r->wait_p99 = bench_histogram_quantile(waits, 0.99);
    r->wait_p999 = bench_histogram_quantile(waits, 0.999);
    r->wait_max = waits->count ? (double)waits->max : NAN;
    free(operations);
    free(waits);
}

/* ---- a run ---- */

static struct bench_crew *make_crew(const struct bench_crew_plan *plan, unsigned n, size_t *size)
{
    pthread_mutexattr_t shared;

    *size = sizeof(struct bench_crew) + n * sizeof(struct bench_member);
    struct bench_crew *crew = bench_map_shared(*size);

    crew->plan = plan;
    crew->n = n;
    if (plan->turn_ns < ALL_NS) /* else all: the mask is 0 */
        crew->sample_mask = (plan->turn_ns >= LONG_NS ? SAMPLE_LONG : SAMPLE_SHORT) - 1;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&crew->gate, &shared);
    pthread_mutexattr_destroy(&shared);
    return crew;
}

/* True when all ended as they should. */
static bool join_members(struct bench_run *run, struct bench_crew *crew, unsigned created)
{
    bool ok = true;
    int status;

    for (unsigned i = 0; i < created; i++) {
        if (!crew->plan->processes) {
            pthread_join(crew->members[i].thread, NULL);
            continue;
        }
        while (waitpid(crew->members[i].pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (status != 0)
            ok = false;
    }
    if (!ok)
        snprintf(run->error, sizeof(run->error), "a process died");
    return ok;
}

bool bench_crew_run(struct bench_run *run, const struct bench_crew_plan *plan, uint64_t *done)
{
    struct snapshot from, to;
    size_t size;
    struct bench_crew *crew = make_crew(plan, run->cell.threads, &size);

    pthread_mutex_lock(&crew->gate);
    unsigned created = start_members(run, crew);
    bool ok = created == crew->n;

    if (ok)
        measure(run, crew, &from, &to);
    set_phase(crew, STOP);
    if (!ok)
        pthread_mutex_unlock(&crew->gate);
    if (plan->wake)
        plan->wake(plan->shared);
    ok = join_members(run, crew, created) && ok;
    *done = 0;
    for (unsigned i = 0; i < crew->n; i++)
        *done += crew->members[i].done;
    if (ok)
        sum_up(run, crew, &from, &to);
    if (ok && run->result.operations < LEAST && !bench_interrupted()) {
        snprintf(run->error, sizeof(run->error), "nothing was done in the measured time");
        ok = false;
    }
    pthread_mutex_destroy(&crew->gate);
    munmap(crew, size);
    return ok;
}

bool bench_crew_nothing_lost(struct bench_run *run, uint64_t done, uint64_t found)
{
    if (done == found)
        return true;
    snprintf(run->error, sizeof(run->error), "not mutually exclusive: %lld of %llu updates lost",
             (long long)(done - found), (unsigned long long)done);
    return false;
}

/* ---- turns without a lock ---- */

/* One thread calibrates at a time. */
static struct {
    unsigned depth;
    uint64_t entered;
    uint64_t inside_ns;
    uint64_t sections;
} solo;

static void no_lock(void *lock)
{
    (void)lock;
}

static void enter_solo(void *lock)
{
    (void)lock;
    if (solo.depth++ == 0)
        solo.entered = bench_now_ns();
}

static void leave_solo(void *lock)
{
    (void)lock;
    if (--solo.depth == 0) {
        solo.inside_ns += bench_now_ns() - solo.entered;
        solo.sections++;
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

enum { BATCHES = 15 };

/* The lower quartile: what disturbs a batch makes it longer, never shorter. */
static double typical(double *batches)
{
    qsort(batches, BATCHES, sizeof(*batches), ascending);
    return batches[BATCHES / 4];
}

static double clock_cost_ns(void)
{
    enum { LOOKS = 200 };
    double batches[BATCHES];

    for (int i = 0; i < BATCHES; i++) {
        uint64_t from = bench_now_ns();

        for (int j = 0; j < LOOKS; j++)
            bench_now_ns();
        batches[i] = (double)(bench_now_ns() - from) / LOOKS;
    }
    return typical(batches);
}

struct batch {
    double wall, cpu; /* ns an operation */
};

static struct batch take_turns_alone(struct bench_member *m)
{
    enum { TURNS = 64, BATCH_NS = 200000 };
    uint64_t cpu = bench_clock_ns(CLOCK_THREAD_CPUTIME_ID), from = bench_now_ns(), before = m->done;

    do {
        for (int i = 0; i < TURNS; i++)
            take_turn(m);
    } while (bench_now_ns() - from < BATCH_NS);
    double done = (double)(m->done - before);

    return (struct batch){
        .wall = (double)(bench_now_ns() - from) / done,
        .cpu = (double)(bench_clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu) / done,
    };
}

/* The whole turn without a look at the clock, and then the sections with one at each end. */
static void calibrate(struct bench_member *m, struct bench_crew_plan *plan)
{
    static const struct bench_lock_ops none = {.name = "none", .lock = no_lock, .unlock = no_lock};
    static const struct bench_lock_ops timed = {.name = "timed", .lock = enter_solo, .unlock = leave_solo};
    double walls[BATCHES], cpus[BATCHES], sections[BATCHES], look = clock_cost_ns();

    m->ops = &none;
    for (int i = 0; i < BATCHES; i++) {
        struct batch batch = take_turns_alone(m);

        walls[i] = batch.wall;
        cpus[i] = batch.cpu;
    }
    m->ops = &timed;
    for (int i = 0; i < BATCHES; i++) {
        uint64_t before = m->done;

        memset(&solo, 0, sizeof(solo));
        take_turns_alone(m);
        sections[i] = fmax((double)solo.inside_ns - (double)solo.sections * look, 0) / (double)(m->done - before);
    }
    plan->turn_ns = typical(walls);
    plan->section_ns = fmin(typical(sections), plan->turn_ns);
    plan->outside_ns = plan->turn_ns - plan->section_ns;
    double asleep = plan->turn_ns - typical(cpus);

    /* A little is not sleep but interrupts. */
    plan->asleep_ns = asleep > plan->turn_ns / 10 ? asleep : 0;
}

uint64_t bench_crew_calibrate(struct bench_crew_plan *plan)
{
    size_t size;
    struct bench_crew *crew = make_crew(plan, 1, &size);
    struct bench_member *m = &crew->members[0];

    crew->sample_mask = UINT64_MAX; /* no turn is timed as well */
    prepare_member(m, crew, NULL, 0);
    calibrate(m, plan);
    uint64_t done = m->done;

    pthread_mutex_destroy(&crew->gate);
    munmap(crew, size);
    return done;
}
