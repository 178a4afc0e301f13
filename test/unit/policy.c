/* SPDX-License-Identifier: MIT */
/*
 * The waiting policy, fed with made-up locks, records and times: it stops for an owner that is off its CPU, goes on for
 * one that runs, and stops in the end whatever it reads. No clock takes part.
 */
#include "lock/policy.h"

#include "lock/crowd.h"
#include "random.h"
#include "state/records.h"
#include "state/state.h"
#include "unit.h"

#include <pthread.h>
#include <sched.h>

#define NOW 123456789000u /* some time or other */

enum { OWNER = 3000001, OTHERS = 64, CPUS = 2, MANY_CPUS = 16 };

/* No spin may last longer than this: the longest that the policy grants one owner, and something for the looks. */
#define BOUND_NS 1000000u
#define SHORT_NS 10000u /* the same where nothing is known of the owner */

static struct {
    uint32_t word;
    uint32_t owner;
    uint32_t turns;
    uint32_t claim;
} fields;

static const struct oncpu_lock lock = {&fields.word, &fields.owner, &fields.turns, &fields.claim, NULL};

static struct oncpu_thread_record *record_for(uint32_t tid)
{
    struct oncpu_thread_record *record = oncpu_record_claim(tid);

    cr_assert_not_null(record);
    oncpu_record_publish(record, tid);
    return record;
}

static void init(void)
{
    cr_assert(oncpu_records_init());
    oncpu_state_source = ONCPU_SOURCE_UPTR; /* these records are as good as the kernel's */
    oncpu_state_cpus = CPUS;                /* whatever this machine has */
    fields.word = ONCPU_WORD_HELD;
    fields.owner = OWNER;
    fields.turns = 1;
}

TestSuite(policy, .init = init);

/* How a made-up world goes on from one look to the next. */
typedef void step(uint64_t look);

static void nothing_happens(uint64_t look)
{
    (void)look;
}

/* Looks until the policy has enough; says how long that took by the made-up clock. */
static uint64_t spin(step *world, enum oncpu_verdict *verdict)
{
    struct oncpu_policy policy;
    uint64_t begin = 123456789;
    uint64_t now = begin;
    uint64_t look = 0;

    oncpu_policy_begin(&policy, &lock, now, 0);
    while ((*verdict = oncpu_policy_look(&policy, &lock, now)) == ONCPU_GO_ON && now - begin < 20 * BOUND_NS) {
        cr_assert(policy.distance >= 1 && policy.distance < SHORT_NS, "distance %u", policy.distance);
        now += policy.distance;
        world(++look);
    }
    return now - begin;
}

Test(policy, an_owner_off_its_cpu_is_not_waited_for)
{
    static const uint32_t states[] = {ONCPU_STATE_PREEMPTED, ONCPU_STATE_BLOCKED};
    struct oncpu_thread_record *record = record_for(OWNER);
    enum oncpu_verdict verdict;

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        record->state = states[i];
        cr_assert_eq(spin(nothing_happens, &verdict), 0);
        cr_assert_eq(verdict, ONCPU_OWNER_OFF_CPU);
    }
}

Test(policy, a_running_owner_is_waited_for_until_the_bound)
{
    enum oncpu_verdict verdict;

    record_for(OWNER)->state = ONCPU_STATE_RUNNING;
    uint64_t took = spin(nothing_happens, &verdict);
    cr_assert_eq(verdict, ONCPU_ENOUGH);
    cr_assert(took > SHORT_NS && took < BOUND_NS, "%lu ns", (unsigned long)took);
}

static struct oncpu_thread_record *the_record;

static void preempted_at_look_20(uint64_t look)
{
    if (look == 20)
        the_record->state = ONCPU_STATE_PREEMPTED;
}

Test(policy, an_owner_that_leaves_its_cpu_ends_the_spin)
{
    enum oncpu_verdict verdict;

    the_record = record_for(OWNER);
    the_record->state = ONCPU_STATE_RUNNING;
    cr_assert_lt(spin(preempted_at_look_20, &verdict), BOUND_NS / 10);
    cr_assert_eq(verdict, ONCPU_OWNER_OFF_CPU);
}

static void check_short(const char *why)
{
    enum oncpu_verdict verdict;
    uint64_t took = spin(nothing_happens, &verdict);

    cr_assert_eq(verdict, ONCPU_ENOUGH);
    cr_assert(took > 0 && took < SHORT_NS, "%s: %lu ns", why, (unsigned long)took);
}

