/* SPDX-License-Identifier: MIT */
/* Does this lock lock? Asked of every adapter before it is timed. */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include "../locks/lock.h"

/*
 * Some 100 ms. Returns true when nothing was wrong; else `why` says what. A lock that lets a thread wait for 20 s ends
 * the program with status 1: that thread cannot be ended in any other way.
 */
bool bench_check(const struct bench_lock_ops *ops, char *why, size_t size);

#endif
