/* SPDX-License-Identifier: MIT */
/* One thread that locks and unlocks, nobody else wants the lock: what a program pays that never contends. */
#include "workload.h"

#include "../harness/clock.h"
#include "../harness/interrupt.h"
#include "../harness/registry.h"
#include "../harness/spawn.h"
#include "uncontended.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static void lock_and_unlock(const struct bench_lock_ops *ops, void *lock, uint64_t ns, struct bench_run *run)
{
    enum { BATCH = 1000 };
    uint64_t operations = 0, start = bench_now_ns(), cpu = bench_clock_ns(CLOCK_THREAD_CPUTIME_ID), now;
    struct rusage from, to;

    getrusage(RUSAGE_THREAD, &from);
    do {
        for (int i = 0; i < BATCH; i++) {
            ops->lock(lock);
            ops->unlock(lock);
        }
        operations += BATCH;
        now = bench_now_ns();
    } while (now - start < ns && !bench_interrupted());
    cpu = bench_clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
    getrusage(RUSAGE_THREAD, &to);

    struct bench_measure *r = &run->result;

    r->operations = (double)operations;
    r->seconds = (double)(now - start) * 1e-9;
    r->cpu_ns = (double)cpu / r->operations;
    r->voluntary = (double)(to.ru_nvcsw - from.ru_nvcsw) / r->operations;
    r->involuntary = (double)(to.ru_nivcsw - from.ru_nivcsw) / r->operations;
}

static void warm_up_and_measure(struct bench_run *run)
{
    void *lock = bench_lock_create(run->ops);

    lock_and_unlock(run->ops, lock, bench_warm_up_ns(run->round_ns), run);
    run->start(run->start_arg);
    lock_and_unlock(run->ops, lock, run->round_ns, run);
    bench_run_stop(run);
    run->result.throughput = run->result.operations / run->result.seconds;
    bench_lock_free(run->ops, lock);
}

static void *idle(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

static bool run_uncontended(struct bench_run *run)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t second;

    pthread_mutex_lock(&gate);
    if (pthread_create(&second, NULL, idle, &gate) != 0) {
        snprintf(run->error, sizeof(run->error), "cannot create a second thread");
        return false;
    }
    warm_up_and_measure(run);
    pthread_mutex_unlock(&gate);
    pthread_join(second, NULL);
    return true;
}

static const struct bench_workload uncontended = {
    .name = "uncontended",
    .description = "lock and unlock by one thread while a second one exists and sleeps",
    .run = run_uncontended,
};
BENCH_WORKLOAD(uncontended);

static void nothing(void *arg)
{
    (void)arg;
}

int bench_single_threaded_main(const char *lock, const char *round_ns)
{
    struct bench_run run = {.ops = bench_lock_find(lock), .start = nothing, .result = bench_measure_none()};

    const char *why = run.ops ? bench_lock_unavailable(run.ops) : "no such lock";

    if (!why && run.ops->before_run)
        why = run.ops->before_run();
    if (why) {
        fputs(why, stderr);
        return 1;
    }
    run.round_ns = strtoull(round_ns, NULL, 10);
    warm_up_and_measure(&run);
    for (const struct bench_metric *m = bench_metrics; m->name; m++)
        printf("%s %.17g\n", m->name, *bench_metric_of(&run.result, m));
    return 0;
}

/*
 * In a process of its own: the C library leaves out atomic instructions in a process that never had a second thread,
 * and this one had.
 */
static bool run_single_threaded(struct bench_run *run)
{
    char round_ns[24];
    char *argv[] = {"/proc/self/exe", BENCH_SINGLE_THREADED, (char *)run->ops->name, round_ns, NULL};
    struct bench_spawn child;

    snprintf(round_ns, sizeof(round_ns), "%" PRIu64, run->round_ns);
    run->start(run->start_arg);
    bool ok = bench_spawn(argv, NULL, 60, &child);

    bench_run_stop(run);

    if (!ok)
        snprintf(run->error, sizeof(run->error), "the single-threaded process failed: %s", child.why);
    char *at = child.out;

    for (const struct bench_metric *m = bench_metrics; ok && m->name; m++) {
        at = strchr(at, ' ');
        if (!at) {
            snprintf(run->error, sizeof(run->error), "the single-threaded process wrote no figures");
            ok = false;
            break;
        }
        *bench_metric_of(&run->result, m) = strtod(at, &at);
    }
    bench_spawn_free(&child);
    return ok;
}

static const struct bench_workload single_threaded = {
    .name = "single_threaded",
    .description = "lock and unlock in a process that has one thread only",
    .run = run_single_threaded,
};
BENCH_WORKLOAD(single_threaded);
