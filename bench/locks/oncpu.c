/* SPDX-License-Identifier: MIT */
/* The native mutex of this project, with the thread states and without them. */
#include "calls.h"

#include <oncpu/oncpu.h>

BENCH_CALLS(oncpu, oncpu_mutex_lock, oncpu_mutex_unlock, oncpu_mutex_trylock, 0);
BENCH_TIMED_CALL(oncpu, oncpu_mutex_timedlock, 0);

static const char *no_states(void)
{
    return oncpu_init() == 0 ? NULL : oncpu_source_reason();
}

static const char *use_states(void)
{
    if (oncpu_source_select(ONCPU_SOURCE_AUTO) == 0)
        return NULL;
    return oncpu_source_reason();
}

static const char *use_no_states(void)
{
    return oncpu_source_select(ONCPU_SOURCE_NONE) == 0 ? NULL : "cannot suspend the thread states";
}

BENCH_COND(cond, oncpu_cond_t, oncpu_cond_wait, oncpu_cond_signal, oncpu_cond_broadcast);

static const struct bench_lock_ops with_states = {
    .name = "oncpu",
    .description = "oncpu_mutex_t: waiters spin while the owner is on a CPU",
    .size = sizeof(oncpu_mutex_t),
    .lock = lock_oncpu,
    .unlock = unlock_oncpu,
    .trylock = trylock_oncpu,
    .timedlock = timedlock_oncpu,
    .unavailable = no_states,
    .before_run = use_states,
    .cond = &cond,
};
BENCH_LOCK(with_states);

static const struct bench_lock_ops without_states = {
    .name = "oncpu_none",
    .description = "oncpu_mutex_t without BPF: waiters know nothing of the owner",
    .size = sizeof(oncpu_mutex_t),
    .lock = lock_oncpu,
    .unlock = unlock_oncpu,
    .trylock = trylock_oncpu,
    .timedlock = timedlock_oncpu,
    .before_run = use_no_states,
    .cond = &cond,
};
BENCH_LOCK(without_states);
