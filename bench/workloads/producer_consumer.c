/* SPDX-License-Identifier: MIT */
/* A bounded queue under one lock with two condition variables: threads that sleep in the middle of their sections. */
#include "workload.h"

#include "../harness/crew.h"
#include "../harness/registry.h"

enum { SLOTS = 64 };

struct queue {
    struct bench_guard guard;
    uint64_t value;
    unsigned head; /* the oldest item */
    unsigned used;
    uint64_t items[SLOTS];
    uint64_t put_sum, taken_sum;
};

struct shared {
    const struct bench_lock_ops *ops;
    void *lock, *not_empty, *not_full;
    struct queue *queue;
    unsigned threads;
    uint64_t section_steps;
    double outside_steps;
};

/* With the lock held. False: the end came first. */
static bool wait_for_room(struct bench_member *m, struct shared *s, void *cond, unsigned unwanted)
{
    while (s->queue->used == unwanted) {
        if (bench_crew_stopping(m))
            return false;
        s->ops->cond->wait(cond, s->lock);
    }
    return true;
}

static void put(struct queue *q, uint64_t item)
{
    q->items[(q->head + q->used++) % SLOTS] = item;
    q->put_sum += item;
}

static void take(struct queue *q)
{
    q->taken_sum += q->items[q->head % SLOTS];
    q->head = (q->head + 1) % SLOTS;
    q->used--;
}

static uint64_t turn(struct bench_member *m)
{
    struct shared *s = m->shared;
    bool produces = m->index % 2 == 0;

    bench_member_lock(m, s->lock);
    if (s->threads == 1) /* alone, it does both in turn */
        produces = s->queue->used == 0;
    if (!wait_for_room(m, s, produces ? s->not_full : s->not_empty, produces ? SLOTS : 0)) {
        bench_member_unlock(m, s->lock);
        return 0;
    }
    uint64_t entered = bench_guard_enter(&s->queue->guard);

    s->queue->value = bench_work(s->queue->value | 1, s->section_steps);
    if (produces)
        put(s->queue, m->random);
    else
        take(s->queue);
    bench_guard_leave(&s->queue->guard, entered);
    s->ops->cond->signal(produces ? s->not_empty : s->not_full);
    bench_member_unlock(m, s->lock);
    bench_member_outside(m, s->outside_steps);
    return 1;
}

static void wake(void *shared)
{
    struct shared *s = shared;

    s->ops->lock(s->lock);
    s->ops->cond->broadcast(s->not_empty);
    s->ops->cond->broadcast(s->not_full);
    s->ops->unlock(s->lock);
}

static bool nothing_lost(struct bench_run *run, struct queue *q, uint64_t done)
{
    if (!bench_crew_nothing_lost(run, done, q->guard.passes))
        return false;
    for (unsigned i = 0; i < SLOTS && q->used > 0; i++)
        take(q);
    return bench_crew_nothing_lost(run, q->put_sum, q->taken_sum);
}

static bool run_producer_consumer(struct bench_run *run)
{
    const struct bench_cell *cell = &run->cell;
    struct shared s = {.ops = run->ops,
                       .lock = bench_lock_create(run->ops),
                       .threads = cell->threads,
                       .section_steps = (uint64_t)(cell->cs_ns * bench_work_rate()),
                       .outside_steps = cell->outside_ns * bench_work_rate()};
    struct bench_crew_plan plan = {.turn = turn,
                                   .wake = wake,
                                   .shared = &s,
                                   .turn_ns = cell->cs_ns + cell->outside_ns,
                                   .section_ns = cell->cs_ns,
                                   .outside_ns = cell->outside_ns};
    uint64_t done;

    s.not_empty = bench_cond_create(run->ops->cond);
    s.not_full = bench_cond_create(run->ops->cond);
    s.queue = bench_alloc_lines(sizeof(*s.queue));
    bool ok = bench_crew_run(run, &plan, &done) && nothing_lost(run, s.queue, done);

    bench_cond_free(run->ops->cond, s.not_empty);
    bench_cond_free(run->ops->cond, s.not_full);
    free(s.queue);
    bench_lock_free(run->ops, s.lock);
    return ok;
}

static const char *cannot(const struct bench_lock_ops *ops)
{
    return ops->cond ? NULL : "it has no condition variable";
}

static const struct bench_workload producer_consumer = {
    .name = "producer_consumer",
    .description = "a queue of 64 items with two condition variables; every second thread puts, the others take",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_CS | BENCH_TAKES_OUTSIDE,
    .cannot = cannot,
    .run = run_producer_consumer,
};
BENCH_WORKLOAD(producer_consumer);
