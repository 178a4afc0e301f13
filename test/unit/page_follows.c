/* SPDX-License-Identifier: MIT */
/*
 * A thread's record says what the thread does: asleep, running, preempted, ended; where, and how often.
 */
#include "unit.h"

#include <pthread.h>
#include <sched.h>

enum act { SLEEP, SPIN, END };

/* A registered thread that does as it is told. */
struct actor {
    pthread_t thread;
    int pipe[2];
    int act; /* relaxed: the actor need not see the order of anything else */
    int cpu; /* to be pinned to; -1: none */
    const struct oncpu_thread_record *record;
};

static enum act told(struct actor *actor)
{
    return (enum act)__atomic_load_n(&actor->act, __ATOMIC_RELAXED);
}

static void pin(int cpu)
{
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    CPU_SET(cpu, &cpus);
    CHECK(!pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus));
}

/* Now and then it lets go of the CPU: single switches are lost, and the next one sets right what the last one missed. */
static void spin(struct actor *actor)
{
    while (told(actor) == SPIN) {
        uint64_t begin = test_now_ns();
        while (told(actor) == SPIN && test_now_ns() - begin < 50 * TEST_MS)
            ;
        if (told(actor) == SPIN)
            test_sleep_ns(TEST_MS / 10);
    }
}

static void *play(void *argument)
{
    struct actor *actor = argument;
    char byte;

    if (actor->cpu >= 0)
        pin(actor->cpu);
    CHECK(!oncpu_thread_register());
    __atomic_store_n(&actor->record, oncpu_thread_self(), __ATOMIC_RELEASE); /* pairs with start() */
    for (;;) {
        spin(actor);
        if (told(actor) == END)
            return NULL;
        CHECK(read(actor->pipe[0], &byte, 1) == 1);
    }
}

static void start(struct actor *actor, int cpu)
{
    *actor = (struct actor){.act = SLEEP, .cpu = cpu};
    cr_assert_eq(pipe(actor->pipe), 0);
    cr_assert_eq(pthread_create(&actor->thread, NULL, play, actor), 0);
    cr_assert(EVENTUALLY(__atomic_load_n(&actor->record, __ATOMIC_ACQUIRE)));
}

static void tell(struct actor *actor, enum act act)
{
    bool slept = told(actor) == SLEEP;

    __atomic_store_n(&actor->act, act, __ATOMIC_RELAXED);
    if (slept)
        cr_assert_eq(write(actor->pipe[1], "", 1), 1);
}

static bool is(const struct actor *actor, enum oncpu_state state)
{
    return oncpu_thread_state(actor->record) == state;
}

static void end(struct actor *actor)
{
    tell(actor, END);
    cr_assert_eq(pthread_join(actor->thread, NULL), 0);
    close(actor->pipe[0]);
    close(actor->pipe[1]);
}

/* The n-th CPU of this process, -1 when it has fewer. */
static int cpu_number(int n)
{
    cpu_set_t cpus;

    CHECK(!sched_getaffinity(0, sizeof(cpus), &cpus));
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &cpus) && n-- == 0)
            return cpu;
    return -1;
}

Test(page_follows, a_sleeping_and_a_spinning_thread)
{
    struct actor actor;

    NEED_SOURCE();
    start(&actor, -1);
    for (int round = 0; round < 20; round++) {
        cr_assert(EVENTUALLY(is(&actor, ONCPU_STATE_BLOCKED)), "round %d: asleep", round);
        tell(&actor, SPIN);
        cr_assert(EVENTUALLY(is(&actor, ONCPU_STATE_RUNNING)), "round %d: spinning", round);
        tell(&actor, SLEEP);
    }
    end(&actor);
}

Test(page_follows, a_sleeping_thread_stays_blocked)
{
    struct actor actor;

    NEED_SOURCE();
    start(&actor, -1);
    cr_assert(EVENTUALLY(is(&actor, ONCPU_STATE_BLOCKED)));
    uint64_t switches = oncpu_thread_switches(actor.record);
    for (int look = 0; look < 100; look++) {
        cr_assert(is(&actor, ONCPU_STATE_BLOCKED));
        test_sleep_ns(TEST_MS);
    }
    cr_assert_eq(oncpu_thread_switches(actor.record), switches, "it was switched in without being woken");
    end(&actor);
}

Test(page_follows, two_busy_threads_on_one_cpu)
{
    struct actor actors[2];

    NEED_SOURCE();
    if (cpu_number(1) < 0)
        SKIP("this needs two CPUs");
    for (int i = 0; i < 2; i++)
        start(&actors[i], cpu_number(0));
    pin(cpu_number(1));
    for (int i = 0; i < 2; i++) {
        cr_assert(EVENTUALLY(is(&actors[i], ONCPU_STATE_BLOCKED)));
        tell(&actors[i], SPIN);
    }
    for (int round = 0; round < 10; round++)
        for (int i = 0; i < 2; i++) {
            cr_assert(EVENTUALLY(is(&actors[i], ONCPU_STATE_PREEMPTED)), "round %d: preempted", round);
            cr_assert(EVENTUALLY(is(&actors[i], ONCPU_STATE_RUNNING)), "round %d: running", round);
        }
    for (int i = 0; i < 2; i++)
        end(&actors[i]);
}

Test(page_follows, an_ended_thread_does_not_run)
{
    struct actor actor;

    NEED_SOURCE();
    start(&actor, -1);
    tell(&actor, SPIN);
    cr_assert(EVENTUALLY(is(&actor, ONCPU_STATE_RUNNING)));
    end(&actor);
    cr_assert(EVENTUALLY(is(&actor, ONCPU_STATE_BLOCKED)),
              "its last switch must be seen: the record is recycled by it");
}

Test(page_follows, switches_move)
{
    NEED_SOURCE();
    cr_assert_eq(oncpu_thread_register(), 0);
    uint64_t before = oncpu_thread_switches(oncpu_thread_self());
    cr_assert(EVENTUALLY(oncpu_thread_switches(oncpu_thread_self()) >= before + 20));
}

Test(page_follows, the_cpu_is_the_one_it_runs_on)
{
    NEED_SOURCE();
    cr_assert_eq(oncpu_thread_register(), 0);
    for (int n = 0; cpu_number(n) >= 0 && n < 8; n++) {
        cpu_set_t all;

        cr_assert_eq(sched_getaffinity(0, sizeof(all), &all), 0);
        pin(cpu_number(n));
        cr_assert_eq(sched_getcpu(), cpu_number(0));
        cr_assert(EVENTUALLY(oncpu_thread_cpu(oncpu_thread_self()) == (uint32_t)sched_getcpu()));
        cr_assert_eq(sched_setaffinity(0, sizeof(all), &all), 0);
    }
}

Test(page_follows, a_thread_that_did_not_register_has_no_record)
{
    NEED_SOURCE();
    cr_assert_null(oncpu_thread_self());
    cr_assert_null(oncpu_thread_find(gettid()));
    cr_assert_eq(oncpu_thread_state(oncpu_thread_find(gettid())), ONCPU_STATE_UNKNOWN);
}

Test(page_follows, registering_again_changes_nothing)
{
    NEED_SOURCE();
    cr_assert_eq(oncpu_thread_register(), 0);
    const struct oncpu_thread_record *first = oncpu_thread_self();
    cr_assert_eq(oncpu_thread_register(), 0);
    cr_assert_eq(oncpu_thread_self(), first);
    cr_assert_eq(oncpu_thread_find(gettid()), first);
}
