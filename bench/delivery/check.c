// SPDX-License-Identifier: MIT
/*
 * Whether a way delivers at all: a thread that sleeps, one that runs, and one that wants to run but may not, as another
 * thread reads their records.
 */
#include "delivery.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 8, LOOKS = 50 };

struct subject {
    const struct instance *instance;
    struct oncpu_thread_record *record; /* NULL until registered */
    pid_t tid;
    int cpu; /* -1: any */
    int error;
    bool spins, stop, ready;
    int wake[2];
    pthread_t thread;
};

static void nap(long us)
{
    struct timespec time = {0, us * 1000};

    nanosleep(&time, NULL);
}

static void spin_ms(long ms)
{
    struct timespec begin, now;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < ms);
}

static void *live(void *argument)
{
    struct subject *self = argument;
    struct oncpu_thread_record *own = instance_allocate(self->instance, 1, MEMORY_PLAIN);
    char byte;

    if (self->cpu >= 0)
        pin_to_cpu(self->cpu);
    self->tid = gettid();
    self->record = instance_join(self->instance, own, false);
    self->error = self->record ? 0 : -errno;
    if (self->record)
        instance_touch(self->instance, self->record);
    __atomic_store_n(&self->ready, true, __ATOMIC_RELEASE); /* pairs with the load in start() */
    if (self->spins) {
        while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) { /* carries no data */
            nap(1000); /* a thread is first seen when it is switched, and single switches get lost: so again and again */
            spin_ms(50);
        }
    } else if (read(self->wake[0], &byte, 1) < 0) {
        self->error = -errno;
    }
    if (self->record)
        instance_leave(self->instance);
    /* `own` stays: the observer may still be reading it. end() frees it. */
    return NULL;
}

static int start(struct subject *subject, const struct instance *instance, bool spins, int cpu)
{
    *subject = (struct subject){.instance = instance, .spins = spins, .cpu = cpu, .wake = {-1, -1}};
    if (pipe(subject->wake))
        return -errno;
    if (pthread_create(&subject->thread, NULL, live, subject))
        return -EAGAIN;
    while (!__atomic_load_n(&subject->ready, __ATOMIC_ACQUIRE)) /* pairs with the store in live() */
        nap(100);
    return subject->error;
}

static void end(struct subject *subject)
{
    if (subject->wake[0] < 0)
        return;
    __atomic_store_n(&subject->stop, true, __ATOMIC_RELAXED); /* pairs with the load in live() */
    close(subject->wake[1]);
    pthread_join(subject->thread, NULL);
    close(subject->wake[0]);
    if (!subject->instance->records)
        instance_free(subject->record, 1);
}

static uint32_t state_of(const struct subject *subject)
{
    return __atomic_load_n(&subject->record->state, __ATOMIC_RELAXED); /* written by the kernel; orders nothing */
}

/* Looks until the state is seen. The bound is for the case that it never comes. */
static bool reaches(const struct subject *subject, uint32_t state)
{
    struct timespec begin, now;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        if (state_of(subject) == state)
            return true;
        nap(200);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - begin.tv_sec < PATIENCE_S);
    return false;
}

/* /proc says so too, and then the record may say nothing else, however often it is asked. */
static bool sleeps_and_says_so(const struct subject *subject)
{
    char path[64], line[256], letter = '?';

    if (!reaches(subject, ONCPU_STATE_BLOCKED))
        return false;
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", subject->tid);
    while (letter != 'S') {
        FILE *file = fopen(path, "re");
        const char *after_name = file && fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
        letter = after_name ? after_name[2] : 'S';
        if (file)
            fclose(file);
    }
    for (int i = 0; i < LOOKS; i++) {
        if (state_of(subject) != ONCPU_STATE_BLOCKED)
            return false;
        nap(200);
    }
    return true;
}

static const char *check_instance(const struct instance *instance)
{
    struct subject sleeper = {.wake = {-1, -1}}, spinner[2] = {{.wake = {-1, -1}}, {.wake = {-1, -1}}};
    const char *verdict = NULL;

    if (start(&sleeper, instance, false, -1) || start(&spinner[0], instance, true, last_cpu()))
        verdict = "a thread could not register";
    else if (!sleeps_and_says_so(&sleeper))
        verdict = "a sleeping thread does not read blocked";
    else if (!reaches(&spinner[0], ONCPU_STATE_RUNNING))
        verdict = "a running thread does not read running";
    else if (start(&spinner[1], instance, true, last_cpu()))
        verdict = "a thread could not register";
    else if (!reaches(&spinner[0], ONCPU_STATE_PREEMPTED))
        verdict = "a preempted thread does not read preempted";
    else if (!reaches(&spinner[0], ONCPU_STATE_RUNNING))
        verdict = "a thread that got its CPU back does not read running";
    end(&sleeper);
    end(&spinner[0]);
    end(&spinner[1]);
    return verdict;
}

/* 0: delivers, 1: does not, 77: cannot be tried here. */
static int check_way(const struct way *way)
{
    char why_not[TEXT_MAX];
    struct instance instance;
    const char *verdict;
    int error;

    if (!way_is_supported(way, why_not)) {
        printf("%-6s not here: %s\n", way->name, why_not);
        return 77;
    }
    error = instance_load(&instance, way, 0);
    if (error && (way_is_denied(way, why_not) || (error == -EPERM && geteuid()))) {
        printf("%-6s not here: %s\n", way->name, why_not[0] ? why_not : strerror(-error));
        return 77;
    }
    if (error) {
        printf("%-6s FAILED: cannot load: %s\n%s", way->name, strerror(-error), load_log());
        return 1;
    }
    error = instance_attach(&instance);
    verdict = error ? "cannot attach" : check_instance(&instance);
    printf("%-6s %s%s\n", way->name, verdict ? "FAILED: " : "delivers", verdict ? verdict : "");
    instance_unload(&instance);
    return verdict ? 1 : 0;
}

int check_ways(const char *only_way)
{
    bool failed = false, delivered = false;

    for (size_t w = 0; w < WAYS_MAX; w++) {
        /* The program that does nothing is asked only by name: to see that this check can fail. */
        if (only_way ? strcmp(only_way, ways[w].name) != 0 : ways[w].home == HOME_NONE)
            continue;
        int status = check_way(&ways[w]);
        fflush(stdout);
        failed = failed || status == 1;
        delivered = delivered || status == 0;
    }
    return failed ? 1 : delivered ? 0 : 77;
}