Test(policy, an_owner_of_whom_nothing_is_known_is_waited_for_shortly)
{
    check_short("not registered");
    struct oncpu_thread_record *record = record_for(OWNER);
    record->state = ONCPU_STATE_UNKNOWN;
    check_short("registered, state unknown");
    record->state = 77;
    check_short("a state of the future");
    fields.owner = 0;
    check_short("no owner");
    fields.owner = UINT32_MAX;
    check_short("no tid");
}

Test(policy, without_a_source_no_record_counts)
{
    static const uint32_t states[] = {ONCPU_STATE_RUNNING, ONCPU_STATE_PREEMPTED, ONCPU_STATE_BLOCKED};
    struct oncpu_thread_record *record = record_for(OWNER);

    oncpu_state_source = ONCPU_SOURCE_NONE;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        record->state = states[i];
        check_short("no source");
    }
}

/* ---- what the turn says of the owner's CPU ---- */

/* The CPU that this thread is on, and stays on. */
static uint32_t stay_here(void)
{
    int here = sched_getcpu();
    cpu_set_t cpus;

    if (oncpu_self_cpu() >= ONCPU_NO_CPU)
        SKIP("the kernel does not tell threads their CPU (glibc before 2.35)");
    CPU_ZERO(&cpus);
    CPU_SET((unsigned)here, &cpus);
    cr_assert_eq(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
    cr_assert_eq(oncpu_self_cpu(), (uint32_t)here);
    oncpu_self_tell_cpu(true);
    return (uint32_t)here;
}

static void check_not_waited_for(void)
{
    enum oncpu_verdict verdict;

    cr_assert_eq(spin(nothing_happens, &verdict), 0);
    cr_assert_eq(verdict, ONCPU_OWNER_OFF_CPU);
}

Test(policy, an_owner_that_took_the_lock_on_this_cpu_is_not_waited_for)
{
    uint32_t cpu = stay_here();

    oncpu_lock_turn(&fields.turns, oncpu_turn_here(OWNER));
    check_not_waited_for();
    oncpu_state_source = ONCPU_SOURCE_NONE;
    check_not_waited_for();
    for (uint32_t count = 0; count < 2 * ONCPU_TURN_COUNTS; count++) {
        fields.turns = oncpu_turn_place(OWNER, cpu) + count % (ONCPU_TURN_COUNTS + 1);
        check_not_waited_for();
    }
}

Test(policy, of_one_on_another_cpu_nothing_is_known)
{
    uint32_t cpu = stay_here();

    for (uint32_t other = 0; other < 1024; other++) {
        if (other == cpu)
            continue;
        fields.turns = oncpu_turn_place(OWNER, other) + 1;
        check_short("on another CPU");
        fields.turns = oncpu_turn_place(OWNER, other) + ONCPU_TURN_COUNTS;
        check_short("on another CPU, the count at its end");
    }
    fields.turns = oncpu_turn_place(OWNER, UINT32_MAX) + 1;
    check_short("on none that is known");
}

Test(policy, the_cpu_is_that_of_the_thread_that_counted_the_turn)
{
    uint32_t cpu = stay_here();

    for (uint32_t distance = 1; distance < 1u << (32 - ONCPU_TURN_TID_SHIFT); distance++) {
        fields.turns = oncpu_turn_place(OWNER + distance, cpu) + 1;
        check_short("the last turn was another's");
    }
    fields.turns = oncpu_turn_place(0, cpu) + 1;
    fields.owner = 0;
    check_short("no owner");
}

Test(policy, a_record_is_believed_first)
{
    enum oncpu_verdict verdict;

    stay_here();
    oncpu_lock_turn(&fields.turns, oncpu_turn_here(OWNER));
    record_for(OWNER)->state = ONCPU_STATE_RUNNING;
    cr_assert_gt(spin(nothing_happens, &verdict), SHORT_NS);
    cr_assert_eq(verdict, ONCPU_ENOUGH);
}

Test(policy, where_the_cpu_is_not_known_nothing_is_said_of_it)
{
    uint32_t cpu = stay_here();

    fields.turns = oncpu_turn_place(OWNER, cpu) + 1;
    oncpu_cpu_offset = 0;
    check_short("no CPU known");
    oncpu_self_tell_cpu(true);
    oncpu_lock_turn(&fields.turns, oncpu_turn_here(OWNER));
    cr_assert_lt(fields.turns, ONCPU_TURN_COUNTS);
    check_short("... nor to the owner");
}

/* It costs every lock a little, and who has a record need not say it. */
Test(policy, the_owner_says_it_only_while_waiters_ask)
{
    stay_here();
    oncpu_self_tell_cpu(false);
    oncpu_lock_turn(&fields.turns, oncpu_turn_here(OWNER));
    cr_assert_lt(fields.turns, ONCPU_TURN_COUNTS);
    check_short("not told");
    oncpu_self_tell_cpu(true);
    oncpu_lock_turn(&fields.turns, oncpu_turn_here(OWNER));
    check_not_waited_for();
}

static void two_more_turns(uint64_t look)
{
    (void)look;
    oncpu_lock_turn(&fields.turns, oncpu_turn_here(OWNER));
    oncpu_lock_turn(&fields.turns, oncpu_turn_here(OWNER));
}

Test(policy, turns_are_counted_beyond_the_counts_end)
{
    struct oncpu_policy policy;

    record_for(OWNER)->state = ONCPU_STATE_RUNNING;
    oncpu_policy_begin(&policy, &lock, 1, 0);
    oncpu_policy_look(&policy, &lock, 1);
    for (uint32_t look = 1; look < 2 * ONCPU_TURN_COUNTS; look++) {
        uint32_t before = policy.lost;

        two_more_turns(look);
        oncpu_policy_look(&policy, &lock, 1 + look);
        cr_assert_eq(policy.lost - before, 2, "look %u: %u turns", look, policy.lost - before);
    }
}

static void source_goes_at_look_10(uint64_t look)
{
    if (look == 10)
        oncpu_state_source = ONCPU_SOURCE_NONE;
}

Test(policy, a_source_lost_on_the_way_shortens_the_wait)
{
    enum oncpu_verdict verdict;

    record_for(OWNER)->state = ONCPU_STATE_RUNNING;
    cr_assert_lt(spin(source_goes_at_look_10, &verdict), 2 * SHORT_NS);
    cr_assert_eq(verdict, ONCPU_ENOUGH);
}

/* ---- worlds that never come to rest: every one must come to an end ---- */

static struct oncpu_thread_record *others[OTHERS];
static uint64_t seed;

static void all_run(void)
{
    for (uint32_t i = 0; i < OTHERS; i++) {
        others[i] = record_for(OWNER + 1 + i);
        others[i]->state = ONCPU_STATE_RUNNING;
    }
}

static void turn_by_turn(uint64_t look)
{
    fields.owner = OWNER + 1 + (uint32_t)(look % OTHERS);
    fields.turns++;
}

static void many_turns_a_look(uint64_t look)
{
    fields.owner = OWNER + 1 + (uint32_t)(look % OTHERS);
    fields.turns += 1000;
}

static void one_owner_again_and_again(uint64_t look)
{
    fields.turns += look % 2;
}

/* Turns come from us; glibc takes and releases a mutex in pthread_cond_wait() without counting them. */
static void owners_without_turns(uint64_t look)
{
    fields.owner = OWNER + 1 + (uint32_t)(look % OTHERS);
}

static void an_owner_that_comes_and_goes(uint64_t look)
{
    fields.owner = look % 2 ? OWNER + 1 : 0;
}

static void garbage_without_a_stop(uint64_t look)
{
    (void)look;
    fields.owner = (uint32_t)test_random(&seed);
    fields.turns = (uint32_t)test_random(&seed);
    fields.owner = test_random(&seed) % 2 ? OWNER + 1 + fields.owner % OTHERS : fields.owner;
}

static void garbage(uint64_t look)
{
    garbage_without_a_stop(look);
    for (int i = 0; i < OTHERS; i++) {
        others[i]->state = test_random(&seed) % 8 ? ONCPU_STATE_RUNNING : (uint32_t)test_random(&seed);
        others[i]->tid = test_random(&seed) % 8 ? others[i]->tid : (uint32_t)test_random(&seed);
    }
}

static void check_ends(step *world, const char *name)
{
    enum oncpu_verdict verdict;

    for (uint64_t run = 1; run < 200; run++) {
        seed = run;
        uint64_t took = spin(world, &verdict);
        cr_assert(took < BOUND_NS, "%s: still spinning after %lu ns", name, (unsigned long)took);
        cr_assert_neq(verdict, ONCPU_GO_ON, "%s", name);
    }
}

Test(policy, ends_while_the_lock_goes_round)
{
    all_run();
    check_ends(turn_by_turn, "turn by turn");
    check_ends(many_turns_a_look, "many turns a look");
}

Test(policy, ends_while_one_owner_takes_it_again_and_again)
{
    record_for(OWNER)->state = ONCPU_STATE_RUNNING;
    check_ends(one_owner_again_and_again, "one owner");
}

Test(policy, ends_while_owners_change_that_count_no_turns)
{
    all_run();
    check_ends(owners_without_turns, "owners without turns");
    check_ends(an_owner_that_comes_and_goes, "an owner that comes and goes");
}

/* Looks are far apart where a lock turns over fast, but none is late for the claim. */
Test(policy, there_is_a_look_when_the_lock_is_to_be_claimed)
{
    enum { CLAIM_BY = 2000 };

    all_run();
    for (uint64_t wait = 0; wait < 50; wait++) {
        struct oncpu_policy policy;
        uint64_t begin = NOW;
        uint64_t now = begin;

        oncpu_policy_begin(&policy, &lock, now, 0);
        while (now < begin + CLAIM_BY) {
            oncpu_policy_look(&policy, &lock, now);
            now += policy.distance;
            if (wait % 8)
                many_turns_a_look(wait);
        }
        cr_assert_eq(now, begin + CLAIM_BY, "wait %lu: a look after %lu ns", (unsigned long)wait,
                     (unsigned long)(now - begin));
        cr_assert(oncpu_policy_claims(now - begin, false));
    }
}

Test(policy, ends_in_garbage)
{
    all_run();
    check_ends(garbage_without_a_stop, "garbage in the lock");
    check_ends(garbage, "garbage everywhere");
}

/* ---- what a thread remembers ---- */

enum { TURN_NS = 2000, WAITS = 1000 };

/* The waits of a thread that does something else for `away` in between: how they begin. */
struct waits {
    uint64_t away;
    struct oncpu_wait wait; /* from 0 to `end`; as seen where it begins with spinning */
    struct oncpu_rest rest; /* ... with a rest */
    uint64_t now;           /* of the made-up clock: since NOW */
    unsigned spins;         /* how many began so: the result */
    unsigned rests;
    unsigned sleeps;
};

static void go_on(struct waits *w, int waits)
{
    uint64_t now = NOW + w->now;

    for (int i = 0; i < waits; i++) {
        struct oncpu_wait wait = w->wait;
        uint32_t first = oncpu_policy_first(&fields.word, NOW);

        wait.word = &fields.word;
        wait.begin = now += w->away;
        now += first == 0 ? w->wait.end : first == ONCPU_AT_ONCE ? 0 : first;
        wait.end = now;
        w->spins += first == 0;
        w->sleeps += first == ONCPU_AT_ONCE;
        if (first == ONCPU_AT_ONCE)
            continue;
        if (first) {
            wait.rested = true;
            wait.turns += w->rest.turns;
            w->rests++;
            cr_assert_lt(first, BOUND_NS);
            w->rest.now = now;
            w->rest.ns = first;
            oncpu_policy_rested(&w->rest);
        }
        oncpu_policy_note(&wait);
    }
    w->now = now - NOW;
}

static void go_through(struct waits *w)
{
    go_on(w, WAITS);
}

static struct waits always_held(void)
{
    return (struct waits){.away = TURN_NS, .wait = {.end = TURN_NS, .taken = true}, .rest = {.turns = 4}};
}

Test(policy, a_thread_that_finds_the_lock_always_held_rests)
{
    struct waits w = always_held();

    go_through(&w);
    cr_assert_gt(w.rests, WAITS / 2);
    cr_assert_eq(w.sleeps, 0);
}

Test(policy, for_very_long_turns_it_sleeps_instead)
{
    struct waits w = always_held();

    w.away = w.wait.end = 20 * TURN_NS;
    go_through(&w);
    cr_assert_gt(w.sleeps, WAITS / 2);
    cr_assert_eq(w.rests, 0);
}

/* As a thread that polls holds it: what it waits for is the work of one that should not be kept from it. */
Test(policy, a_rest_that_shows_that_turns_are_short_is_the_last_one)
{
    struct waits w = always_held();

    w.rest.turns = 1000;
    go_through(&w);
    cr_assert_gt(w.rests, 0);
    cr_assert_lt(w.rests, 8);
}

Test(policy, rests_after_which_the_lock_is_free_come_to_an_end)
{
    struct waits w = always_held();

    w.rest.free = true;
    w.rest.turns = 1;
    go_through(&w);
    cr_assert_gt(w.rests, 0);
    cr_assert_lt(w.rests, 16);
}

Test(policy, a_thread_that_works_elsewhere_spins)
{
    struct waits w = always_held();

    w.away = 3 * TURN_NS;
    go_through(&w);
    cr_assert_eq(w.spins, WAITS);
}

/* Nobody could wake it for the next phase of its program. */
Test(policy, a_thread_that_finds_it_held_for_a_while_now_and_then_spins)
{
    struct waits w = always_held();

    for (int i = 0; i < 50; i++) {
        go_on(&w, 20);
        w.now += 1000000;
    }
    cr_assert_eq(w.spins, 50 * 20);
    go_through(&w);
    cr_assert_gt(w.rests, WAITS / 2);
}

Test(policy, for_short_turns_nobody_rests)
{
    struct waits w = always_held();

    w.away = w.wait.end = 100;
    go_through(&w);
    cr_assert_eq(w.spins, WAITS);
}

Test(policy, a_thread_that_loses_turn_after_turn_does_not_go_on_spinning)
{
    struct waits w = always_held();

    w.away = 3 * 20 * TURN_NS;
    w.wait = (struct oncpu_wait){.end = 20 * TURN_NS, .turns = 5, .lost = 20};
    go_through(&w);
    cr_assert_gt(w.rests + w.sleeps, WAITS / 2);
}

Test(policy, an_owner_that_holds_on_is_not_a_lost_turn)
{
    struct waits w = always_held();

    w.away = TURN_NS / 10;
    w.wait = (struct oncpu_wait){.end = TURN_NS, .turns = 1, .lost = 1};
    go_through(&w);
    cr_assert_eq(w.spins, WAITS);
}

Test(policy, rests_grow_as_long_as_claims_are_refused_and_end_at_a_bound)
{
    struct waits w = always_held();
    uint32_t rest = 1;
    uint32_t next;

    cr_assert_eq(oncpu_policy_next_rest(rest, 0), 0, "a thread that does not rest");
    go_through(&w);
    while ((next = oncpu_policy_next_rest(rest, 0)) != rest) {
        cr_assert_gt(next, rest);
        cr_assert_lt(next, BOUND_NS);
        rest = next;
    }
    cr_assert_eq(oncpu_policy_next_rest(rest, 10 * BOUND_NS), 0);
}

/* ---- a crowd ---- */

enum { MANY = 8, SLICE_NS = 120000, SHORT_TURN_NS = 1000, SHORT_SLICE_NS = 40000, PERIOD_NS = 1 << 22 };

static void *wait_too(void *unused)
{
    oncpu_crowd_enter(&fields.word, NOW);
    return unused;
}

enum { SEEN_NS = 3000, SEEN_TURNS = 6 }; /* while it looked for a seat */

static void *find_no_seat(void *unused)
{
    oncpu_policy_surplus(&fields.word, NOW, SEEN_NS, SEEN_TURNS);
    return unused;
}

/* Each in a thread of its own: one counts once. */
static void by_others(void *(*what)(void *), unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        pthread_t thread;

        cr_assert_eq(pthread_create(&thread, NULL, what, NULL), 0);
        cr_assert_eq(pthread_join(thread, NULL), 0);
    }
}

