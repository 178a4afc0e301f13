/* SPDX-License-Identifier: MIT */
/* The mutex of C11: the C library's, behind one more call. */
#include "calls.h"

#include <threads.h>

static void init_mtx(void *lock)
{
    mtx_init(lock, mtx_timed);
}

static void destroy_mtx(void *lock)
{
    mtx_destroy(lock);
}

BENCH_CALLS(mtx, mtx_lock, mtx_unlock, mtx_trylock, thrd_success);
BENCH_TIMED_CALL(mtx, mtx_timedlock, thrd_success);
BENCH_COND(cnd, cnd_t, cnd_wait, cnd_signal, cnd_broadcast);

static const struct bench_lock_ops ops = {
    .name = "c11_mtx",
    .description = "mtx_t of C11, which is a pthread_mutex_t",
    .size = sizeof(mtx_t),
    .hidden = true,
    .init = init_mtx,
    .destroy = destroy_mtx,
    .lock = lock_mtx,
    .unlock = unlock_mtx,
    .trylock = trylock_mtx,
    .timedlock = timedlock_mtx,
    .cond = &cnd,
};
BENCH_LOCK(ops);
