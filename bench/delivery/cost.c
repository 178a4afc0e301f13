// SPDX-License-Identifier: MIT
/*
 * What a way costs at each context switch: two threads on one CPU yield to each other, with every way in turn in every
 * round, so that a machine that drifts drifts for all of them.
 */
#include "delivery.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 2, PROCESSES = 16, SERIES_MAX = 2 + WAYS_MAX * COST_KINDS };

/* One thing to measure: a way, how it is used, and one sample a round. */
struct series {
    const struct way *way; /* NULL: no program */
    enum cost_kind kind;
    size_t index; /* of the way */
    double sample[ROUNDS_MAX];
};

struct bench {
    struct instance program[WAYS_MAX][PROGRAMS_MAX];
    struct series series[SERIES_MAX];
    size_t count;
    struct results *results;
};

/* The pair that yields. */
struct pair {
    const struct instance *instance; /* NULL: registers nowhere */
    pthread_barrier_t start;
    bool stop;
    int cpu;
    struct {
        double ns;
        long switches;
        int error;
    } thread[THREADS];
};

struct yielder {
    struct pair *pair;
    int number;
};

static double cpu_time_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* CPU time, not wall time: what other programs take of this CPU is not the switch's. */
static void *yield(void *argument)
{
    struct yielder *self = argument;
    struct pair *pair = self->pair;
    struct oncpu_thread_record *own = NULL;
    struct oncpu_thread_record *record = NULL;
    double begin;
    long before;

    pin_to_cpu(pair->cpu);
    if (pair->instance) {
        own = instance_allocate(pair->instance, 1, MEMORY_PLAIN);
        record = instance_join(pair->instance, own, false);
        pair->thread[self->number].error = record ? 0 : -errno;
        if (record)
            instance_touch(pair->instance, record);
    }
    pthread_barrier_wait(&pair->start);
    begin = cpu_time_ns();
    before = switches_of_thread();
    /* relaxed: no data is handed over by it */
    while (!__atomic_load_n(&pair->stop, __ATOMIC_RELAXED)) {
        for (int i = 0; i < 64; i++)
            sched_yield();
    }
    pair->thread[self->number].switches = switches_of_thread() - before;
    pair->thread[self->number].ns = cpu_time_ns() - begin;
    if (record)
        instance_leave(pair->instance);
    instance_free(own, 1);
    return NULL;
}

double run_pair(const struct instance *instance, unsigned ms)
{
    struct pair pair = {.instance = instance, .cpu = last_cpu()};
    struct yielder yielder[THREADS];
    pthread_t thread[THREADS];
    struct timespec nap = {ms / 1000, (long)(ms % 1000) * 1000000};
    double ns = 0;
    long switches = 0;
    int started = 0;

    pthread_barrier_init(&pair.start, NULL, THREADS + 1);
    for (; started < THREADS; started++) {
        yielder[started] = (struct yielder){&pair, started};
        if (pthread_create(&thread[started], NULL, yield, &yielder[started]))
            abort(); /* the other would wait at the barrier for ever */
    }
    pthread_barrier_wait(&pair.start);
    nanosleep(&nap, NULL);
    __atomic_store_n(&pair.stop, true, __ATOMIC_RELAXED); /* pairs with the load in yield() */
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        ns += pair.thread[i].ns;
        switches += pair.thread[i].switches;
        if (pair.thread[i].error)
            return pair.thread[i].error;
    }
    pthread_barrier_destroy(&pair.start);
    return switches ? ns / (double)switches : -ENODATA;
}