static void others_wait(unsigned threads)
{
    by_others(wait_too, threads);
}

Test(policy, a_thread_that_waits_for_several_locks_in_turn_is_nobody_else)
{
    uint32_t words[3];

    for (int i = 0; i < 9; i++) {
        oncpu_crowd_enter(&words[i % 3], NOW);
        cr_assert_eq(oncpu_crowd_others(&words[i % 3], NOW), 0);
    }
}

Test(policy, a_crowd_is_counted_and_forgotten)
{
    uint32_t other;

    cr_assert_eq(oncpu_crowd_others(&fields.word, NOW), 0);
    others_wait(MANY);
    cr_assert_eq(oncpu_crowd_others(&fields.word, NOW), MANY);
    for (int i = 0; i < 3; i++)
        oncpu_crowd_enter(&fields.word, NOW);
    cr_assert_eq(oncpu_crowd_others(&fields.word, NOW), MANY, "the caller does not count, however often it says it");
    cr_assert_eq(oncpu_crowd_others(&other, NOW), 0, "another lock");
    cr_assert_eq(oncpu_crowd_others(&fields.word, NOW + PERIOD_NS), MANY);
    cr_assert_eq(oncpu_crowd_others(&fields.word, NOW + 2 * PERIOD_NS), 0);
    cr_assert_eq(oncpu_crowd_others(&fields.word, NOW - PERIOD_NS), 0);
}

