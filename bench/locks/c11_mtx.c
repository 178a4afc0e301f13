/* SPDX-License-Identifier: MIT */
/* The mutex of C11: the C library's, behind one more call. */
#include "lock.h"

#include <threads.h>

static void init_mtx(void *lock)
{
    mtx_init(lock, mtx_plain);
}

static void destroy_mtx(void *lock)
{
    mtx_destroy(lock);
}

static void lock_mtx(void *lock)
{
    mtx_lock(lock);
}

static void unlock_mtx(void *lock)
{
    mtx_unlock(lock);
}

static bool trylock_mtx(void *lock)
{
    return mtx_trylock(lock) == thrd_success;
}

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
};
BENCH_LOCK(ops);
