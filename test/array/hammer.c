/* SPDX-License-Identifier: MIT */
/*
 * Many threads that lock, for as long as standard input lasts; each increment is accounted for. Asked there:
 *     source    what the process uses
 *     thread    creates one more thread, and says then what the process uses
 *     progress  answers when the lock went round
 *
 * usage: hammer THREADS
 */
#include "clock.h"
#include "member.h"
#include "random.h"

struct hand {
    pthread_t thread;
    uint64_t count;
    uint64_t random;
} __attribute__((aligned(64)));

static member_lock_t lock; /* all zero is valid for either kind */
static uint64_t counter;
static bool stop;

static uint64_t counted(void)
{
    return __atomic_load_n(&counter, __ATOMIC_RELAXED);
}

/* Plain on purpose: without mutual exclusion, increments get lost. */
static void turn(struct hand *hand, bool sleeps)
{
    uint64_t before;

    member_lock(&lock);
    before = counter;
    if (sleeps)
        test_sleep_ns(20000);
    __atomic_store_n(&counter, before + 1, __ATOMIC_RELAXED); /* for counted() */
    member_unlock(&lock);
    hand->count++;
}

static void *strike(void *argument)
{
    struct hand *hand = argument;

    do {
        uint64_t dice = test_random(&hand->random);
        turn(hand, dice % 64 == 0);
        if (dice % 16 == 1)
            test_sleep_ns(dice % 1024 * 8192);
    } while (!__atomic_load_n(&stop, __ATOMIC_RELAXED));
    return NULL;
}

static void *strike_once(void *argument)
{
    turn(argument, true);
    return NULL;
}

static void answer_source(void)
{
    const char *reason = MEMBER(oncpu_source_reason)();

    printf("%s%s%s\n", member_source(), *reason ? ": " : "", reason);
}

static uint64_t answer_all(void)
{
    uint64_t extra = 0;
    char line[64];

    while (fgets(line, sizeof(line), stdin)) {
        if (!strcmp(line, "progress\n")) {
            uint64_t before = counted();
            CHECK(EVENTUALLY(counted() > before + 1000));
            puts("progress");
        } else if (!strcmp(line, "thread\n")) {
            struct hand hand = {.random = 1};
            pthread_join(member_thread(strike_once, &hand), NULL);
            extra += hand.count;
            answer_source();
        } else {
            CHECK(!strcmp(line, "source\n"));
            answer_source();
        }
        fflush(stdout);
    }
    return extra;
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 2;
    struct hand *hands = aligned_alloc(64, count * sizeof(*hands));
    uint64_t sum;

    CHECK(hands);
    for (unsigned i = 0; i < count; i++) {
        hands[i] = (struct hand){.random = i + 1};
        hands[i].thread = member_thread(strike, &hands[i]);
    }
    sum = answer_all();
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < count; i++) {
        pthread_join(hands[i].thread, NULL);
        CHECK(hands[i].count > 0);
        sum += hands[i].count;
    }
    CHECK(sum == counter);
    puts("exact");
    return 0;
}