Test(policy, a_crowd_has_a_bound)
{
    others_wait(2 * ONCPU_CROWD_MOST);
    cr_assert_eq(oncpu_crowd_others(&fields.word, NOW), ONCPU_CROWD_MOST);
}

Test(policy, in_a_crowd_each_rests_until_others_had_their_slices)
{
    struct waits w = always_held();
    uint32_t alone;
    uint32_t among_many;

    go_through(&w);
    alone = oncpu_policy_first(&fields.word, NOW);
    others_wait(MANY);
    among_many = oncpu_policy_first(&fields.word, NOW);
    cr_assert_lt(alone, SLICE_NS);
    cr_assert_geq(among_many, MANY / 2 * SLICE_NS);
    cr_assert_eq(oncpu_policy_first(&fields.word, NOW + 2 * PERIOD_NS), alone);
}

/* They may be threads that poll: there one that has the lock for long keeps it from another that has the work. */
Test(policy, where_turns_are_short_slices_are_too)
{
    struct waits w = always_held();
    uint32_t first;

    w.away = w.wait.end = SHORT_TURN_NS;
    w.rest.turns = 9; /* in the shortest rest, of 10 us */
    while (!w.rests)
        go_on(&w, 1);
    others_wait(MANY);
    first = oncpu_policy_first(&fields.word, NOW);
    cr_assert_lt(first, MANY / 2 * SLICE_NS);
    cr_assert_eq(first, MANY * SHORT_SLICE_NS, "all of the others can have one");
    cr_assert_eq(oncpu_policy_next_rest(first, 0), first, "it is no longer the next time");
    oncpu_state_cpus = MANY_CPUS;
    cr_assert_geq(oncpu_policy_first(&fields.word, NOW), MANY / 2 * SLICE_NS);
}

