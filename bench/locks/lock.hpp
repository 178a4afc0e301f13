// SPDX-License-Identifier: MIT
// Makes the adapter of a C++ lock: any type with lock(), unlock() and try_lock(), and of its condition variable.
#ifndef BENCH_LOCK_HPP
#define BENCH_LOCK_HPP

#include "lock.h"

#include <new>
#include <type_traits>

// Stands for the type where its library was not there at build time: bench_missing<bench_not_installed>.
template <const char *(*why)()> struct bench_missing {
    static constexpr auto unavailable = why;
};

// Any type with wait(Lock &), notify_one() and notify_all().
template <class Cond, class Lock>
inline constexpr bench_cond_ops bench_cond = {
    .size = sizeof(Cond),
    .init = [](void *cond) { new (cond) Cond; },
    .destroy = [](void *cond) { static_cast<Cond *>(cond)->~Cond(); },
    .wait = [](void *cond, void *lock) { static_cast<Cond *>(cond)->wait(*static_cast<Lock *>(lock)); },
    .signal = [](void *cond) { static_cast<Cond *>(cond)->notify_one(); },
    .broadcast = [](void *cond) { static_cast<Cond *>(cond)->notify_all(); },
};

template <class Lock, class Cond = void>
constexpr bench_lock_ops bench_ops(const char *name, const char *description, bool hidden)
{
    bench_lock_ops ops = {};

    ops.name = name;
    ops.description = description;
    ops.size = sizeof(Lock);
    ops.hidden = hidden;
    if constexpr (requires { Lock::unavailable; }) {
        ops.unavailable = Lock::unavailable;
    } else {
        ops.init = [](void *lock) { new (lock) Lock; };
        ops.destroy = [](void *lock) { static_cast<Lock *>(lock)->~Lock(); };
        ops.lock = [](void *lock) { static_cast<Lock *>(lock)->lock(); };
        ops.unlock = [](void *lock) { static_cast<Lock *>(lock)->unlock(); };
        ops.trylock = [](void *lock) { return static_cast<Lock *>(lock)->try_lock(); };
        if constexpr (!std::is_void_v<Cond>)
            ops.cond = &bench_cond<Cond, Lock>;
    }
    return ops;
}

#endif
