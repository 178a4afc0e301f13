/* SPDX-License-Identifier: MIT */
/*
 * A lock's address as a number whose bits are mixed, for tables that find something by it.
 */
#ifndef ONCPU_LOCK_ADDRESS_H
#define ONCPU_LOCK_ADDRESS_H

#include <stdint.h>

/* Multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4): the upper bits are the good ones. */
static inline uint64_t oncpu_address_mixed(const uint32_t *word)
{
    return (uint64_t)(uintptr_t)word * 0x9e3779b97f4a7c15u;
}

#endif
