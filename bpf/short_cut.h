/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which slot a thread has, found by two loads: asking its storage, twice at every context switch, costs more than all the rest.
 *
 * A table with a place for each pid, and room for a fraction of them. A word says whose it is, so that threads whose pids share
 * a place cost each other time, and nothing else. It is filled from the storage, and emptied before a slot is given back.
 */
#ifndef ONCPU_SHORT_CUT_H
#define ONCPU_SHORT_CUT_H

#include "kernel_types.h"

#include <bpf/bpf_helpers.h>

#ifndef ONCPU_SHORT_CUTS       /* a test has one, for all threads */
#define ONCPU_SHORT_CUTS 65536 /* a power of two */
#endif

/* The pid in the high half, the slot + 1 in the low one. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, ONCPU_SHORT_CUTS);
    __type(key, uint32_t);
    __type(value, uint64_t);
} oncpu_short_cuts SEC(".maps");

static __always_inline volatile uint64_t *short_cut_of(uint32_t pid)
{
    uint32_t place = pid & (ONCPU_SHORT_CUTS - 1);

    return bpf_map_lookup_elem(&oncpu_short_cuts, &place);
}

/* The slot + 1; 0: ask the storage. */
static __always_inline uint32_t take_short_cut(const volatile uint64_t *short_cut, uint32_t pid)
{
    uint64_t word = short_cut ? *short_cut : 0;

    return word >> 32 == pid ? (uint32_t)word : 0;
}

static __always_inline void fill_short_cut(volatile uint64_t *short_cut, uint32_t pid, uint32_t slot)
{
    if (short_cut && !*short_cut)
        *short_cut = (uint64_t)pid << 32 | slot;
}

/*
 * For a thread that is new: its pid may be that of one before it to which exec gave another, and whose short cut stays until it
 * ends.
 */
static __always_inline void renew_short_cut(uint32_t pid, uint32_t slot)
{
    volatile uint64_t *short_cut = short_cut_of(pid);

    if (take_short_cut(short_cut, pid))
        *short_cut = (uint64_t)pid << 32 | slot;
}

static __always_inline void clear_short_cut(uint32_t pid, uint32_t slot)
{
    uint64_t *short_cut = bpf_map_lookup_elem(&oncpu_short_cuts, &(uint32_t){pid & (ONCPU_SHORT_CUTS - 1)});

    if (short_cut)
        __sync_val_compare_and_swap(short_cut, (uint64_t)pid << 32 | slot, 0);
}

#endif
