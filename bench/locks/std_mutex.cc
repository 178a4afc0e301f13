// SPDX-License-Identifier: MIT
// The C++ library's mutex: the C library's, behind one more name.
#include "lock.hpp"

#include <condition_variable>
#include <mutex>

struct std_cond : std::condition_variable {
    void wait(std::mutex &lock)
    {
        std::unique_lock<std::mutex> held(lock, std::adopt_lock);

        std::condition_variable::wait(held);
        held.release(); // whoever waits keeps it
    }
};

static constexpr bench_lock_ops ops =
    bench_ops<std::mutex, std_cond>("std_mutex", "std::mutex of the C++ library, which is a pthread_mutex_t", true);
BENCH_LOCK(ops);
