// SPDX-License-Identifier: MIT
//
// oncpu::mutex: oncpu_mutex_t as a C++ TimedLockable, for std::lock_guard, std::unique_lock, std::scoped_lock and
// std::condition_variable_any.
//
//     oncpu::mutex m;
//     std::lock_guard guard(m);
//
#ifndef ONCPU_MUTEX_HPP
#define ONCPU_MUTEX_HPP

#include <oncpu/mutex.h>

#include <chrono>

namespace oncpu
{

class mutex
{
public:
    constexpr mutex() noexcept = default;
    mutex(const mutex &) = delete;
    mutex &operator=(const mutex &) = delete;

    using native_handle_type = oncpu_mutex_t *;
    native_handle_type native_handle() noexcept { return &mutex_; }

    void lock() noexcept { oncpu_mutex_lock(&mutex_); }
    bool try_lock() noexcept { return oncpu_mutex_trylock(&mutex_) == 0; }
    void unlock() noexcept { oncpu_mutex_unlock(&mutex_); }

    // Durations and other clocks are measured on CLOCK_MONOTONIC, which nobody sets ([thread.req.timing]).
    template <class Rep, class Period> bool try_lock_for(const std::chrono::duration<Rep, Period> &timeout)
    {
        auto ticks = std::chrono::duration_cast<std::chrono::steady_clock::duration>(timeout);
        if (ticks < timeout)
            ++ticks; // round up: never give up early
        return try_lock_until(std::chrono::steady_clock::now() + ticks);
    }

    template <class Duration>
    bool try_lock_until(const std::chrono::time_point<std::chrono::steady_clock, Duration> &deadline)
    {
        return until(CLOCK_MONOTONIC, deadline.time_since_epoch());
    }

    template <class Duration>
    bool try_lock_until(const std::chrono::time_point<std::chrono::system_clock, Duration> &deadline)
    {
        return until(CLOCK_REALTIME, deadline.time_since_epoch());
    }

    template <class Clock, class Duration> bool try_lock_until(const std::chrono::time_point<Clock, Duration> &deadline)
    {
        do { // that clock may run at another pace: ask it again
            if (try_lock_for(deadline - Clock::now()))
                return true;
        } while (Clock::now() < deadline);
        return false;
    }

private:
    template <class Duration> bool until(clockid_t clock, const Duration &since_epoch)
    {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
        const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch - seconds);
        if (since_epoch < Duration::zero())
            return try_lock();
        const timespec deadline = {static_cast<time_t>(seconds.count()), static_cast<long>(rest.count())};
        return oncpu_mutex_clocklock(&mutex_, clock, &deadline) == 0;
    }

    oncpu_mutex_t mutex_ = ONCPU_MUTEX_INITIALIZER;
};

} // namespace oncpu

#endif
