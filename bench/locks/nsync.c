/* SPDX-License-Identifier: MIT */
/* nsync's mutex: a word with a queue of waiters that spin briefly and then sleep, and that may be overtaken a few times. */
#include "calls.h"

BENCH_NEEDS("nsync.h", "nsync", "libnsync-dev");

#ifdef BENCH_FOUND
#include <nsync.h>

static void init_nsync(void *lock)
{
    nsync_mu_init(lock);
}

BENCH_CALLS(nsync, nsync_mu_lock, nsync_mu_unlock, !!nsync_mu_trylock, true);
BENCH_COND(cv, nsync_cv, nsync_cv_wait, nsync_cv_signal, nsync_cv_broadcast);
#endif

static const struct bench_lock_ops ops = {
    .name = "nsync",
    .description = "nsync_mu of nsync: spins for a moment, then queues and sleeps",
#ifdef BENCH_FOUND
    .size = sizeof(nsync_mu),
    .init = init_nsync,
    .lock = lock_nsync,
    .unlock = unlock_nsync,
    .trylock = trylock_nsync,
    .cond = &cv,
#else
    .unavailable = bench_not_installed,
#endif
};
BENCH_LOCK(ops);
