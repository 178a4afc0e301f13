/* SPDX-License-Identifier: MIT */
/*
 * The hand-off: who claims a lock and is on a CPU gets it at the next release; who does not run, is not known, or has given
 * up, does not. Most of it with made-up locks and records, without a thread.
 */
#include "lock/handoff.h"

#include "lock/policy.h"
#include "state/records.h"
#include "state/settings.h"
#include "state/state.h"
#include "unit.h"

#include <pthread.h>

enum { CLAIMANT = 3000001, OTHER = 3000002 };

static struct {
    uint32_t word;
    uint32_t owner;
    uint32_t turns;
    uint32_t claim;
} fields;

static const struct oncpu_lock lock = {&fields.word, &fields.owner, &fields.turns, &fields.claim, NULL};

static void release(void)
{
    oncpu_lock_release(lock.word, lock.turns, lock.claim);
}

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
    fields.word = ONCPU_WORD_HELD;
    fields.turns = 1;
}

TestSuite(handoff, .init = init);

Test(handoff, a_claimant_that_runs_gets_the_lock)
{
    record_for(CLAIMANT)->state = ONCPU_STATE_RUNNING;
    cr_assert(oncpu_claim(lock, CLAIMANT));
    cr_assert_not(oncpu_claim_granted(lock, CLAIMANT));
    release();
    cr_assert_eq(fields.word, ONCPU_WORD_HELD, "a lock that is handed over is never free");
    cr_assert(oncpu_claim_granted(lock, CLAIMANT));
    cr_assert_not(oncpu_claim_granted(lock, OTHER));
    oncpu_claim_end(lock);
    release();
    cr_assert_eq(fields.word, ONCPU_WORD_FREE, "one claim, one hand-off");
}

Test(handoff, a_claimant_that_does_not_run_waits_on)
{
    static const uint32_t states[] = {ONCPU_STATE_PREEMPTED, ONCPU_STATE_BLOCKED, ONCPU_STATE_UNKNOWN, 77};
    struct oncpu_thread_record *record = record_for(CLAIMANT);

    cr_assert(oncpu_claim(lock, CLAIMANT));
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        fields.word = ONCPU_WORD_HELD;
        record->state = states[i];
        release();
        cr_assert_eq(fields.word, ONCPU_WORD_FREE);
        cr_assert_eq(fields.claim, CLAIMANT, "the claim stands");
    }
}

Test(handoff, a_claim_that_nobody_holds_is_cleared)
{
    fields.claim = CLAIMANT; /* as a child of fork inherits it */
    release();
    cr_assert_eq(fields.word, ONCPU_WORD_FREE);
    cr_assert_eq(fields.claim, 0);
    fields.claim = CLAIMANT | ONCPU_CLAIM_GRANTED; /* or this one, when the fork came in between */
    fields.word = ONCPU_WORD_HELD;
    release();
    cr_assert_eq(fields.word, ONCPU_WORD_FREE);
    cr_assert_eq(fields.claim, 0);
}

Test(handoff, there_is_one_claim_at_a_time)
{
    cr_assert(oncpu_claim(lock, CLAIMANT));
    cr_assert_not(oncpu_claim(lock, OTHER));
    cr_assert_not(oncpu_claim_withdraw(lock, OTHER), "not its own");
    cr_assert_eq(fields.claim, CLAIMANT);
    cr_assert_not(oncpu_claim_withdraw(lock, CLAIMANT));
    cr_assert(oncpu_claim(lock, OTHER));
}

Test(handoff, giving_up_too_late_is_having_the_lock)
{
    record_for(CLAIMANT)->state = ONCPU_STATE_RUNNING;
    cr_assert(oncpu_claim(lock, CLAIMANT));
    release();
    cr_assert(oncpu_claim_withdraw(lock, CLAIMANT));
}

/* ---- with threads ---- */

static oncpu_mutex_t mutex;
static int stop;

static void *take_it_again_and_again(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        oncpu_mutex_lock(&mutex);
        for (volatile int i = 0; i < 3000; i++) /* microseconds: others claim after one */
            continue;
        oncpu_mutex_unlock(&mutex);
    }
    return NULL;
}

/*
 * The property that the hand-off is for. A waiter that never slept may lose every race against an owner that takes the lock
 * again at once; one that claims cannot. On a busy machine the two may share a CPU for a while: so this takes its time.
 */
Test(handoff, nobody_starves_beside_an_owner_that_never_pauses)
{
    struct oncpu_stats stats = {0};
    pthread_t greedy;

    NEED_SOURCE();
    if (oncpu_state_cpus() < 2)
        SKIP("one CPU: nobody spins");
    cr_assert_eq(oncpu_stats_enable(), 0);
    cr_assert_eq(pthread_create(&greedy, NULL, take_it_again_and_again, NULL), 0);
    for (uint64_t begin = test_now_ns(); !stats.handed && test_now_ns() - begin < TEST_PATIENCE_NS;) {
        for (int i = 0; i < 1000; i++) {
            oncpu_mutex_lock(&mutex);
            oncpu_mutex_unlock(&mutex);
        }
        oncpu_stats_read(&stats);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    pthread_join(greedy, NULL);
    cr_assert_gt(stats.handed, 0, "waited all the time, and was never handed the lock");
}

Test(handoff, the_time_is_a_setting)
{
    cr_assert_eq(oncpu_hand_off_ns, ONCPU_HAND_OFF_DEFAULT_NS);
    cr_assert_not(oncpu_policy_claims(ONCPU_HAND_OFF_DEFAULT_NS));
    cr_assert(oncpu_policy_claims(ONCPU_HAND_OFF_DEFAULT_NS + 1));
    oncpu_hand_off_ns = UINT32_MAX;
    cr_assert_not(oncpu_policy_claims(1000000000u));
}
