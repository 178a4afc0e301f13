/* SPDX-License-Identifier: MIT */
/*
 * How many of the machine-wide program's short cuts lead somewhere: root can read the map, though nobody has it pinned.
 *
 * usage: short_cuts FOLDER
 */
#include "array_abi.h"
#include "check.h"

#include <bpf/bpf.h>
#include <errno.h>

#define MAPS 16

static int open_map(const char *folder)
{
    struct bpf_map_info map;
    uint32_t size = sizeof(map);
    uint32_t ids[MAPS];
    struct bpf_prog_info program = {.nr_map_ids = MAPS, .map_ids = (uint64_t)(uintptr_t)ids};
    uint32_t program_size = sizeof(program);
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, ONCPU_PIN_REGISTER);
    fd = bpf_obj_get(path);
    CHECK(fd >= 0 && bpf_obj_get_info_by_fd(fd, &program, &program_size) == 0 && program.nr_map_ids <= MAPS);
    for (uint32_t i = 0; i < program.nr_map_ids; i++) {
        fd = bpf_map_get_fd_by_id(ids[i]);
        CHECK(fd >= 0 && bpf_obj_get_info_by_fd(fd, &map, &size) == 0);
        if (!strncmp(map.name, "oncpu_short_cuts", sizeof(map.name) - 1))
            return fd;
        close(fd);
    }
    test_failed(__FILE__, __LINE__, "there is no such map");
}

int main(int argc, char **argv)
{
    struct bpf_map_info info = {0};
    uint32_t size = sizeof(info);
    unsigned filled = 0;
    uint64_t *words;
    uint32_t *keys;
    uint32_t count;
    uint32_t next;
    int map;

    CHECK(argc == 2);
    map = open_map(argv[1]);
    CHECK(bpf_obj_get_info_by_fd(map, &info, &size) == 0 && info.value_size == sizeof(*words));
    count = info.max_entries;
    words = calloc(count, sizeof(*words));
    keys = calloc(count, sizeof(*keys));
    CHECK(words && keys);
    /* ENOENT: that was the last of them */
    CHECK(bpf_map_lookup_batch(map, NULL, &next, keys, words, &count, NULL) == 0 || errno == ENOENT);
    CHECK(count == info.max_entries);
    for (uint32_t i = 0; i < count; i++)
        filled += words[i] != 0;
    printf("%u\n", filled);
    return 0;
}
