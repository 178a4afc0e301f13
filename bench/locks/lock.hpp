// SPDX-License-Identifier: MIT
// Makes the adapter of a C++ lock: any type with lock(), unlock() and try_lock().
#ifndef BENCH_LOCK_HPP
#define BENCH_LOCK_HPP

#include "lock.h"

#include <new>

// Stands for the type where its library was not there at build time: bench_missing<bench_not_installed>.
template <const char *(*why)()> struct bench_missing {
    static constexpr auto unavailable = why;
};

template <class Lock> constexpr bench_lock_ops bench_ops(const char *name, const char *description, bool hidden)
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
    }
    return ops;
}

#endif
