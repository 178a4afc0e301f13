// SPDX-License-Identifier: MIT
/*
 * What a registered thread costs the kernel in memory: the growth of its slabs while many sleeping threads register,
 * their own records being in place before.
 */
#include "delivery.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS = 6000, STACK = 32 * 1024, TRIALS = 3, SETTLE_TRIES = 30, SETTLED = 8192 };

struct crowd {
    const struct instance *instance;
    struct oncpu_thread_record *own; /* THREADS of them, or NULL */
    pthread_barrier_t born, join, joined, end;
    int failed;
};

struct member {
    struct crowd *crowd;
    size_t number;
};

static void *live(void *argument)
{
    struct member *self = argument;
    struct crowd *crowd = self->crowd;
    struct oncpu_thread_record *own = crowd->own ? &crowd->own[self->number] : NULL;
    bool joined;

    pthread_barrier_wait(&crowd->born);
    pthread_barrier_wait(&crowd->join);
    joined = instance_join(crowd->instance, own, false);
    if (!joined)
        __atomic_store_n(&crowd->failed, -errno, __ATOMIC_RELAXED); /* the barrier orders it before the read */
    pthread_barrier_wait(&crowd->joined);
    pthread_barrier_wait(&crowd->end);
    if (joined)
        instance_leave(crowd->instance);
    return NULL;
}

/* Bytes of slabs that cannot be reclaimed; -1: unknown. */
static long slab_bytes(void)
{
    char line[128];
    long kib = -1;
    FILE *file = fopen("/proc/sys/vm/stat_refresh", "we");

    /* Each CPU keeps a difference of its own until it is told to add it up. */
    if (file) {
        fputs("1", file);
        fclose(file);
    }
    file = fopen("/proc/meminfo", "re");
    if (!file)
        return -1;
    while (kib < 0 && fgets(line, sizeof(line), file))
        sscanf(line, "SUnreclaim: %ld", &kib);
    fclose(file);
    return kib < 0 ? -1 : kib * 1024;
}

/* Once two readings agree: what ended before (threads, another way's maps) is freed a little later. */
static long settled_slab_bytes(void)
{
    struct timespec pause = {0, 100000000};
    long last = slab_bytes(), now = last;

    for (int i = 0; i < SETTLE_TRIES; i++) {
        nanosleep(&pause, NULL);
        now = slab_bytes();
        if (labs(now - last) <= SETTLED)
            break;
        last = now;
    }
    return now;
}

static int start(struct crowd *crowd, struct member *members, pthread_t *threads)
{
    pthread_attr_t attributes;
    int error = 0;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    for (size_t i = 0; i < THREADS && !error; i++) {
        members[i] = (struct member){crowd, i};
        error = pthread_create(&threads[i], &attributes, live, &members[i]);
    }
    pthread_attr_destroy(&attributes);
    return -error;
}

static int measure_crowd(const struct instance *instance, double *bytes)
{
    struct crowd crowd = {.instance = instance, .own = instance_allocate(instance, THREADS, MEMORY_PLAIN)};
    struct member *members = calloc(THREADS, sizeof(*members));
    pthread_t *threads = calloc(THREADS, sizeof(*threads));
    pthread_barrier_t *barriers[] = {&crowd.born, &crowd.join, &crowd.joined, &crowd.end};
    long before, after;

    for (size_t i = 0; i < sizeof(barriers) / sizeof(*barriers); i++)
        pthread_barrier_init(barriers[i], NULL, THREADS + 1);
    if (!members || !threads || start(&crowd, members, threads)) {
        fprintf(stderr, "oncpu-delivery: memory: needs %d threads\n", THREADS);
        exit(1); /* the threads that did start would wait for the others for ever */
    }
    pthread_barrier_wait(&crowd.born);
    before = settled_slab_bytes();
    pthread_barrier_wait(&crowd.join);
    pthread_barrier_wait(&crowd.joined);
    after = settled_slab_bytes();
    pthread_barrier_wait(&crowd.end);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < sizeof(barriers) / sizeof(*barriers); i++)
        pthread_barrier_destroy(barriers[i]);
    instance_free(crowd.own, THREADS);
    free(threads);
    free(members);
    *bytes = before < 0 ? -1 : (double)(after - before) / THREADS;
    return crowd.failed;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The median: what the kernel kept for later makes one trial cheap, what else it allocates meanwhile makes one dear. */
static int measure_way(const struct way *way, struct result *result)
{
    struct instance instance;
    double bytes[TRIALS];

    for (int trial = 0; trial < TRIALS; trial++) {
        int error = instance_load(&instance, way, 0);
        if (error)
            return error;
        result->memory_fixed = instance_memory(&instance);
        error = measure_crowd(&instance, &bytes[trial]);
        instance_unload(&instance);
        if (error)
            return error;
    }
    qsort(bytes, TRIALS, sizeof(*bytes), compare);
    result->memory_thread = bytes[TRIALS / 2];
    return 0;
}

int measure_memory(struct results *results)
{
    int error = 0;

    for (size_t w = 0; w < WAYS_MAX && !error; w++) {
        struct result *result = &results->way[w];
        if (!result->unsupported[0] && !result->refused[0] && ways[w].home != HOME_NONE)
            error = measure_way(&ways[w], result);
    }
    return error;
}
