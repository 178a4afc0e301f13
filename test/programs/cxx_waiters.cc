/* SPDX-License-Identifier: MIT */
/*
 * A bounded queue in plain standard C++: the waits of C++ reach the C library in ways of their own
 * (pthread_cond_clockwait, pthread_mutex_clocklock).
 */
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace
{
constexpr int producers = 4;
constexpr int consumers = 4;
constexpr int items = 20000;

std::mutex mutex;
std::condition_variable filled;
std::condition_variable emptied;
std::deque<int> queue;
long taken;
long long sum;
std::timed_mutex guard;
long guarded;
long gave_up;

void produce()
{
    for (int i = 0; i < items; i++) {
        std::unique_lock<std::mutex> lock(mutex);
        while (!emptied.wait_for(lock, 10ms, [] { return queue.size() < 16; }))
            ;
        queue.push_back(i);
        filled.notify_one();
    }
}

void consume()
{
    for (;;) {
        std::unique_lock<std::mutex> lock(mutex);
        while (!filled.wait_for(lock, 10ms, [] { return !queue.empty() || taken == long(producers) * items; }))
            ;
        if (queue.empty())
            return;
        sum += queue.front();
        queue.pop_front();
        if (++taken == long(producers) * items)
            filled.notify_all();
        emptied.notify_one();
    }
}

void guarded_count()
{
    long mine = 0;
    long missed = 0;
    for (int i = 0; i < 5000; i++) {
        if (i % 2 ? guard.try_lock_for(50us) : guard.try_lock_until(std::chrono::system_clock::now() + 50us)) {
            guarded++;
            mine++;
            guard.unlock();
        } else {
            missed++;
        }
    }
    std::lock_guard<std::timed_mutex> lock(guard);
    guarded -= mine;
    gave_up += missed;
}
} // namespace

int main()
{
    std::vector<std::thread> threads;
    for (int i = 0; i < producers; i++)
        threads.emplace_back(produce);
    for (int i = 0; i < consumers; i++)
        threads.emplace_back(consume);
    for (int i = 0; i < 4; i++)
        threads.emplace_back(guarded_count);
    for (auto &thread : threads)
        thread.join();

    std::unique_lock<std::mutex> lock(mutex);
    auto begin = std::chrono::steady_clock::now();
    bool woken = filled.wait_until(lock, begin + 20ms, [] { return false; });
    bool in_time = std::chrono::steady_clock::now() - begin >= 20ms;
    long long expected = (long long)producers * items * (items - 1) / 2;
    if (taken != long(producers) * items || sum != expected || guarded != 0 || woken || !in_time) {
        std::fprintf(stderr, "%ld taken, sum %lld of %lld, %ld guarded, %ld gave up, woken %d, in time %d\n", taken,
                     sum, expected, guarded, gave_up, woken, in_time);
        return 1;
    }
    return 0;
}