/* Nobody can wake who rests. */
Test(policy, where_a_rest_would_be_long_it_is_a_sleep)
{
    struct waits w = always_held();

    w.rest.turns = 1;
    while (!w.rests)
        go_on(&w, 1);
    for (unsigned many = 0; many < ONCPU_CROWD_MOST; many++) {
        uint32_t first = oncpu_policy_first(&fields.word, NOW);

        if (many == MANY)
            cr_assert_neq(first, ONCPU_AT_ONCE);
        if (first != ONCPU_AT_ONCE)
            cr_assert_lt(first, PERIOD_NS);
        others_wait(1);
    }
    cr_assert_eq(oncpu_policy_first(&fields.word, NOW), ONCPU_AT_ONCE);
    cr_assert_eq(oncpu_policy_next_rest(1, 0), 0);
}

Test(policy, unless_turns_are_short)
{
    struct waits w = always_held();

    while (!w.rests)
        go_on(&w, 1);
    others_wait(ONCPU_CROWD_MOST);
    cr_assert_eq(oncpu_policy_first(&fields.word, NOW), 0);
    cr_assert_eq(oncpu_policy_first(&fields.word, NOW), 0, "it has forgotten that the lock was saturated");
}

/*
 * A thread that got the lock now, by a wait that was long, or short, for the time since the one before, in which others had so many
 * turns.
 */
