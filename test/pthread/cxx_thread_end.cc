// SPDX-License-Identifier: MIT
/*
 * Description: locks taken while a thread or the program ends: thread_local destructors, static destructors, guards of
 * static variables.
 * Holds: ISO C++17 [basic.start.term], [stmt.dcl]; Itanium C++ ABI __cxa_thread_atexit, __cxa_guard_acquire.
 */
#include "check.h"

#include <mutex>
#include <thread>
#include <vector>

namespace
{

std::mutex mutex;
volatile long ended;

struct Counted {
    bool used = false;

    ~Counted()
    {
        for (int i = 0; i < 50; i++) {
            std::lock_guard<std::mutex> guard(mutex);
            long seen = ended;
            if (i == 25)
                std::this_thread::yield();
            ended = seen + 1;
        }
    }
};

thread_local Counted counted;

struct AtExit {
    ~AtExit()
    {
        std::lock_guard<std::mutex> guard(mutex);
        std::thread([] { CHECK(!mutex.try_lock()); }).join();
        printf("static destructor: locked\n");
    }
} at_exit;

struct Slow {
    Slow()
    {
        std::lock_guard<std::mutex> guard(mutex);
        std::this_thread::yield();
    }
    int value = 5;
};

int guarded()
{
    static Slow slow;
    return slow.value;
}

} // namespace

int main()
{
    constexpr int threads = 8, rounds = 40;

    begin();
    for (int r = 0; r < rounds; r++) {
        std::vector<std::thread> pool;
        for (int t = 0; t < threads; t++)
            pool.emplace_back([] {
                counted.used = true;
                CHECK_EQ(5, guarded());
            });
        for (auto &thread : pool)
            thread.join();
    }
    CHECK_EQ(threads * rounds * 50, ended);
    printf("thread_local destructors: exact\n");
    return 0;
}
