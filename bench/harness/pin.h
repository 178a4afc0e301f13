/* SPDX-License-Identifier: MIT */
/* A process on fewer CPUs than it may use. */
#ifndef BENCH_PIN_H
#define BENCH_PIN_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Pins the calling thread, and those that it will create, to the first n CPUs of those it may use, which `before`
 * becomes. False: nothing has changed, and `why` says what was wrong.
 */
bool bench_pin(unsigned n, cpu_set_t *before, char *why, size_t size);

void bench_unpin(const cpu_set_t *before);

/*
 * Starts this program anew with the same arguments, pinned, so that libraries that count CPUs as they are loaded count
 * these. Returns when it is pinned so already, or cannot be.
 */
void bench_pin_from_start(unsigned n);

#endif