static void has_waited_for(uint32_t turns, uint64_t share)
{
    for (uint64_t i = 0; i < 2; i++) {
        struct oncpu_wait wait = {
            .word = &fields.word, .taken = true, .turns = turns, .end = NOW - (1 - i) * 10 * TURN_NS};

        wait.begin = wait.end - share * TURN_NS;
        oncpu_policy_note(&wait);
        oncpu_policy_got(wait.end);
    }
}

static void has_waited(uint64_t share)
{
    has_waited_for(0, share);
}

Test(policy, a_thread_whose_waits_are_long_joins_a_crowd)
{
    has_waited(8);
    others_wait(CPUS - 1);
    cr_assert_eq(oncpu_policy_first(&fields.word, NOW), 0, "not yet a crowd");
    others_wait(1);
    cr_assert_neq(oncpu_policy_first(&fields.word, NOW), 0);
    cr_assert_neq(oncpu_policy_first(&fields.word, NOW), 0, "and goes on with that");
}

Test(policy, a_thread_whose_waits_are_short_does_not)
{
    has_waited(1);
    others_wait(CPUS);
    cr_assert_eq(oncpu_policy_first(&fields.word, NOW), 0);
}

Test(policy, nor_does_one_that_had_the_lock_long_ago)
{
    has_waited(8);
    oncpu_policy_got(NOW - 1000000000u);
    others_wait(CPUS);
    cr_assert_eq(oncpu_policy_first(&fields.word, NOW), 0);
}

Test(policy, nor_does_one_that_has_found_the_lock_idle)
{
    struct waits w = always_held();

    w.rest = (struct oncpu_rest){.free = true};
    go_through(&w);
    cr_assert_leq(w.rests, 2, "each is the last one for long");
    has_waited(8);
    others_wait(CPUS);
    cr_assert_eq(oncpu_policy_first(&fields.word, NOW), 0);
}

