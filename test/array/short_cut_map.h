/* SPDX-License-Identifier: MIT */
/*
 * The machine-wide program's short cuts: root can read the map, though nobody has it pinned.
 */
#ifndef ONCPU_TEST_ARRAY_SHORT_CUT_MAP_H
#define ONCPU_TEST_ARRAY_SHORT_CUT_MAP_H

#include "array_abi.h"
#include "check.h"

#include <bpf/bpf.h>
#include <errno.h>

struct short_cuts {
    uint64_t *words;
    uint32_t count;
};

#define SHORT_CUTS_MAPS 16

static inline int short_cuts_open(const char *folder)
{
    struct bpf_map_info map;
    uint32_t size = sizeof(map);
    uint32_t ids[SHORT_CUTS_MAPS];
    struct bpf_prog_info program = {.nr_map_ids = SHORT_CUTS_MAPS, .map_ids = (uint64_t)(uintptr_t)ids};
    uint32_t program_size = sizeof(program);
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, ONCPU_PIN_REGISTER);
    fd = bpf_obj_get(path);
    CHECK(fd >= 0 && bpf_obj_get_info_by_fd(fd, &program, &program_size) == 0 && program.nr_map_ids <= SHORT_CUTS_MAPS);
    for (uint32_t i = 0; i < program.nr_map_ids; i++) {
        fd = bpf_map_get_fd_by_id(ids[i]);
        CHECK(fd >= 0 && bpf_obj_get_info_by_fd(fd, &map, &size) == 0);
        if (!strncmp(map.name, "oncpu_short_cuts", sizeof(map.name) - 1))
            return fd;
        close(fd);
    }
    test_failed(__FILE__, __LINE__, "there is no such map");
}

static inline struct short_cuts short_cuts_read(const char *folder)
{
    int map = short_cuts_open(folder);
    struct bpf_map_info info = {0};
    uint32_t size = sizeof(info);
    struct short_cuts all;
    uint32_t *keys;
    uint32_t next;

    CHECK(bpf_obj_get_info_by_fd(map, &info, &size) == 0 && info.value_size == sizeof(*all.words));
    all.count = info.max_entries;
    all.words = calloc(all.count, sizeof(*all.words));
    keys = calloc(all.count, sizeof(*keys));
    CHECK(all.words && keys);
    /* ENOENT: that was the last of them */
    CHECK(bpf_map_lookup_batch(map, NULL, &next, keys, all.words, &all.count, NULL) == 0 || errno == ENOENT);
    CHECK(all.count == info.max_entries);
    free(keys);
    return all;
}

#endif
