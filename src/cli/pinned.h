/* SPDX-License-Identifier: MIT */
/*
 * What `oncpu enable` has pinned, seen from inside: for an upgrade, which goes on with its maps, and for `oncpu status`.
 */
#ifndef ONCPU_CLI_PINNED_H
#define ONCPU_CLI_PINNED_H

#include <stdbool.h>
#include <stdint.h>

#define ONCPU_PINNED_MAPS 8u
#define ONCPU_PINNED_PROGRAMS 3u

struct oncpu_pinned_map {
    int fd;
    char name[16]; /* as the kernel has it: cut off */
    uint32_t type;
    uint32_t key_size;
    uint32_t value_size;
    uint32_t max_entries;
};

struct oncpu_pinned {
    struct oncpu_pinned_map maps[ONCPU_PINNED_MAPS];
    uint32_t map_count;
    uint32_t pages;                         /* how many */
    uint32_t array;                         /* ONCPU_ARRAY_VERSION of its pages; 0: of before there was one */
    uint32_t home;                          /* the PID namespace of who enabled it */
    bool one;                               /* the pages that are pinned are those of the program that is pinned */
    uint8_t tags[ONCPU_PINNED_PROGRAMS][8]; /* register, switch, exit: a hash of their instructions */
};

/* Only for root. Returns 0 or a negative errno value; in either case to be given to oncpu_pinned_close(). */
int oncpu_pinned_open(struct oncpu_pinned *pinned);
void oncpu_pinned_close(struct oncpu_pinned *pinned);

/* The map of that name, which may be longer than the kernel's, or begin with a dot for one whose name ends so; NULL: none. */
const struct oncpu_pinned_map *oncpu_pinned_map(const struct oncpu_pinned *pinned, const char *name);

#endif
