// SPDX-License-Identifier: MIT
// Abseil's Mutex: spins briefly, then queues and parks its waiters itself, and knows who waits for which condition.
#include "lock.hpp"

BENCH_NEEDS("absl/synchronization/mutex.h", "absl_synchronization", "libabsl-dev");

#ifdef BENCH_FOUND
#include <absl/synchronization/mutex.h>

struct absl_mutex {
    absl::Mutex mutex;

    void lock() { mutex.Lock(); }
    void unlock() { mutex.Unlock(); }
    bool try_lock() { return mutex.TryLock(); }
};

struct absl_cond {
    absl::CondVar cond;

    void wait(absl_mutex &lock) { cond.Wait(&lock.mutex); }
    void notify_one() { cond.Signal(); }
    void notify_all() { cond.SignalAll(); }
};
#else
using absl_mutex = bench_missing<bench_not_installed>;
using absl_cond = void;
#endif

static constexpr bench_lock_ops ops =
    bench_ops<absl_mutex, absl_cond>("absl", "absl::Mutex of Abseil: spins for a while, then queues and sleeps", false);
BENCH_LOCK(ops);
