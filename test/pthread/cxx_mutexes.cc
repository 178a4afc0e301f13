// SPDX-License-Identifier: MIT
/*
 * Description: the C++ mutexes: exclusion, try_lock_for and try_lock_until by every clock, std::lock, scoped_lock.
 * Holds: ISO C++17 [thread.mutex.requirements], libstdc++ (gthreads over pthread_mutex_*).
 */
#include "check.h"

#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace
{

template <typename Mutex, typename Lock> void count(Mutex &mutex, Lock lock)
{
    constexpr int threads = 6, rounds = 3000;
    volatile long counter = 0;
    std::vector<std::thread> pool;

    for (int t = 0; t < threads; t++)
        pool.emplace_back([&] {
            for (int i = 0; i < rounds; i++) {
                lock(mutex);
                long seen = counter;
                if (i % 64 == 0)
                    std::this_thread::yield();
                counter = seen + 1;
                mutex.unlock();
            }
        });
    for (auto &thread : pool)
        thread.join();
    CHECK_EQ(threads * rounds, counter);
}

template <typename Mutex> void plain(const char *name)
{
    Mutex mutex;

    count(mutex, [](Mutex &m) { m.lock(); });
    count(mutex, [](Mutex &m) {
        while (!m.try_lock())
            std::this_thread::yield();
    });
    printf("%s: exact\n", name);
}

template <typename Mutex> void timed(const char *name)
{
    Mutex mutex;

    count(mutex, [](Mutex &m) {
        while (!m.try_lock_for(1ms))
            continue;
    });
    count(mutex, [](Mutex &m) {
        while (!m.try_lock_until(std::chrono::system_clock::now() + 1ms))
            continue;
    });
    mutex.lock();
    std::thread([&] {
        auto before = std::chrono::steady_clock::now();
        CHECK(!mutex.try_lock());
        CHECK(!mutex.try_lock_for(15ms));
        CHECK(std::chrono::steady_clock::now() - before >= 15ms);
        auto due = std::chrono::system_clock::now() + 10ms;
        CHECK(!mutex.try_lock_until(due));
        CHECK(std::chrono::system_clock::now() >= due);
        CHECK(!mutex.try_lock_until(std::chrono::steady_clock::now() - 1s));
        CHECK(!mutex.try_lock_for(-1s));
    }).join();
    mutex.unlock();
    CHECK(mutex.try_lock_for(0s));
    mutex.unlock();
    printf("%s: exact, never early\n", name);
}

void shared()
{
    std::shared_timed_mutex mutex;
    std::vector<std::thread> pool;
    volatile long first = 0, second = 0;

    for (int t = 0; t < 6; t++)
        pool.emplace_back([&, t] {
            for (int i = 0; i < 1500; i++) {
                if (t % 3 == 0) {
                    std::unique_lock lock(mutex);
                    first = first + 1;
                    second = second + 1;
                } else {
                    std::shared_lock lock(mutex, 1s);
                    CHECK(!lock || first == second);
                }
            }
        });
    for (auto &thread : pool)
        thread.join();
    CHECK_EQ(2 * 1500, first);
    printf("shared_timed_mutex: exact\n");
}

void several()
{
    std::mutex a, b;
    std::recursive_mutex c;
    volatile long counter = 0;
    std::vector<std::thread> pool;

    for (int t = 0; t < 4; t++)
        pool.emplace_back([&, t] {
            for (int i = 0; i < 1500; i++) {
                if (t % 2) {
                    std::scoped_lock lock(a, b, c);
                    counter = counter + 1;
                } else {
                    std::scoped_lock lock(c, b, a);
                    counter = counter + 1;
                }
            }
        });
    for (auto &thread : pool)
        thread.join();
    CHECK_EQ(4 * 1500, counter);
    printf("scoped_lock of three: exact\n");
}

} // namespace

int main()
{
    begin();
    plain<std::mutex>("mutex");
    plain<std::recursive_mutex>("recursive_mutex");
    plain<std::shared_mutex>("shared_mutex");
    timed<std::timed_mutex>("timed_mutex");
    timed<std::recursive_timed_mutex>("recursive_timed_mutex");
    shared();
    several();
    return 0;
}
