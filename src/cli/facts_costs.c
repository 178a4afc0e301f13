/* SPDX-License-Identifier: MIT */
/*
 * What waiting costs on this machine: a switch, a sleep, a pause; and how long the locks therefore spin.
 */
#include "../lock/os.h"
#include "../lock/policy.h"
#include "facts.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define SAMPLES 100
#define ROUNDS 10             /* in a sample of what is too short to be timed alone */
#define LIMIT_NS 300000000ull /* after which it does with the samples that it has */
#define SETTLE_NS 30000u      /* in which a thread that is about to sleep certainly falls asleep, nearly always */

/* Two threads that wake each other in turn. */
struct table {
    uint32_t turn; /* the futex word: 0 and 1 for the players, 2: the end */
    int cpus[2];
    bool unpinned;     /* the kernel did not let a thread have its CPU: nothing was measured */
    uint64_t answered; /* when the answering thread had its turn; 0: it did not have to be woken for it */
    size_t samples;
    uint64_t took[SAMPLES];
};

/* Waits for the end of the other's turn; whether that took a sleep. Acquire: what was written in that turn is seen. */
static bool await(struct table *table, uint32_t other)
{
    bool slept = false;

    while (__atomic_load_n(&table->turn, __ATOMIC_ACQUIRE) == other)
        slept = !oncpu_futex_wait(&table->turn, other, NULL);
    return slept;
}

static void pass(struct table *table, uint32_t turn)
{
    __atomic_store_n(&table->turn, turn, __ATOMIC_RELEASE); /* pairs with await() and with wake_up() */
    oncpu_futex_wake(&table->turn, 1);
}

static void pin(struct table *table, int side)
{
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    CPU_SET(table->cpus[side], &cpus);
    if (pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus))
        __atomic_store_n(&table->unpinned, true, __ATOMIC_RELAXED); /* read after the thread was joined */
}

static void *answer(void *argument)
{
    struct table *table = argument;
    bool slept;

    pin(table, 1);
    for (;;) {
        slept = await(table, 0);
        if (table->turn == 2)
            return NULL;
        table->answered = slept ? oncpu_now_ns() : 0;
        pass(table, 0);
    }
}

/* On one CPU: each turn is a switch. */
static void *take_turns(void *argument)
{
    struct table *table = argument;
    uint64_t begin = oncpu_now_ns();

    pin(table, 0);
    while (table->samples < SAMPLES && oncpu_now_ns() - begin < LIMIT_NS) {
        uint64_t since = oncpu_now_ns();
        for (int round = 0; round < ROUNDS; round++) {
            pass(table, 1);
            await(table, 1);
        }
        table->took[table->samples++] = (oncpu_now_ns() - since) / ROUNDS / 2;
    }
    pass(table, 2);
    return NULL;
}

/* On two CPUs: only turns for which the other thread slept count, and this one never sleeps. */
static void *wake_up(void *argument)
{
    struct table *table = argument;
    uint64_t begin = oncpu_now_ns();

    pin(table, 0);
    while (table->samples < SAMPLES && oncpu_now_ns() - begin < LIMIT_NS) {
        uint64_t settle = oncpu_now_ns();
        while (oncpu_now_ns() - settle < SETTLE_NS)
            oncpu_pause();
        uint64_t since = oncpu_now_ns();
        pass(table, 1);
        while (__atomic_load_n(&table->turn, __ATOMIC_ACQUIRE) == 1)
            oncpu_pause();
        if (table->answered > since)
            table->took[table->samples++] = table->answered - since;
    }
    pass(table, 2);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* The median, ns, as some samples are disturbed. 0: it could not be measured. */
static uint64_t measure(void *(*lead)(void *argument), int cpu, int other_cpu)
{
    struct table table = {.cpus = {cpu, other_cpu}};
    pthread_t answering;
    pthread_t leading;

    if (pthread_create(&answering, NULL, answer, &table))
        return 0;
    if (pthread_create(&leading, NULL, lead, &table))
        pass(&table, 2);
    else
        pthread_join(leading, NULL);
    pthread_join(answering, NULL);
    qsort(table.took, table.samples, sizeof(table.took[0]), compare);
    return table.unpinned || !table.samples ? 0 : table.took[table.samples / 2];
}

/* The first and the last CPU that this process may use, so that they do not share a core if that can be avoided. */
static bool two_cpus(int *first, int *last)
{
    cpu_set_t cpus;

    *first = *last = -1;
    if (sched_getaffinity(0, sizeof(cpus), &cpus))
        return false;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &cpus)) {
            *first = *first < 0 ? cpu : *first;
            *last = cpu;
        }
    return *first >= 0;
}

/* ---- the facts ---- */

static void add_ns(struct oncpu_facts *facts, const char *key, const char *label, double ns, const char *hint)
{
    struct oncpu_fact *fact = oncpu_fact(facts, key, label, ONCPU_MARK_NOTE);

    if (ns <= 0) {
        oncpu_fact_text(fact, "not measured");
        oncpu_fact_json(fact, "null");
        return;
    }
    oncpu_fact_text(fact, "%.*f ns", ns < 100 ? 1 : 0, ns);
    oncpu_fact_json(fact, "%.*f", ns < 100 ? 1 : 0, ns);
    oncpu_fact_hint(fact, "%s", hint);
}

static double pause_ns(void)
{
    enum { PAUSES = 1000, TRIES = 20 };
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < TRIES; i++) { /* the shortest: the others were interrupted */
        uint64_t begin = oncpu_now_ns();
        for (int n = 0; n < PAUSES; n++)
            oncpu_pause();
        uint64_t took = oncpu_now_ns() - begin;
        best = took < best ? took : best;
    }
    return (double)best / PAUSES;
}

void oncpu_facts_costs(struct oncpu_facts *facts)
{
    int first;
    int last;
    bool known = two_cpus(&first, &last);

    add_ns(facts, "context_switch_ns", "context switch", known ? (double)measure(take_turns, first, first) : 0,
           "two threads on one CPU that wake each other in turn: with the futex calls for it");
    add_ns(facts, "wake_up_ns", "wake-up", known && first != last ? (double)measure(wake_up, first, last) : 0,
           "from the call that wakes a sleeper on another CPU until it runs");
    add_ns(facts, "pause_ns", "pause", pause_ns(), "of a spinning CPU");
    add_ns(facts, "spin_bound_running_ns", "spin bound", oncpu_policy_bound(ONCPU_STATE_RUNNING),
           "for one owner that is seen running all the time");
    add_ns(facts, "spin_bound_unknown_ns", "spin bound without BPF", oncpu_policy_bound(ONCPU_STATE_UNKNOWN),
           "for an owner of whom nothing is known");
}
