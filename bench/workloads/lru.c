/* SPDX-License-Identifier: MIT */
/* A bounded cache under one lock: a hash table and a list in order of use, the shape of most caches in programs. */
#include "workload.h"

#include "../harness/crew.h"
#include "../harness/registry.h"
#include "../harness/zipf.h"

#include <stdio.h>

/* An index and not a pointer, so that a lock that fails makes a wrong cache, and not a crash. The last one is a head. */
enum { ENTRIES = 1024, KEYS = 4096, CHAINS = 1024, HEAD = ENTRIES, NONE = ENTRIES };

struct entry {
    uint16_t newer, older; /* a ring through the head */
    uint16_t next;         /* in its chain */
    uint16_t key;
    uint64_t value;
};

struct cache {
    struct bench_guard guard;
    unsigned used;
    uint64_t hits, misses;
    uint16_t chains[CHAINS];
    struct entry entries[ENTRIES + 1];
};

struct shared {
    void *lock;
    struct cache *cache;
    struct bench_zipf *keys;
    double outside_steps;
};

static uint16_t find(const struct cache *c, unsigned key)
{
    uint16_t at = c->chains[key % CHAINS];

    /* Counted: what a broken lock leaves may be a circle. */
    for (unsigned i = 0; at != NONE && c->entries[at].key != key; i++)
        at = i < ENTRIES ? c->entries[at].next : NONE;
    return at;
}

static void unlink_use(struct cache *c, uint16_t at)
{
    struct entry *e = &c->entries[at];

    c->entries[e->newer].older = e->older;
    c->entries[e->older].newer = e->newer;
}

static void link_newest(struct cache *c, uint16_t at)
{
    struct entry *e = &c->entries[at], *head = &c->entries[HEAD];

    e->newer = HEAD;
    e->older = head->older;
    c->entries[head->older].newer = at;
    head->older = at;
}

static void unlink_chain(struct cache *c, uint16_t at)
{
    uint16_t *link = &c->chains[c->entries[at].key % CHAINS];

    for (unsigned i = 0; *link != at && *link != NONE && i < ENTRIES; i++)
        link = &c->entries[*link].next;
    if (*link == at)
        *link = c->entries[at].next;
}

static void insert(struct cache *c, unsigned key)
{
    uint16_t at;

    if (c->used < ENTRIES) {
        at = (uint16_t)c->used++;
    } else {
        at = c->entries[HEAD].newer; /* the oldest */
        if (at == HEAD)
            return; /* a ring that a broken lock has opened */
        unlink_use(c, at);
        unlink_chain(c, at);
    }
    c->entries[at].key = (uint16_t)key;
    c->entries[at].value = 0;
    c->entries[at].next = c->chains[key % CHAINS];
    c->chains[key % CHAINS] = at;
    link_newest(c, at);
}

static void look_up(struct cache *c, unsigned key)
{
    uint16_t at = find(c, key);

    if (at == NONE) {
        c->misses++;
        insert(c, key);
        return;
    }
    c->hits++;
    c->entries[at].value++;
    unlink_use(c, at);
    link_newest(c, at);
}

static uint64_t turn(struct bench_member *m)
{
    struct shared *s = m->shared;
    unsigned key = bench_zipf_draw(s->keys, m->random);

    bench_member_lock(m, s->lock);
    uint64_t entered = bench_guard_enter(&s->cache->guard);

    look_up(s->cache, key);
    bench_guard_leave(&s->cache->guard, entered);
    bench_member_unlock(m, s->lock);
    bench_member_outside(m, s->outside_steps);
    return 1;
}

/* Is every entry in the ring once, and found by its key? */
static bool intact(const struct cache *c)
{
    unsigned n = 0;

    for (uint16_t at = c->entries[HEAD].older; at != HEAD; at = c->entries[at].older) {
        if (++n > c->used || find(c, c->entries[at].key) != at || c->entries[c->entries[at].older].newer != at)
            return false;
    }
    return n == c->used;
}

static struct cache *make_cache(void)
{
    struct cache *c = bench_alloc_lines(sizeof(*c));

    for (unsigned i = 0; i < CHAINS; i++)
        c->chains[i] = NONE;
    c->entries[HEAD].newer = c->entries[HEAD].older = HEAD;
    return c;
}

static bool run_lru(struct bench_run *run)
{
    struct shared s = {.lock = bench_lock_create(run->ops),
                       .cache = make_cache(),
                       .keys = bench_alloc_lines(sizeof(*s.keys)),
                       .outside_steps = run->cell.outside_ns * bench_work_rate()};
    struct bench_crew_plan plan = {.turn = turn, .shared = &s};
    uint64_t done;

    bench_zipf_fill(s.keys, KEYS, 0.9);
    uint64_t calibrated = bench_crew_calibrate(&plan);
    bool ok = bench_crew_run(run, &plan, &done) &&
              bench_crew_nothing_lost(run, calibrated + done, s.cache->guard.passes) &&
              bench_crew_nothing_lost(run, calibrated + done, s.cache->hits + s.cache->misses);

    if (ok && !intact(s.cache)) {
        snprintf(run->error, sizeof(run->error), "not mutually exclusive: the cache is corrupt");
        ok = false;
    }
    bench_lock_free(run->ops, s.lock);
    free(s.cache);
    free(s.keys);
    return ok;
}

static const struct bench_workload lru = {
    .name = "lru",
    .description = "a cache of 1024 entries in order of use, 4096 Zipf-distributed keys (0.9)",
    .takes = BENCH_TAKES_THREADS | BENCH_TAKES_OUTSIDE,
    .run = run_lru,
};
BENCH_WORKLOAD(lru);
