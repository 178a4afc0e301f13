/* SPDX-License-Identifier: MIT */
/*
 * The hand-off: who claims a lock and is on a CPU gets it at the next release; who does not run, or does not answer, does not.
 * Most of it with made-up locks and records, without a thread.
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
    oncpu_lock_release(lock.word, lock.claim);
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

Test(handoff, a_claimant_that_does_not_answer_does_not_get_the_lock)
{
    record_for(CLAIMANT)->state = ONCPU_STATE_RUNNING; /* in a signal handler, or it has jumped out of one */
    cr_assert(oncpu_claim(lock.claim, CLAIMANT));
    release();
    cr_assert_eq(fields.word, ONCPU_WORD_FREE);
    cr_assert_eq(fields.claim, 0, "it may claim again");
    cr_assert_eq(*oncpu_record_mailbox(CLAIMANT), 0, "the offer was taken back");
    cr_assert_not(oncpu_offer_accept(oncpu_record_mailbox(CLAIMANT), lock.word), "too late");
}

Test(handoff, a_claimant_that_does_not_run_waits_on)
{
    static const uint32_t states[] = {ONCPU_STATE_PREEMPTED, ONCPU_STATE_BLOCKED, ONCPU_STATE_UNKNOWN, 77};
    struct oncpu_thread_record *record = record_for(CLAIMANT);

    oncpu_state_source = ONCPU_SOURCE_UPTR; /* these records are as good as the kernel's */
    cr_assert(oncpu_claim(lock.claim, CLAIMANT));
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        fields.word = ONCPU_WORD_HELD;
        record->state = states[i];
        release();
        cr_assert_eq(fields.word, ONCPU_WORD_FREE);
        cr_assert_eq(fields.claim, CLAIMANT, "the claim stands");
    }
}

/* What is left of a source that was lost. */
Test(handoff, a_record_that_nobody_writes_is_not_believed)
{
    record_for(CLAIMANT)->state = ONCPU_STATE_BLOCKED;
    cr_assert(oncpu_claim(lock.claim, CLAIMANT));
    release();
    cr_assert_eq(fields.word, ONCPU_WORD_FREE);
    cr_assert_eq(fields.claim, 0, "it was offered, and nobody answered");
}

Test(handoff, a_claim_that_nobody_holds_is_cleared)
{
    fields.claim = CLAIMANT; /* as a child of fork inherits it */
    release();
    cr_assert_eq(fields.word, ONCPU_WORD_FREE);
    cr_assert_eq(fields.claim, 0);
}

Test(handoff, there_is_one_claim_at_a_time)
{
    cr_assert(oncpu_claim(lock.claim, CLAIMANT));
    cr_assert(oncpu_claim(lock.claim, CLAIMANT), "its own it may repeat");
    cr_assert_not(oncpu_claim(lock.claim, OTHER));
    oncpu_claim_end(lock.claim, OTHER);
    cr_assert_eq(fields.claim, CLAIMANT, "not its own");
    oncpu_claim_end(lock.claim, CLAIMANT);
    cr_assert(oncpu_claim(lock.claim, OTHER));
}

Test(handoff, only_the_lock_that_is_offered_is_accepted)
{
    uint64_t *mailbox = oncpu_record_mailbox(CLAIMANT);
    uint32_t another = ONCPU_WORD_HELD;

    *mailbox = oncpu_mailbox_value(lock.word, ONCPU_MAILBOX_OFFERED);
    cr_assert_not(oncpu_offer_accept(mailbox, &another));
    cr_assert(oncpu_offer_accept(mailbox, lock.word));
    cr_assert_not(oncpu_offer_accept(mailbox, lock.word), "one offer, one owner");
}

Test(handoff, a_full_mailbox_gets_no_second_offer)
{
    uint32_t another = ONCPU_WORD_HELD;
    uint64_t older = oncpu_mailbox_value(&another, ONCPU_MAILBOX_ACCEPTED);

    record_for(CLAIMANT)->state = ONCPU_STATE_RUNNING;
    *oncpu_record_mailbox(CLAIMANT) = older;
    cr_assert(oncpu_claim(lock.claim, CLAIMANT));
    release();
    cr_assert_eq(fields.word, ONCPU_WORD_FREE);
    cr_assert_eq(*oncpu_record_mailbox(CLAIMANT), older);
}

