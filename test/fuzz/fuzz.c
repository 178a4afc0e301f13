/* SPDX-License-Identifier: MIT */
/*
 * Plays one input in three worlds, and compares after every step: glibc's functions on mutexes of their own; the
 * drop-in's on theirs; and both on the same mutexes, which must behave as if they were one implementation.
 */
#include "fuzz.h"

#include "world.h"

#include <stdlib.h>
#include <string.h>

enum { WORLDS = 3, COUNTERS = 8192 };

static struct world worlds[WORLDS] = {{.name = "glibc"}, {.name = "drop-in"}, {.name = "both"}};
static struct step steps[FUZZ_STEPS];
static bool played[FUZZ_STEPS];
static int results[FUZZ_STEPS];
static size_t at;
static bool single;

/* glibc is not instrumented: what it does shows libFuzzer by these, one for each new pair of a state and a result. */
__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t counters[COUNTERS];

static void setup(void)
{
    if (worlds[0].home)
        return;
    fuzz_load_functions();
    worlds[0].home = worlds[0].first = worlds[0].other = &fuzz_glibc;
    worlds[1].home = worlds[1].first = worlds[1].other = &fuzz_dropin;
    worlds[2].home = worlds[2].first = &fuzz_dropin;
    worlds[2].other = &fuzz_glibc;
}

void fuzz_print_played(void)
{
    fprintf(stderr, "%s\n", single ? "as a process of one thread:" : "as a process of several threads:");
    for (size_t i = 0; i <= at && i < FUZZ_STEPS; i++) {
        if (!played[i])
            continue;
        fputs("  ", stderr);
        fuzz_print(stderr, &steps[i]);
        if (i < at)
            fprintf(stderr, " = %d\n", results[i]);
    }
    fputc('\n', stderr);
}

static void differ(const int *got, int mutex)
{
    fprintf(stderr, "the implementations differ, in the last step of:\n");
    fuzz_print_played();
    for (int w = 0; w < WORLDS; w++) {
        struct visible v = fuzz_visible(&worlds[w].mutexes[mutex], worlds[w].tids, worlds[w].ntids);

        fprintf(stderr, "%-8s returned %d; mutex %d: ", worlds[w].name, got[w], mutex);
        fuzz_print_visible(stderr, &v);
        fputc('\n', stderr);
    }
    abort();
}

static void compare(const int *got)
{
    for (int m = 0; m < FUZZ_MUTEXES; m++) {
        struct visible want = fuzz_visible(&worlds[0].mutexes[m], worlds[0].tids, worlds[0].ntids);

        for (int w = 1; w < WORLDS; w++) {
            struct visible have = fuzz_visible(&worlds[w].mutexes[m], worlds[w].tids, worlds[w].ntids);

            if (got[w] != got[0] || !fuzz_same(&want, &have))
                differ(got, got[w] != got[0] ? steps[at].mutex : m);
        }
    }
}

static void count(const struct step *step, const struct visible *before, int result)
{
    const unsigned int facts[] = {(unsigned int)step->op,
                                  step->op == OP_TIMEDLOCK || step->op == OP_CLOCKLOCK ? step->time : 0,
                                  step->op == OP_CLOCKLOCK ? (unsigned int)step->clock : 0,
                                  (unsigned int)before->kind,
                                  (unsigned int)before->held,
                                  (unsigned int)before->bits,
                                  before->count > 1,
                                  before->owner < 0,
                                  (unsigned int)result,
                                  single};
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        hash = (hash ^ facts[i]) * 16777619u ^ hash >> 15;
    counters[hash % COUNTERS] = 1;
}

/* Some steps cost milliseconds, and some need more than one thread. */
static bool is_left_out(const struct step *step, int *forks)
{
    if (step->op == OP_FORK)
        return (*forks)++ > 0;
    return single && (step->op == OP_HAND_OFF || step->op == OP_CROWD);
}

static void play(void)
{
    struct step *step = &steps[at];
    struct visible before = fuzz_visible(&worlds[0].mutexes[step->mutex], worlds[0].tids, worlds[0].ntids);
    int got[WORLDS];

    played[at] = true;
    for (int w = 0; w < WORLDS; w++)
        got[w] = fuzz_play(&worlds[w], step);
    results[at] = got[0];
    compare(got);
    count(step, &before, got[0]);
    if (step->op == OP_CROWD && got[0])
        differ(got, step->mutex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t total = fuzz_decode(data, size, steps, &single);
    int forks = 0;

    setup();
    memset(played, 0, sizeof(played));
    for (int w = 0; w < WORLDS; w++)
        fuzz_world_begin(&worlds[w], single);
    for (at = 0; at < total; at++) {
        struct step *step = &steps[at];
        pid_t self;

        for (int w = WORLDS - 1; w >= 0; w--)
            self = fuzz_actor_tid(&worlds[w], step->actor);
        if (fuzz_allowed(step, &worlds[0].mutexes[step->mutex], self) && !is_left_out(step, &forks))
            play();
    }
    for (int w = 0; w < WORLDS; w++)
        fuzz_world_end(&worlds[w]);
    return 0;
}
