/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What user space and the BPF program of source `array` (oncpu_array.bpf.c) agree on, besides the pages.
 */
#ifndef ONCPU_ARRAY_ABI_H
#define ONCPU_ARRAY_ABI_H

#ifndef __bpf__
#include <stdint.h>
#endif

/* The names of the pins. Users need the first two; the links are the program's life. */
#define ONCPU_PIN_PAGES "pages"
#define ONCPU_PIN_REGISTER "register"
#define ONCPU_PIN_SWITCH "link_switch"
#define ONCPU_PIN_EXIT "link_exit"
#define ONCPU_PIN_PREPARE "link_prepare" /* only before Linux 6.2 */
#define ONCPU_PIN_NEXT "next_"           /* ... and before them, while `oncpu enable --upgrade` is at it */

/*
 * What is in the program's maps, and how: as long as this is the same, another version of the program can go on with them, and
 * whoever is registered stays so. It is in the head of each page.
 */
#ifndef ONCPU_ARRAY_VERSION /* a test has another one */
#define ONCPU_ARRAY_VERSION 2u
#endif

/* The number of a slot: that of its page, and in the low bits that of the record in the page, 0 to ONCPU_PAGE_RECORDS - 1. */
#define ONCPU_SLOT_SHIFT 6
#define ONCPU_SLOT_MASK ((1u << ONCPU_SLOT_SHIFT) - 1)

/*
 * The argument of the program `register`, in and out. It gives the calling thread a slot, or finds the one that it has, and
 * says in its record that it runs. The program's return value is 0 or a negative errno value: -ENOSPC (no slot is free),
 * -EDQUOT (the user has its share), -EINVAL (no tid), -EAGAIN (not at this moment).
 */
struct oncpu_register_args {
    uint32_t tid;  /* in: the caller's tid as its process knows it, for the record; a lie harms nobody else */
    uint32_t slot; /* out: the number of its slot */
};

#endif
