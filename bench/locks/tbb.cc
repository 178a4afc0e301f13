// SPDX-License-Identifier: MIT
// The mutexes of oneTBB: one that sleeps, one that spins with backoff, one whose waiters queue and spin.
#include "lock.hpp"

BENCH_NEEDS("oneapi/tbb/mutex.h", "tbb", "libtbb-dev");

#ifdef BENCH_FOUND
#include "nodes.h"

#include <oneapi/tbb/mutex.h>
#include <oneapi/tbb/queuing_mutex.h>
#include <oneapi/tbb/spin_mutex.h>

using sleeping = tbb::mutex;
using spinning = tbb::spin_mutex;

// The library's queue nodes are its scoped locks; a thread needs one for each lock that it has.
struct queuing {
    tbb::queuing_mutex mutex;
    unsigned node; // the owner's

    static inline thread_local tbb::queuing_mutex::scoped_lock nodes[BENCH_NODES];
    static inline thread_local unsigned used;

    void lock()
    {
        unsigned mine = bench_node_take(&used);

        nodes[mine].acquire(mutex);
        node = mine;
    }

    void unlock()
    {
        unsigned mine = node;

        nodes[mine].release();
        bench_node_drop(&used, mine);
    }

    bool try_lock()
    {
        unsigned mine = bench_node_take(&used);
        bool taken = nodes[mine].try_acquire(mutex);

        if (taken)
            node = mine;
        else
            bench_node_drop(&used, mine);
        return taken;
    }
};
#else
using sleeping = bench_missing<bench_not_installed>;
using spinning = sleeping;
using queuing = sleeping;
#endif

static constexpr bench_lock_ops sleeping_ops =
    bench_ops<sleeping>("tbb_mutex", "tbb::mutex of oneTBB: spins for a while, yields, then sleeps", false);
BENCH_LOCK(sleeping_ops);

static constexpr bench_lock_ops spinning_ops =
    bench_ops<spinning>("tbb_spin", "tbb::spin_mutex of oneTBB: spins with backoff, then yields", true);
BENCH_LOCK(spinning_ops);

static constexpr bench_lock_ops queuing_ops =
    bench_ops<queuing>("tbb_queuing", "tbb::queuing_mutex of oneTBB: waiters queue and spin, then yield", true);
BENCH_LOCK(queuing_ops);
