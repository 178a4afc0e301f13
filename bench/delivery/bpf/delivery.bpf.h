/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs of all ways have in common, so that they differ in the delivery alone.
 */
#ifndef DELIVERY_BPF_H
#define DELIVERY_BPF_H

#include "record.h"

#include <bpf/bpf_tracing.h>

#include "delivery_abi.h"

char LICENSE[] SEC("license") = "GPL";

/* Atomic, as any number of threads may register at once; *next may skip slots, it never gives one twice. */
static __always_inline __u32 take_slot(__u32 *next, __u32 fresh_page)
{
    if (!fresh_page)
        return __sync_fetch_and_add(next, 1);
    return (__sync_fetch_and_add(next, 2 * DELIVERY_SLOTS_OF_A_PAGE) + DELIVERY_SLOTS_OF_A_PAGE - 1) &
           ~(DELIVERY_SLOTS_OF_A_PAGE - 1);
}

#endif
