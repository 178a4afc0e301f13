// SPDX-License-Identifier: MIT
// The C++ library's mutex: the C library's, behind one more name.
#include "lock.hpp"

#include <mutex>

static constexpr bench_lock_ops ops =
    bench_ops<std::mutex>("std_mutex", "std::mutex of the C++ library, which is a pthread_mutex_t", true);
BENCH_LOCK(ops);
