/* SPDX-License-Identifier: MIT */
/* A hash table with a lock for each bucket: most locks are free, and with skewed keys a few are hot. */
#include "workload.h"

#include "../harness/crew.h"
#include "../harness/registry.h"
#include "../harness/zipf.h"

enum { BUCKETS = 1024, KEYS = 4096, IN_BUCKET = KEYS / BUCKETS };

struct entry {
    unsigned key;
    uint64_t value;
};

struct bucket {
    _Alignas(BENCH_LINE) struct bench_guard guard;
    struct entry entries[IN_BUCKET];
};

struct shared {
    void *locks[BUCKETS];
    struct bucket *buckets;
    struct bench_zipf *keys;
    double outside_steps;
};

static uint64_t turn(struct bench_member *m)
{
    struct shared *s = m->shared;
    unsigned key = bench_zipf_draw(s->keys, m->random);
    struct bucket *bucket = &s->buckets[key % BUCKETS];

    bench_member_lock(m, s->locks[key % BUCKETS]);
    uint64_t entered = bench_guard_enter(&bucket->guard);

    for (unsigned i = 0; i < IN_BUCKET; i++) {
        if (bucket->entries[i].key == key) {
            bucket->entries[i].value++;
            break;
        }
    }
    bench_guard_leave(&bucket->guard, entered);
    bench_member_unlock(m, s->locks[key % BUCKETS]);
    bench_member_outside(m, s->outside_steps);
    return 1;
}

/* How often the most wanted bucket is drawn. */
static double hottest_bucket(const struct bench_zipf *keys)
{
    unsigned count[BUCKETS] = {0}, most = 0;

    for (unsigned i = 0; i < BENCH_ZIPF_DRAWS; i++)
        count[keys->draws[i] % BUCKETS]++;
    for (unsigned i = 0; i < BUCKETS; i++)
        most = count[i] > most ? count[i] : most;
    return (double)most / BENCH_ZIPF_DRAWS;
}

static bool nothing_lost(struct bench_run *run, const struct shared *s, uint64_t done)
{
    uint64_t passes = 0, values = 0;

    for (unsigned i = 0; i < BUCKETS; i++) {
        passes += s->buckets[i].guard.passes;
        for (unsigned j = 0; j < IN_BUCKET; j++)
            values += s->buckets[i].entries[j].value;
    }
    return bench_crew_nothing_lost(run, done, passes) && bench_crew_nothing_lost(run, done, values);
}

static bool run_skewed(struct bench_run *run, double skew)
{
    struct shared s = {.outside_steps = run->cell.outside_ns * bench_work_rate()};
    struct bench_crew_plan plan = {.turn = turn, .shared = &s};
    uint64_t done;

    s.buckets = bench_alloc_lines(BUCKETS * sizeof(*s.buckets));
    s.keys = bench_alloc_lines(sizeof(*s.keys));
    bench_zipf_fill(s.keys, KEYS, skew);
    for (unsigned key = 0; key < KEYS; key++)
        s.buckets[key % BUCKETS].entries[key / BUCKETS].key = key;
    for (unsigned i = 0; i < BUCKETS; i++)
        s.locks[i] = bench_lock_create(run->ops);
    uint64_t calibrated = bench_crew_calibrate(&plan);

    plan.hottest = hottest_bucket(s.keys);
    bool ok = bench_crew_run(run, &plan, &done) && nothing_lost(run, &s, calibrated + done);

    for (unsigned i = 0; i < BUCKETS; i++)
        bench_lock_free(run->ops, s.locks[i]);
    free(s.buckets);
    free(s.keys);
    return ok;
}

static bool run_uniform(struct bench_run *run)
{
    return run_skewed(run, 0);
}

static bool run_zipf(struct bench_run *run)
{
    return run_skewed(run, 0.99);
}

static const struct bench_workload uniform = {
    .name = "many_locks",
    .description = "a hash table with 1024 locks, one a bucket, all keys alike",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_OUTSIDE,
    .run = run_uniform,
};
BENCH_WORKLOAD(uniform);

static const struct bench_workload zipf = {
    .name = "many_locks_zipf",
    .description = "a hash table with 1024 locks, one a bucket, Zipf-distributed keys (0.99)",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_OUTSIDE,
    .run = run_zipf,
};
BENCH_WORKLOAD(zipf);
