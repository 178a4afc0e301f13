/* SPDX-License-Identifier: MIT */
/*
 * Leaving the CPU: when a thread has had it for long, after it has released a lock, and nobody whom that would hurt. The times
 * are made up, but for those after a leave.
 */
#include "lock/handoff.h"
#include "state/settings.h"
#include "state/state.h"
#include "unit.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { THREADS = 6 };
#define LONGEST 1000000u /* ns: no stay is longer, unless the thread was missed */

static oncpu_mutex_t mutex;

static uint64_t left(void)
{
    struct oncpu_stats stats;

    oncpu_stats_read(&stats);
    return stats.left;
}

/* The calling thread's record. */
static const struct oncpu_thread_record *begin(void)
{
    cr_assert_eq(oncpu_stats_enable(), 0);
    cr_assert_eq(oncpu_thread_register(), 0);
    return oncpu_thread_self();
}

/* As if it had waited for the mutex that it has, now and long after that, and not lost its CPU in between. */
static bool plan(oncpu_mutex_t *held, const struct oncpu_thread_record *mine)
{
    oncpu_leave_plan(&held->oncpu_claim, mine, oncpu_now_ns());
    oncpu_leave_plan(&held->oncpu_claim, mine, oncpu_now_ns() + LONGEST + 1);
    return held->oncpu_claim == ONCPU_CLAIM_LEAVES;
}

static bool leaves_after_unlock(oncpu_mutex_t *locked, const struct oncpu_thread_record *mine)
{
    uint64_t before = left();

    oncpu_mutex_lock(locked);
    plan(locked, mine);
    cr_assert_eq(left(), before, "not while it has the lock");
    oncpu_mutex_unlock(locked);
    cr_assert_eq(locked->oncpu_claim, 0);
    cr_assert_eq(locked->oncpu_word, 0);
    return left() > before;
}

/* Tries again, as the thread may lose its CPU between the plan and the release. */
#define LEAVES(locked, mine) EVENTUALLY(leaves_after_unlock(locked, mine))

Test(leave, after_a_release)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();

    oncpu_mutex_lock(&mutex);
    oncpu_mutex_unlock(&mutex);
    cr_assert_eq(left(), 0, "not without a plan");
    cr_assert(LEAVES(&mutex, mine));
}

static uint32_t self;
static bool stop;

static void *miss(void *unused)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
        oncpu_leave_missed(self);
    return unused;
}

/* So many times in a row it is not by chance. */
static bool stays_at(oncpu_mutex_t *locked, const struct oncpu_thread_record *mine)
{
    for (int i = 0; i < 50; i++)
        if (leaves_after_unlock(locked, mine))
            return false;
    return true;
}

/* There was another lock, at which it can leave instead; but not if that, too, is an inner one. */
Test(leave, not_again_where_it_was_missed)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();
    oncpu_mutex_t other = ONCPU_MUTEX_INITIALIZER;
    oncpu_mutex_t third = ONCPU_MUTEX_INITIALIZER;
    pthread_t waiter;

    self = mine->tid;
    cr_assert_eq(pthread_create(&waiter, NULL, miss, NULL), 0);
    cr_assert(EVENTUALLY(stays_at(&mutex, mine)));
    cr_assert_gt(left(), 0);
    cr_assert(LEAVES(&other, mine));
    cr_assert(EVENTUALLY(stays_at(&other, mine)));
    cr_assert(EVENTUALLY(stays_at(&third, mine)));
    cr_assert(stays_at(&mutex, mine));
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    cr_assert_eq(pthread_join(waiter, NULL), 0);
    cr_assert(stays_at(&third, mine));
}

/* ... who may overwrite it, and is not forgotten when the owner ends its note. */
Test(leave, a_claimant_comes_before_a_note)
{
    uint32_t claim = ONCPU_CLAIM_LEAVES;

    cr_assert(oncpu_claim(&claim, 17));
    cr_assert_eq(claim, 17);
    oncpu_claim_end(&claim, ONCPU_CLAIM_LEAVES);
    cr_assert_eq(claim, 17);
}

Test(leave, a_note_comes_after_a_claimant)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();

    oncpu_mutex_lock(&mutex);
    mutex.oncpu_claim = 17;
    cr_assert_not(plan(&mutex, mine));
    cr_assert_eq(mutex.oncpu_claim, 17);
}

Test(leave, not_after_a_short_time)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();
    uint64_t now = oncpu_now_ns();

    oncpu_mutex_lock(&mutex);
    for (uint64_t i = 0; i < 100; i++)
        oncpu_leave_plan(&mutex.oncpu_claim, mine, now + i);
    cr_assert_eq(mutex.oncpu_claim, 0);
    oncpu_leave_plan(NULL, mine, now + LONGEST + 1000);
}

/* Who has been off the CPU since has nothing to give up. */
Test(leave, not_after_a_sleep)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();
    uint64_t switches;

    for (int i = 0; i < 20; i++) {
        oncpu_mutex_lock(&mutex);
        plan(&mutex, mine);
        switches = oncpu_thread_switches(mine);
        cr_assert(EVENTUALLY((test_sleep_ns(100000), oncpu_thread_switches(mine) != switches)));
        oncpu_mutex_unlock(&mutex);
    }
    cr_assert_eq(left(), 0);
}

static void *unlock(void *unused)
{
    cr_assert_eq(oncpu_thread_register(), 0);
    oncpu_leave_plan(&(uint32_t){0}, oncpu_thread_self(), oncpu_now_ns());
    oncpu_mutex_unlock(&mutex);
    return unused;
}

