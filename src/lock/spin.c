/* SPDX-License-Identifier: MIT */
/*
 * The cost of a pause, measured: it differs by a factor of fourteen between x86 generations, and more between CPUs of
 * different makes, so that a spin counted in pauses is a guess.
 */
#include "spin.h"

#include "../state/state.h"
#include "os.h"

#define SAMPLES 4
#define PAUSES_PER_SAMPLE 32u
#define LOOK_AGAIN_NS 1000000000u

static uint32_t pause_cost; /* of PAUSES_PER_SAMPLE pauses, ns; 0: not measured. Any thread's result will do */

static uint32_t measure(void)
{
    uint64_t best = UINT32_MAX;

    for (int i = 0; i < SAMPLES; i++) { /* the shortest: a sample can be interrupted */
        uint64_t begin = oncpu_now_ns();
        for (uint32_t n = 0; n < PAUSES_PER_SAMPLE; n++)
            oncpu_pause();
        uint64_t took = oncpu_now_ns() - begin;
        best = took < best ? took : best;
    }
    return best ? (uint32_t)best : 1;
}

void oncpu_spin_ns(uint32_t ns)
{
    uint32_t cost = __atomic_load_n(&pause_cost, __ATOMIC_RELAXED);

    if (!cost) {
        cost = measure();
        __atomic_store_n(&pause_cost, cost, __ATOMIC_RELAXED);
    }
    for (uint32_t n = ns * PAUSES_PER_SAMPLE / cost + 1; n; n--)
        oncpu_pause();
}

bool oncpu_spin_allowed(uint64_t now)
{
    static uint64_t looked; /* relaxed, both: two threads may look at once, and either answer is good for a second */
    static bool allowed;
    int saved_errno = errno;

    if (now - __atomic_load_n(&looked, __ATOMIC_RELAXED) > LOOK_AGAIN_NS) {
        __atomic_store_n(&allowed, oncpu_state_cpus() > 1, __ATOMIC_RELAXED);
        __atomic_store_n(&looked, now, __ATOMIC_RELAXED);
        errno = saved_errno;
    }
    return __atomic_load_n(&allowed, __ATOMIC_RELAXED);
}
