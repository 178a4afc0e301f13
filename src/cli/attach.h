/* SPDX-License-Identifier: MIT */
/*
 * The machine-wide program: loaded and attached by this process, until it is pinned.
 */
#ifndef ONCPU_CLI_ATTACH_H
#define ONCPU_CLI_ATTACH_H

#include "pinned.h"

struct oncpu_array_bpf;

struct oncpu_attach_size {
    uint32_t pages;
    uint64_t share; /* slots for each user but root */
};

/*
 * Loads the program, with maps of its own, or with those of the one that is pinned; attaches nothing. Returns NULL and sets
 * errno, having said on standard error what the matter is.
 */
struct oncpu_array_bpf *oncpu_attach_load(const struct oncpu_attach_size *size, const struct oncpu_pinned *keep);

/* Whether it is the very program that is pinned. */
bool oncpu_attach_is(const struct oncpu_array_bpf *skeleton, const struct oncpu_pinned *pinned);

/* Whether it could go on with the maps of the one that is pinned, and so with all threads that are registered. */
bool oncpu_attach_can_keep(const struct oncpu_pinned *pinned, uint32_t pages);

/* The share of a user in the one that is pinned; 0: not known. */
uint64_t oncpu_attach_share(const struct oncpu_pinned *pinned);

/* Of the one that is pinned: the top of its stack of free slots, and the first one that was never used. */
bool oncpu_attach_counts(const struct oncpu_pinned *pinned, uint64_t *top, uint64_t *fresh);

/* Return 0 or a negative errno value. */
int oncpu_attach(struct oncpu_array_bpf *skeleton);
int oncpu_attach_pin(struct oncpu_array_bpf *skeleton, const char *folder, const char *prefix, bool with_pages);

void oncpu_attach_close(struct oncpu_array_bpf *skeleton);

#endif
