/* SPDX-License-Identifier: MIT */
/*
 * When a thread leaves its CPU, and for how long it stays. It may be wrong at no other price than time.
 */
#include "leave.h"

#include "../state/self.h"
#include "../state/settings.h"
#include "../state/state.h"
#include "os.h"
#include "stats.h"

#define STAY_LEAST 100000u    /* ns on the CPU from one leave to the next, unless ONCPU_STAY_NS says otherwise */
#define STAY_MOST 1000000u    /* a scheduler takes the CPU away after 3 to 6 ms, ... */
#define STAY_MISSED 16000000u /* ... so before this */
#define NOTE_HOLDS 25000u     /* ns: no second note before, as the first may be in an outer lock */
#define INNER_PLANS 1000u     /* so often an inner lock is none to leave at; then it is tried again */
#define NOBODY 5000u          /* a leave that took less time found nobody who wanted the CPU */
#define DEAR 6u    /* who had the CPU meanwhile, and for so many times as long, does not leave it by itself */
#define PLACES 64u /* for the counts of CPUs, and those of threads: some share one, which costs time */

static __thread struct {
    uint64_t since;    /* when it was seen on its CPU first ... */
    uint64_t switches; /* ... after so many switches */
    uint64_t asked;    /* when it asked the kernel for them last */
    uint64_t left;     /* how often it has left since then */
    uint64_t noted;    /* when it left its last note */
    uint32_t length;   /* how long it stays */
    uint32_t plans;    /* so many more times it does not leave at ... */
    uint32_t *inner;   /* ... the lock of this claim, as it had another one then: never read */
} stay __attribute__((tls_model("initial-exec"))) = {.length = STAY_LEAST};

/* How often threads left each CPU. Relaxed: two threads that take turns on one CPU see each other's, and it is for them. */
static struct {
    uint32_t count;
} __attribute__((aligned(64))) leaves[PLACES];

/* How often each thread was missed. Relaxed: a hint. */
static uint32_t missed[PLACES];

void oncpu_leave_missed(uint32_t owner)
{
    if (owner)
        __atomic_fetch_add(&missed[owner % PLACES], 1, __ATOMIC_RELAXED);
}

static uint32_t least(void)
{
    return oncpu_stay_ns ? oncpu_stay_ns : STAY_LEAST;
}

static uint32_t length(void)
{
    return stay.length > least() ? stay.length : least();
}

static bool is_over_by_record(const struct oncpu_thread_record *mine, uint64_t now)
{
    uint64_t switches = oncpu_thread_switches(mine);

    if (switches == stay.switches && stay.since)
        return now - stay.since > length();
    stay.switches = switches;
    stay.since = now;
    return false;
}

/*
 * Who has no record asks the kernel, once a stay and only when there is something to it: that takes 0.3 us. The leaves are among the
 * switches, unless nobody wanted the CPU.
 */
static bool is_over_by_kernel(uint64_t now)
{
    uint64_t switches;

    if (!stay.since)
        stay.since = now;
    if (now - stay.since <= length())
        return false;
    if (now - stay.asked <= least() && stay.left == 0)
        return true;
    stay.asked = now;
    if (oncpu_state_may_ask()) {
        switches = oncpu_switches();
        if (switches - stay.switches <= stay.left) {
            stay.switches = switches;
            stay.left = 0;
            return true;
        }
        stay.switches = switches;
    }
    stay.left = 0;
    stay.since = now;
    return false;
}

/* Relaxed: to nobody but a claimant does it say anything. */
static void note(uint32_t *claim, uint64_t now)
{
    uint32_t nobody = 0;

    stay.noted = now;
    __atomic_compare_exchange_n(claim, &nobody, ONCPU_CLAIM_LEAVES, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void oncpu_leave_plan(uint32_t *claim, const struct oncpu_thread_record *mine, uint64_t now)
{
    if (!claim || least() == UINT32_MAX || now - stay.noted < NOTE_HOLDS)
        return;
    if (!(mine ? is_over_by_record(mine, now) : is_over_by_kernel(now)))
        return;
    if (claim != stay.inner)
        note(claim, now);
    else if (--stay.plans == 0)
        stay.inner = NULL;
}

/*
 * Threads that all leave share a CPU in short turns, and each gets it back soon. Who does not leave keeps it for the scheduler's
 * time, and to offer it too often would give it away. If nobody wants it, offering it is a system call for nothing.
 */
static void set_length(uint64_t lost, uint32_t turns)
{
    uint64_t length = stay.length;
    uint64_t longer = lost < NOBODY ? length + length / 4 : lost > length * turns * DEAR ? length * 4 : 0;

    if (longer && length <= STAY_MOST)
        stay.length = longer < STAY_MOST ? (uint32_t)longer : STAY_MOST;
    else
        stay.length = length * 3 / 4 > STAY_LEAST ? (uint32_t)(length * 3 / 4) : STAY_LEAST;
}

/*
 * Only these share a CPU in turns: who has a real-time priority yields to its equals, and who has a deadline gives up the rest of its
 * time. Where a filter might kill the process for the question, there are no others.
 */
static bool takes_turns(void)
{
    int policy = oncpu_state_may_ask() ? oncpu_sched_policy() : SCHED_OTHER;

    return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

bool oncpu_leave_cpu(void)
{
    if (oncpu_state_in_sandbox() || !takes_turns())
        return false;
    oncpu_sched_yield();
    return true;
}

/* It has another lock, for which others wait. To leave at that one is better; if that, too, is an inner one, it had better not leave. */
static void do_not_leave_at(uint32_t *claim)
{
    if (stay.inner)
        stay.length = STAY_MISSED;
    stay.inner = claim;
    stay.plans = INNER_PLANS;
}

static void leave(uint32_t *claim)
{
    uint32_t *count = &leaves[oncpu_self_cpu() % PLACES].count;
    const uint32_t *misses = &missed[oncpu_self_tid() % PLACES];
    uint32_t counted = __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
    uint32_t missed_before = __atomic_load_n(misses, __ATOMIC_RELAXED);
    uint64_t begin = oncpu_now_ns();

    if (oncpu_leave_cpu())
        oncpu_stats_add(&(struct oncpu_stats){.left = 1});
    stay.since = oncpu_now_ns();
    stay.left++;
    set_length(stay.since - begin, __atomic_load_n(count, __ATOMIC_RELAXED) - counted);
    if (__atomic_load_n(misses, __ATOMIC_RELAXED) != missed_before)
        do_not_leave_at(claim);
}

int oncpu_leave(uint32_t *claim)
{
    const struct oncpu_thread_record *mine = oncpu_thread_self();

    /* else it released what another thread took, or has, as its record says, been off the CPU meanwhile */
    if (stay.noted > stay.since && (!mine || oncpu_thread_switches(mine) == stay.switches))
        leave(claim);
    return 0;
}
