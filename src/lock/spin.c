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
    return best > PAUSES_PER_SAMPLE ? (uint32_t)best : PAUSES_PER_SAMPLE; /* a coarse clock may see nothing pass */
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

bool oncpu_spin_allowed(void)
{
    return oncpu_state_cpus > 1;
}