static int accepted;

static void *accept_when_offered(void *unused)
{
    (void)unused;
    while (!oncpu_offer_accept(oncpu_record_mailbox(CLAIMANT), lock.word))
        continue;
    __atomic_store_n(&accepted, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* The threads may share a CPU for a while: then no answer comes in time, and the next offer is made. */
static void hand_over(void)
{
    uint64_t begin = test_now_ns();
    pthread_t claimant;

    cr_assert_eq(pthread_create(&claimant, NULL, accept_when_offered, NULL), 0);
    do {
        fields.word = ONCPU_WORD_HELD;
        cr_assert(oncpu_claim(lock.claim, CLAIMANT));
        release();
    } while (fields.word == ONCPU_WORD_FREE && test_now_ns() - begin < TEST_PATIENCE_NS);
    cr_assert_eq(fields.word, ONCPU_WORD_HELD, "a lock that is handed over is never free");
    cr_assert_eq(pthread_join(claimant, NULL), 0);
    cr_assert_eq(accepted, 1);
    cr_assert_eq(*oncpu_record_mailbox(CLAIMANT), 0);
}

Test(handoff, a_claimant_that_answers_has_the_lock)
{
    oncpu_state_source = ONCPU_SOURCE_UPTR;
    record_for(CLAIMANT)->state = ONCPU_STATE_RUNNING;
    hand_over();
}

Test(handoff, a_claimant_of_whom_nothing_is_known_is_asked)
{
    hand_over();
}

static uint32_t wiped;

static void *wipe(void *unused)
{
    uint64_t *mailbox = oncpu_record_mailbox(CLAIMANT);
    uint64_t offered;

    do
        offered = oncpu_mailbox_value(lock.word, ONCPU_MAILBOX_OFFERED);
    while (!__atomic_compare_exchange_n(mailbox, &offered, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    __atomic_store_n(&wiped, 1, __ATOMIC_RELAXED);
    return unused;
}

/* So a child finds it that was forked in the middle, in a signal handler; and nobody has accepted anything there. */
Test(handoff, an_offer_that_is_gone_was_not_accepted)
{
    uint64_t begin = test_now_ns();
    pthread_t other;

    cr_assert_eq(pthread_create(&other, NULL, wipe, NULL), 0);
    while (!__atomic_load_n(&wiped, __ATOMIC_RELAXED) && test_now_ns() - begin < TEST_PATIENCE_NS) {
        fields.word = ONCPU_WORD_HELD;
        cr_assert(oncpu_claim(lock.claim, CLAIMANT));
        release();
        cr_assert_eq(fields.word, ONCPU_WORD_FREE);
    }
    cr_assert_eq(pthread_join(other, NULL), 0);
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
static void check_nobody_starves(void)
{
    struct oncpu_stats stats = {0};
    pthread_t greedy;

    if (oncpu_state_cpus < 2)
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

Test(handoff, nobody_starves_beside_an_owner_that_never_pauses)
{
    NEED_SOURCE();
    check_nobody_starves();
}

/* ... and without a call of oncpu_init() in a process's life. */
Test(handoff_unaided, nobody_starves)
{
    cr_assert_null(oncpu_record_mailbox(CLAIMANT));
    check_nobody_starves();
}

Test(handoff, the_time_is_a_setting)
{
    const uint64_t ten_s = 10000000000u;
    const uint64_t us = 1000u;

    cr_assert_eq(oncpu_hand_off_ns, 0, "not set");
    cr_assert_not(oncpu_policy_claims(us, false));
    cr_assert(oncpu_policy_claims(5 * us + 1, false), "on any number of cores");
    oncpu_hand_off_ns = 5 * us;
    cr_assert_not(oncpu_policy_claims(5 * us, false));
    cr_assert(oncpu_policy_claims(5 * us + 1, false));
    cr_assert_not(oncpu_policy_claims(5 * us + 1, true), "sleepers come first");
    cr_assert(oncpu_policy_claims(ten_s, true), "but not for ever");
    oncpu_hand_off_ns = UINT32_MAX;
    cr_assert_not(oncpu_policy_claims(ten_s, false));
    cr_assert_not(oncpu_policy_claims(ten_s, true));
}
