// SPDX-License-Identifier: MIT
/*
 * How many context switches never reach the record: a thread compares what its record counted with what getrusage()
 * says, with its page present, never touched, and taken away.
 */
#include "delivery.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

enum { SWITCHES = 20000 };

struct trial {
    const struct instance *instance;
    enum page page;
    struct loss *loss;
    int cpu;
    bool stop;
    int error;
};

static void *partner(void *argument)
{
    struct trial *trial = argument;

    pin_to_cpu(trial->cpu);
    /* relaxed: both flags carry no data */
    while (!__atomic_load_n(&trial->stop, __ATOMIC_RELAXED))
        sched_yield();
    return NULL;
}

/* Both counts of one moment: no switch happened between the two. */
static void read_both(const struct oncpu_thread_record *record, long *seen, long *switches)
{
    do {
        *switches = switches_of_thread();
        *seen = (long)__atomic_load_n(&record->switches, __ATOMIC_RELAXED); /* ours, written by the kernel */
    } while (*switches != switches_of_thread());
}

/* The record is not looked at between the two read_both(): that would bring its page in. */
static void yield_and_count(struct trial *trial, struct oncpu_thread_record *record)
{
    long seen = 0, switches, seen_after, switches_after;
    pthread_t thread;

    if (trial->page == PAGE_UNTOUCHED)
        switches = switches_of_thread();
    else
        read_both(record, &seen, &switches);
    if (trial->page == PAGE_EVICTED)
        instance_evict(trial->instance, record, trial->loss->how);
    if (pthread_create(&thread, NULL, partner, trial)) {
        trial->error = -EAGAIN;
        return;
    }
    while (switches_of_thread() - switches < SWITCHES)
        sched_yield();
    read_both(record, &seen_after, &switches_after);
    __atomic_store_n(&trial->stop, true, __ATOMIC_RELAXED); /* pairs with the load in partner() */
    pthread_join(thread, NULL);
    trial->loss->seen = seen_after - seen;
    trial->loss->switches = switches_after - switches;
    trial->loss->valid = true;
}

static void *try_page(void *argument)
{
    struct trial *trial = argument;
    enum memory memory = trial->page == PAGE_EVICTED ? MEMORY_FILE : MEMORY_PLAIN;
    struct oncpu_thread_record *own, *record;

    pin_to_cpu(trial->cpu);
    own = instance_allocate(trial->instance, 1, memory);
    record = instance_join(trial->instance, own, true);
    if (!record) {
        trial->error = -errno;
        return NULL;
    }
    if (trial->page != PAGE_UNTOUCHED)
        instance_touch(trial->instance, record);
    yield_and_count(trial, record);
    instance_leave(trial->instance);
    instance_free(own, 1);
    return NULL;
}

static int measure_way(const struct way *way, struct result *result)
{
    struct instance instance;
    int error = instance_load(&instance, way, 0);

    if (error)
        return error;
    error = instance_attach(&instance);
    for (enum page page = 0; page < PAGES && !error; page++) {
        struct trial trial = {.instance = &instance, .page = page, .loss = &result->loss[page], .cpu = last_cpu()};
        pthread_t thread;
        error = -pthread_create(&thread, NULL, try_page, &trial);
        if (!error) {
            pthread_join(thread, NULL);
            error = trial.error;
        }
    }
    result->missed = instance_missed(&instance);
    instance_unload(&instance);
    return error;
}

int measure_lost(struct results *results)
{
    int error = 0;

    for (size_t w = 0; w < WAYS_MAX && !error; w++) {
        struct result *result = &results->way[w];
        if (!result->unsupported[0] && !result->refused[0] && ways[w].home != HOME_NONE)
            error = measure_way(&ways[w], result);
    }
    return error;
}