/* All of so few could be outside at one time. */
Test(policy, on_many_cores_a_few_are_a_crowd_only_for_who_comes_back_at_once)
{
    oncpu_state_cpus = MANY_CPUS;
    others_wait(CPUS);
    has_waited_for(8, 8); /* of turns as long as what it does outside of them */
    cr_assert_eq(oncpu_policy_first(&fields.word, NOW), 0);
    has_waited_for(3, 8); /* of turns twice as long */
    cr_assert_neq(oncpu_policy_first(&fields.word, NOW), 0);
}

Test(policy, on_many_cores_as_many_as_there_are_cores_are_a_crowd_for_everybody)
{
    oncpu_state_cpus = MANY_CPUS;
    has_waited_for(8, 8);
    others_wait(MANY_CPUS - 1);
    cr_assert_eq(oncpu_policy_first(&fields.word, NOW), 0);
    others_wait(1);
    cr_assert_neq(oncpu_policy_first(&fields.word, NOW), 0);
}

Test(policy, on_many_cores_a_lock_is_not_saturated_for_who_is_outside_for_long)
{
    for (int cpus = CPUS; cpus <= MANY_CPUS; cpus += MANY_CPUS - CPUS) {
        struct waits w = always_held();

        oncpu_state_cpus = cpus;
        w.away = 2 * TURN_NS;
        w.wait = (struct oncpu_wait){.end = 4 * TURN_NS, .turns = 3, .taken = true};
        go_through(&w);
        if (cpus == CPUS)
            cr_assert_gt(w.rests, 0);
        else
            cr_assert_eq(w.rests, 0);
        w.away = WAITS * BOUND_NS; /* forgets it, by waits that are short for the time between them */
        go_through(&w);
    }
}

Test(policy, a_claim_comes_later_on_many_cores)
{
    const uint64_t us = 1000u;

    cr_assert(oncpu_policy_claims(2 * us, false));
    oncpu_state_cpus = MANY_CPUS;
    cr_assert_not(oncpu_policy_claims(2 * us, false));
    cr_assert(oncpu_policy_claims(10 * us, false));
}

Test(policy, on_two_cores_nobody_needs_a_seat)
{
    cr_assert_not(oncpu_policy_has_seats());
    oncpu_state_cpus = MANY_CPUS;
    cr_assert(oncpu_policy_has_seats());
}

/* ... while the lock has so many turns in ten times. */
static unsigned asks(uint32_t turns)
{
    unsigned asked = 1;

    while (asked < 1000 && oncpu_policy_seats(&fields.word, asked, asked * turns / 10))
        asked++;
    return asked;
}

/* Who finds none asks again for a while. */
Test(policy, there_are_more_seats_where_nobody_else_waits_all_the_time)
{
    unsigned patience = asks(50);

    cr_assert_lt(asks(1), patience, "not where turns are long");
    cr_assert_eq(oncpu_policy_seats(&fields.word, 0, 0), 1);
    cr_assert_gt(oncpu_policy_seats(&fields.word, 1, 10), 1);
    cr_assert_lt(patience, 100);
    has_waited(8);
    cr_assert_eq(oncpu_policy_seats(&fields.word, 1, 1), 1);
    cr_assert_lt(asks(0), patience);
    cr_assert_gt(asks(0), 1);
    cr_assert_eq(asks(50), 1, "not where it turns over so fast that one more would disturb");
}

static uint32_t surplus(uint64_t now)
{
    return oncpu_policy_surplus(&fields.word, now, SEEN_NS, SEEN_TURNS);
}

/* Of rests at many times, as they are not all alike. */
static uint32_t longest_rest(void)
{
    uint32_t longest = 0;

    for (uint64_t now = NOW; now < NOW + BOUND_NS; now += 997) {
        uint32_t rest = surplus(now);

        longest = rest > longest ? rest : longest;
    }
    return longest;
}

Test(policy, who_has_no_seat_rests_for_longer_the_more_there_are)
{
    uint32_t alone = longest_rest();
    uint32_t among_many;

    cr_assert_gt(alone, 0);
    others_wait(MANY);
    cr_assert_eq(longest_rest(), alone, "these rest for another reason");
    by_others(find_no_seat, MANY);
    among_many = longest_rest();
    cr_assert_gt(among_many, 2 * alone);
    cr_assert_lt(among_many, BOUND_NS);
    cr_assert_neq(surplus(NOW), surplus(NOW + 1), "all come back at one moment");
}

