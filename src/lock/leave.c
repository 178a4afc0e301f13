/* SPDX-License-Identifier: MIT */
/*
 * When a thread leaves its CPU, and for how long it stays. It may be wrong at no other price than time.
 */
#include "leave.h"

#include "../state/self.h"
#include "../state/state.h"
#include "os.h"
#include "stats.h"

#include <sched.h>

#define STAY_LEAST 100000u /* ns on the CPU from one leave to the next */
#define STAY_MOST 1000000u /* a scheduler takes the CPU away after 3 to 6 ms */
#define NOBODY 5000u       /* a leave that took less time found nobody who wanted the CPU */
#define DEAR 6u            /* who had the CPU meanwhile, and for so many times as long, does not leave it by itself */
#define PLACES 64u         /* for the counts of CPUs: those 64 apart share one, and a process seldom has all of them */

__thread uint32_t oncpu_leave_count = 1;

static __thread struct {
    uint64_t since;    /* when it was seen on its CPU first ... */
    uint64_t switches; /* ... after so many switches */
    uint32_t length;   /* how long it stays */
    bool over;         /* it leaves at the next release */
} stay __attribute__((tls_model("initial-exec"))) = {.length = STAY_LEAST};

/* How often threads left each CPU. Relaxed: two threads that take turns on one CPU see each other's, and it is for them. */
static struct {
    uint32_t count;
} __attribute__((aligned(64))) leaves[PLACES];

void oncpu_leave_plan(const struct oncpu_thread_record *mine, uint64_t now)
{
    uint64_t switches;

    if (!mine || stay.over)
        return;
    switches = oncpu_thread_switches(mine);
    if (switches != stay.switches || !stay.since) {
        stay.switches = switches;
        stay.since = now;
    } else if (now - stay.since > stay.length) {
        stay.over = true;
        oncpu_leave_count--;
    }
}

/*
 * Threads that all leave share a CPU in short turns, and each gets it back soon. Who does not leave keeps it for the scheduler's time, and
 * to offer it too often would give it away. If nobody wants it, offering it is a system call for nothing.
 */
static void set_length(uint64_t lost, uint32_t turns)
{
    uint64_t length = stay.length;

    if (lost < NOBODY)
        length += length / 4;
    else if (lost > length * turns * DEAR)
        length *= 4;
    else
        length -= length / 4;
    stay.length = length < STAY_LEAST ? STAY_LEAST : length > STAY_MOST ? STAY_MOST : (uint32_t)length;
}

/*
 * Only these share a CPU in turns: who has a real-time priority yields to its equals, and who has a deadline gives up the rest of its
 * time. Where bpf() was allowed the question is; elsewhere a filter might kill the process for it.
 */
static bool takes_turns(void)
{
    bool may_ask = __atomic_load_n(&oncpu_state_source, __ATOMIC_RELAXED) != ONCPU_SOURCE_NONE;
    long policy = may_ask ? syscall(SYS_sched_getscheduler, 0) : SCHED_OTHER;

    policy &= ~SCHED_RESET_ON_FORK;
    return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

bool oncpu_leave_cpu(void)
{
    int saved_errno = errno;
    bool may = !oncpu_state_in_sandbox() && takes_turns();

    if (may)
        syscall(SYS_sched_yield);
    errno = saved_errno;
    return may;
}

static void leave(void)
{
    uint32_t *count = &leaves[oncpu_self_cpu() % PLACES].count;
    uint64_t begin = oncpu_now_ns();
    uint32_t before = __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);

    if (oncpu_leave_cpu())
        oncpu_stats_add(&(struct oncpu_stats){.left = 1});
    stay.since = oncpu_now_ns();
    set_length(stay.since - begin, __atomic_load_n(count, __ATOMIC_RELAXED) - before);
}

int oncpu_leave(void)
{
    const struct oncpu_thread_record *mine;

    oncpu_leave_count++; /* from 0: it has no lock */
    if (!stay.over)
        return 0; /* it released what another thread took */
    stay.over = false;
    mine = oncpu_thread_self();
    if (mine && oncpu_thread_switches(mine) == stay.switches) /* or else it has been off the CPU meanwhile */
        leave();
    return 0;
}