/* A process that is registered and sleeps until its parent ends it. */
static void be_monitored(struct instance *instance, int ready)
{
    struct oncpu_thread_record *own;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    instance_after_fork(instance);
    own = instance_allocate(instance, 1, MEMORY_PLAIN);
    if (!instance_join(instance, own, false) || write(ready, "", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static int start_monitored(struct instance *instance, pid_t pid[PROCESSES])
{
    int ready[2], started = 0, error = 0;
    char byte;

    if (pipe(ready))
        return -errno;
    for (; started < PROCESSES; started++) {
        pid[started] = fork();
        if (!pid[started]) {
            close(ready[0]);
            be_monitored(instance, ready[1]);
        }
        if (pid[started] < 0)
            break;
    }
    close(ready[1]);
    for (int i = 0; i < PROCESSES && !error; i++)
        error = read(ready[0], &byte, 1) == 1 ? 0 : -ECHILD;
    close(ready[0]);
    for (int i = started; i < PROCESSES; i++)
        pid[i] = 0;
    return error;
}

static void end_monitored(const pid_t pid[PROCESSES])
{
    for (int i = 0; i < PROCESSES; i++) {
        if (pid[i] > 0) {
            kill(pid[i], SIGKILL);
            waitpid(pid[i], NULL, 0);
        }
    }
}

static double sample(struct bench *bench, const struct series *series, unsigned ms)
{
    struct instance *program = series->way ? bench->program[series->index] : NULL;
    int programs = !series->way ? 0 : series->kind == COST_PROGRAMS ? PROGRAMS_MAX : 1;
    bool registered = series->way && series->way->home != HOME_NONE && series->kind != COST_UNREGISTERED;
    pid_t pid[PROCESSES] = {0};
    double ns = 0;
    int error = 0;

    for (int i = 0; i < programs && !error; i++)
        error = instance_attach(&program[i]);
    if (!error && series->way && series->kind == COST_PROCESSES)
        error = start_monitored(&program[0], pid);
    if (!error)
        ns = run_pair(registered ? &program[0] : NULL, ms);
    end_monitored(pid);
    for (int i = 0; i < programs; i++)
        instance_detach(&program[i]);
    return error ? error : ns;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void sort(double sorted[ROUNDS_MAX], const double *values, size_t count)
{
    memcpy(sorted, values, count * sizeof(*values));
    qsort(sorted, count, sizeof(*sorted), compare);
}

double median(const double *values, size_t count)
{
    double sorted[ROUNDS_MAX];

    sort(sorted, values, count);
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

/*
 * Two standard errors of the median, by the distance between the quartiles: of a normal distribution that is 1.349 standard
 * deviations, of which the error is sqrt(pi / 2 / count).
 */
double noise_of_median(const double *values, size_t count)
{
    double sorted[ROUNDS_MAX];

    sort(sorted, values, count);
    return 2 * 1.2533 / 1.349 * (sorted[count * 3 / 4] - sorted[count / 4]) / sqrt((double)count);
}

static struct cost reduce(const struct series *series, const struct series *none, const struct series *empty,
                          size_t rounds)
{
    double over_none[ROUNDS_MAX], over_empty[ROUNDS_MAX], ratio[ROUNDS_MAX];

    for (size_t i = 0; i < rounds; i++) {
        over_none[i] = series->sample[i] - none->sample[i];
        over_empty[i] = series->sample[i] - empty->sample[i];
        ratio[i] = series->sample[i] / none->sample[i];
    }
    return (struct cost){.ns = median(series->sample, rounds),
                         .over_none = median(over_none, rounds),
                         .noise = noise_of_median(over_none, rounds),
                         .over_empty = median(over_empty, rounds),
                         .ratio = median(ratio, rounds),
                         .valid = true};
}

/* Series 0 is no program, series 1 the empty one. */
static int load_all(struct bench *bench)
{
    bench->series[bench->count++] = (struct series){.way = NULL};
    for (size_t w = 0; w < WAYS_MAX; w++) {
        const struct result *result = &bench->results->way[w];
        if (result->unsupported[0] || result->refused[0])
            continue;
        for (unsigned i = 0; i < PROGRAMS_MAX; i++) {
            int error = instance_load(&bench->program[w][i], &ways[w], i);
            if (error)
                return error;
        }
        for (enum cost_kind kind = 0; kind < COST_KINDS; kind++) {
            bool has_records = ways[w].home != HOME_NONE;
            if (has_records || kind == COST_UNREGISTERED || kind == COST_PROGRAMS)
                bench->series[bench->count++] = (struct series){.way = &ways[w], .kind = kind, .index = w};
        }
    }
    return bench->series[1].way && bench->series[1].way->home == HOME_NONE ? 0 : -ENOTSUP;
}

static void unload_all(struct bench *bench)
{
    for (size_t w = 0; w < WAYS_MAX; w++) {
        for (size_t i = 0; i < PROGRAMS_MAX; i++) {
            if (bench->program[w][i].object)
                instance_unload(&bench->program[w][i]);
        }
    }
}

static void store(struct bench *bench, size_t rounds)
{
    for (size_t s = 0; s < bench->count; s++) {
        const struct series *series = &bench->series[s];
        struct cost cost = reduce(series, &bench->series[0], &bench->series[1], rounds);
        if (!series->way)
            bench->results->none = cost;
        else
            bench->results->way[series->index].cost[series->kind] = cost;
    }
}

int measure_cost(struct results *results, const struct options *options)
{
    size_t rounds = options->rounds < ROUNDS_MAX ? options->rounds : ROUNDS_MAX;
    struct bench *bench = calloc(1, sizeof(*bench));
    int error;

    if (!bench)
        return -ENOMEM;
    bench->results = results;
    error = load_all(bench);
    for (size_t round = 0; round < rounds && !error; round++) {
        for (size_t i = 0; i < bench->count && !error; i++) {
            /* Every round begins with another series: none is always measured after the same neighbour. */
            struct series *series = &bench->series[(i + round) % bench->count];
            double ns = sample(bench, series, options->round_ms);
            series->sample[round] = ns;
            error = ns < 0 ? (int)ns : 0;
        }
    }
    if (!error)
        store(bench, rounds);
    unload_all(bench);
    free(bench);
    return error;
}
