/* SPDX-License-Identifier: MIT */
/*
 * Random numbers per thread: rand() takes a lock of its own, which would order the threads under test.
 */
#ifndef ONCPU_TEST_RANDOM_H
#define ONCPU_TEST_RANDOM_H

#include <stdint.h>

/* xorshift64*; the state must not be 0. */
static inline uint64_t test_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

#endif