Test(policy, it_rests_again_until_it_has_waited_for_long)
{
    uint32_t rest = surplus(NOW);

    cr_assert_neq(oncpu_policy_next_rest(rest, 0), 0);
    cr_assert_eq(oncpu_policy_next_rest(rest, 10 * BOUND_NS), 0);
    oncpu_policy_first(&fields.word, NOW);
    cr_assert_eq(oncpu_policy_next_rest(rest, 0), 0, "the next wait is another one");
}

/* How many times of so many it rests, while the lock is held for so much of each rest. */
static unsigned surplus_rests(unsigned of, unsigned share)
{
    unsigned rests = 0;

    while (of--) {
        struct oncpu_rest rest = {.now = NOW, .ns = 100 * SEEN_NS, .turns = SEEN_TURNS * share};

        oncpu_policy_first(&fields.word, NOW);
        oncpu_policy_seats(&fields.word, 0, 0);
        if (surplus(NOW) == ONCPU_AT_ONCE)
            continue;
        oncpu_policy_rested(&rest);
        rests++;
    }
    return rests;
}

/* As after a barrier: they come all at once, and are gone. */
Test(policy, who_found_the_lock_idle_meanwhile_sleeps_in_the_futex)
{
    cr_assert_eq(surplus_rests(WAITS, 90), WAITS);
    cr_assert_lt(surplus_rests(WAITS, 10), 10);
    surplus_rests(10 * WAITS, 90);
    cr_assert_eq(surplus_rests(WAITS, 90), WAITS, "until it is busy again");
}

/* Also where it always finds a seat after some patience, and is never surplus. */
Test(policy, which_is_over_after_so_many_waits)
{
    unsigned waits = 0;

    oncpu_policy_seats(&fields.word, 0, 0);
    surplus(NOW);
    oncpu_policy_rested(&(struct oncpu_rest){.now = NOW, .ns = 100 * SEEN_NS, .free = true});
    cr_assert_eq(surplus(NOW), ONCPU_AT_ONCE);
    for (; surplus(NOW) == ONCPU_AT_ONCE && waits < 1000; waits++)
        oncpu_policy_seats(&fields.word, 0, 0);
    cr_assert_gt(waits, 1);
    cr_assert_lt(waits, 100);
}

Test(policy, which_ends_the_rests_of_this_wait)
{
    uint32_t rest = surplus(NOW);

    oncpu_policy_rested(&(struct oncpu_rest){.now = NOW, .ns = 100 * SEEN_NS, .free = true});
    cr_assert_eq(oncpu_policy_next_rest(rest, 0), 0);
    has_waited(8);
    cr_assert_gt(oncpu_policy_seats(&fields.word, 1, 1), 1, "and it has more patience");
}

/* ... and says nothing of the rests of other waits. */
Test(policy, what_a_surplus_waiter_sees_is_no_hint)
{
    struct oncpu_rest rest = {.now = NOW, .ns = BOUND_NS, .free = true, .turns = BOUND_NS / 1000 * SEEN_TURNS};

    for (int i = 0; i < WAITS; i++) {
        struct oncpu_wait wait = {.word = &fields.word, .begin = NOW, .end = NOW + TURN_NS, .taken = true};

        surplus(NOW);
        oncpu_policy_rested(&rest);
        oncpu_policy_note(&wait);
    }
    cr_assert_eq(oncpu_policy_first(&fields.word, NOW), 0);
}

Test(policy, a_rest_is_for_the_lock_that_is_saturated)
{
    struct waits w = always_held();
    uint32_t other = ONCPU_WORD_HELD;

    go_through(&w);
    cr_assert_eq(oncpu_policy_first(&other, NOW), 0);
    oncpu_policy_got(oncpu_now_ns());
    cr_assert(oncpu_policy_hands_over(&other));
    cr_assert_neq(oncpu_policy_first(&fields.word, NOW), 0);
}

Test(policy, an_owner_that_does_not_rest_hands_over_at_once)
{
    oncpu_policy_got(UINT64_MAX / 2); /* a time to come: it would refuse for long */
    cr_assert(oncpu_policy_hands_over(&fields.word));
}

static bool refuses(void)
{
    oncpu_policy_got(oncpu_now_ns());
    return !oncpu_policy_hands_over(&fields.word);
}

Test(policy, one_that_rests_refuses_first_and_hands_over_when_its_time_is_up)
{
    struct waits w = always_held();
    bool refused = false;

    go_through(&w);
    for (int i = 0; i < 1000 && !refused; i++)
        refused = refuses(); /* this thread can lose its CPU between the two looks at the clock */
    cr_assert(refused);
    oncpu_policy_got(oncpu_now_ns() - 1000000000u);
    cr_assert(oncpu_policy_hands_over(&fields.word));
}
