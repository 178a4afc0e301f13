/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a thread and the program that registers it say to each other: shared by the BPF programs and user space.
 */
#ifndef DELIVERY_ABI_H
#define DELIVERY_ABI_H

/* Slots are handed out once and never again: enough for all threads of one run. */
#define DELIVERY_SLOTS 16384u
#define DELIVERY_SLOTS_OF_A_PAGE 64u

struct delivery_join {
    uint64_t address;    /* in: where the thread has its record, for the way that writes the thread's own memory */
    uint32_t fresh_page; /* in: take a slot in a page in which no slot was handed out before */
    uint32_t slot;       /* out */
};

#endif