/* As programs do that use a mutex as a semaphore. */
Test(leave, a_foreign_unlock_is_no_leave)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();
    pthread_t other;

    for (int i = 0; i < 20; i++) {
        oncpu_mutex_lock(&mutex);
        plan(&mutex, mine);
        cr_assert_eq(pthread_create(&other, NULL, unlock, NULL), 0);
        cr_assert_eq(pthread_join(other, NULL), 0);
        cr_assert_eq(mutex.oncpu_claim, 0);
    }
    cr_assert_eq(left(), 0);
}

/* Their time is not shared in turns: sched_yield(2), sched(7). */
Test(leave, not_with_a_real_time_priority)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();
    const struct sched_param lowest = {.sched_priority = 1};
    const struct sched_param none = {0};

    if (sched_setscheduler(0, SCHED_FIFO, &lowest) != 0)
        SKIP("no right to a real-time priority");
    for (int i = 0; i < 20; i++)
        cr_assert_not(leaves_after_unlock(&mutex, mine));
    cr_assert_eq(sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &none), 0);
    cr_assert(LEAVES(&mutex, mine));
}

Test(leave, not_in_a_sandbox)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();

    oncpu_state_sandboxed();
    for (int i = 0; i < 20; i++)
        cr_assert_not(leaves_after_unlock(&mutex, mine));
}

static void *contend(void *unused)
{
    volatile uint64_t work = 0;

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        oncpu_mutex_lock(&mutex);
        for (int i = 0; i < 2000; i++)
            work++;
        oncpu_mutex_unlock(&mutex);
        for (int i = 0; i < 2000; i++)
            work++;
    }
    return unused;
}

static void check_that_they_leave(void)
{
    pthread_t threads[THREADS];

    if (oncpu_state_cpus < 2)
        SKIP("on one CPU nobody waits without losing it");
    cr_assert_eq(oncpu_stats_enable(), 0);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, contend, NULL), 0);
    cr_assert(EVENTUALLY(left() > 1000));
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
}

Test(leave, threads_that_contend_leave)
{
    NEED_SOURCE();
    check_that_they_leave();
}

/* ---- without a record the kernel is asked, not at every wait ---- */

/* For longer than the made-up time is ahead. */
static void stays(void)
{
    uint64_t begin = test_now_ns();

    cr_assert_eq(oncpu_stats_enable(), 0);
    while (test_now_ns() - begin < 20 * (uint64_t)LONGEST)
        cr_assert_not(leaves_after_unlock(&mutex, NULL));
}

/* Elsewhere nobody without a record leaves. */
static void need_no_filter(void)
{
    if (!oncpu_state_may_ask())
        SKIP("a seccomp filter is in force");
}

Test(leave_unaided, after_a_release)
{
    need_no_filter();
    cr_assert_eq(oncpu_stats_enable(), 0);
    cr_assert(LEAVES(&mutex, NULL));
}

Test(leave_unaided, not_after_a_sleep)
{
    uint64_t now = oncpu_now_ns();

    for (uint64_t i = 0; i < 20; i++) {
        oncpu_leave_plan(&mutex.oncpu_claim, NULL, now += LONGEST + 1);
        mutex.oncpu_claim = 0;
        test_sleep_ns(100000);
        oncpu_leave_plan(&mutex.oncpu_claim, NULL, now += LONGEST + 1);
        cr_assert_eq(mutex.oncpu_claim, 0);
    }
}

Test(leave_unaided, not_with_a_real_time_priority)
{
    const struct sched_param lowest = {.sched_priority = 1};

    cr_assert_eq(oncpu_stats_enable(), 0);
    need_no_filter();
    if (sched_setscheduler(0, SCHED_FIFO, &lowest) != 0)
        SKIP("no right to a real-time priority");
    stays();
}

static uint32_t asked;

static void on_question(int signal)
{
    (void)signal;
    asked++;
}

Test(leave_unaided, not_in_a_sandbox)
{
    oncpu_state_sandboxed();
    stays();
}

/* From now on the kernel's answer to getrusage() is a signal. */
static void trap_the_question(void)
{
    const struct sigaction action = {.sa_handler = on_question};
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrusage, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

    cr_assert_eq(sigaction(SIGSYS, &action, NULL), 0);
    cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* It would allow nearly everything, but who would know. */
Test(leave_unaided, not_under_a_filter)
{
    trap_the_question();
    stays();
    cr_assert_eq(asked, 0);
}

Test(leave_unaided, asks_nothing_in_a_sandbox)
{
    trap_the_question();
    oncpu_state_sandboxed();
    stays();
    cr_assert_eq(asked, 0);
}

/* There was none when it looked: as of a program that enters a sandbox without the library's knowledge. */
Test(leave_unaided, asks_once_a_stay)
{
    uint64_t now = oncpu_now_ns();

    need_no_filter();
    trap_the_question();
    for (uint64_t i = 0; i < 1000; i++) {
        oncpu_leave_plan(&mutex.oncpu_claim, NULL, now += LONGEST / 200);
        mutex.oncpu_claim = 0;
    }
    cr_assert_gt(asked, 0);
    cr_assert_leq(asked, 5 * LONGEST / 100000 + 1, "%u times in 5 ms", asked);
}

Test(leave_unaided, threads_that_contend_leave)
{
    need_no_filter();
    check_that_they_leave();
}

Test(leave, a_setting_says_for_how_long)
{
    NEED_SOURCE();
    const struct oncpu_thread_record *mine = begin();

    oncpu_stay_ns = LONGEST + 1000000000u;
    for (int i = 0; i < 20; i++)
        cr_assert_not(leaves_after_unlock(&mutex, mine));
    oncpu_stay_ns = UINT32_MAX;
    for (int i = 0; i < 20; i++)
        cr_assert_not(leaves_after_unlock(&mutex, mine));
    oncpu_stay_ns = 1;
    cr_assert(LEAVES(&mutex, mine));
}
