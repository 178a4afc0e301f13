// SPDX-License-Identifier: MIT
/*
 * Description: C++ condition variables, call_once, futures: what libstdc++ builds on mutexes and thread creation.
 * Holds: ISO C++17 [thread.condition], [thread.once], [futures].
 */
#include "check.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace
{

template <typename Mutex, typename Condition> void queue(const char *name)
{
    constexpr int producers = 3, items = 1500;
    Mutex mutex;
    Condition filled;
    std::deque<int> fifo;
    std::vector<std::thread> pool;
    std::atomic<long> sum{0};

    for (int t = 0; t < producers; t++) {
        pool.emplace_back([&] {
            for (int i = 1; i <= items; i++) {
                std::lock_guard<Mutex> guard(mutex);
                fifo.push_back(i);
                filled.notify_one();
            }
        });
        pool.emplace_back([&] {
            for (int i = 0; i < items; i++) {
                std::unique_lock<Mutex> lock(mutex);
                while (!filled.wait_for(lock, 1ms, [&] { return !fifo.empty(); }))
                    continue;
                sum += fifo.front();
                fifo.pop_front();
            }
        });
    }
    for (auto &thread : pool)
        thread.join();
    CHECK_EQ((long)producers * items * (items + 1) / 2, sum.load());
    printf("%s: all items arrived\n", name);
}

template <typename Mutex, typename Condition> void timeouts(const char *name)
{
    Mutex mutex;
    Condition never;
    std::unique_lock<Mutex> lock(mutex);

    auto steady = std::chrono::steady_clock::now() + 12ms;
    while (never.wait_until(lock, steady) != std::cv_status::timeout)
        continue;
    CHECK(std::chrono::steady_clock::now() >= steady);
    auto system = std::chrono::system_clock::now() + 12ms;
    while (never.wait_until(lock, system) != std::cv_status::timeout)
        continue;
    CHECK(std::chrono::system_clock::now() >= system);
    CHECK(never.wait_for(lock, -1s) == std::cv_status::timeout);
    CHECK(lock.owns_lock());
    printf("%s: never early\n", name);
}

void once()
{
    for (int round = 0; round < 100; round++) {
        std::once_flag flag;
        std::atomic<int> calls{0}, failures{0};
        std::vector<std::thread> pool;

        for (int t = 0; t < 6; t++)
            pool.emplace_back([&] {
                try {
                    std::call_once(flag, [&] {
                        if (calls++ < 2)
                            throw std::runtime_error("again");
                    });
                } catch (const std::runtime_error &) {
                    failures++;
                }
            });
        for (auto &thread : pool)
            thread.join();
        CHECK_EQ(3, calls.load());
        CHECK_EQ(2, failures.load());
    }
    printf("call_once: once, after two failures\n");
}

void futures()
{
    std::vector<std::future<int>> results;
    std::mutex mutex;
    int running = 0;

    for (int i = 0; i < 200; i++)
        results.push_back(std::async(std::launch::async, [&, i] {
            std::lock_guard<std::mutex> guard(mutex);
            running++;
            return i;
        }));
    int sum = std::accumulate(results.begin(), results.end(), 0, [](int s, auto &f) { return s + f.get(); });
    CHECK_EQ(199 * 200 / 2, sum);
    CHECK_EQ(200, running);
    std::promise<int> promise;
    auto future = promise.get_future();
    CHECK(future.wait_for(5ms) == std::future_status::timeout);
    std::thread([&] { promise.set_value_at_thread_exit(7); }).join();
    CHECK_EQ(7, future.get());
    printf("async and promise: all values\n");
}

} // namespace

int main()
{
    begin();
    queue<std::mutex, std::condition_variable>("condition_variable");
    queue<std::mutex, std::condition_variable_any>("condition_variable_any");
    queue<std::recursive_timed_mutex, std::condition_variable_any>("condition_variable_any, recursive_timed_mutex");
    timeouts<std::mutex, std::condition_variable>("condition_variable");
    timeouts<std::timed_mutex, std::condition_variable_any>("condition_variable_any");
    once();
    futures();
    return 0;
}
