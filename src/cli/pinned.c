/* SPDX-License-Identifier: MIT */
/*
 * From the pins to the programs and maps behind them.
 */
#include "pinned.h"

#include "array_abi.h"
#include "machine.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <oncpu/thread_state_abi.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int open_pin(const char *name)
{
    char path[PATH_MAX];
    int fd;

    oncpu_machine_pin(path, name);
    fd = bpf_obj_get(path);
    return fd < 0 ? -errno : fd;
}

static int program_of(int link)
{
    struct bpf_link_info info = {0};
    uint32_t size = sizeof(info);
    int fd;

    if (bpf_obj_get_info_by_fd(link, &info, &size))
        return -errno;
    fd = bpf_prog_get_fd_by_id(info.prog_id);
    return fd < 0 ? -errno : fd;
}

static int tag_of(int program, uint8_t tag[8])
{
    struct bpf_prog_info info = {0};
    uint32_t size = sizeof(info);

    if (bpf_obj_get_info_by_fd(program, &info, &size))
        return -errno;
    memcpy(tag, info.tag, sizeof(info.tag));
    return 0;
}

static int tag_of_link(const char *pin, uint8_t tag[8])
{
    int link = open_pin(pin);
    int program = link < 0 ? link : program_of(link);
    int error = program < 0 ? program : tag_of(program, tag);

    if (program >= 0)
        close(program);
    if (link >= 0)
        close(link);
    return error;
}

static int add_map(struct oncpu_pinned *pinned, uint32_t id)
{
    struct oncpu_pinned_map *map = &pinned->maps[pinned->map_count];
    struct bpf_map_info info = {0};
    uint32_t size = sizeof(info);

    map->fd = bpf_map_get_fd_by_id(id);
    if (map->fd < 0)
        return -errno;
    pinned->map_count++;
    if (bpf_obj_get_info_by_fd(map->fd, &info, &size))
        return -errno;
    memcpy(map->name, info.name, sizeof(map->name));
    map->type = info.type;
    map->key_size = info.key_size;
    map->value_size = info.value_size;
    map->max_entries = info.max_entries;
    return 0;
}

static int add_maps(struct oncpu_pinned *pinned, int program, uint32_t pages_id)
{
    uint32_t ids[ONCPU_PINNED_MAPS];
    struct bpf_prog_info info = {.nr_map_ids = ONCPU_PINNED_MAPS, .map_ids = (uint64_t)(uintptr_t)ids};
    uint32_t size = sizeof(info);
    int error = 0;

    if (bpf_obj_get_info_by_fd(program, &info, &size))
        return -errno;
    memcpy(pinned->tags[0], info.tag, sizeof(info.tag));
    for (uint32_t i = 0; !error && i < info.nr_map_ids && i < ONCPU_PINNED_MAPS; i++) {
        error = add_map(pinned, ids[i]);
        pinned->one |= ids[i] == pages_id;
    }
    return error;
}

static int look_at_pages(struct oncpu_pinned *pinned, int map, uint32_t *id)
{
    struct bpf_map_info info = {0};
    uint32_t size = sizeof(info);
    struct oncpu_page *first;

    if (bpf_obj_get_info_by_fd(map, &info, &size))
        return -errno;
    if (info.value_size != sizeof(*first))
        return -EPROTO;
    first = mmap(NULL, sizeof(*first), PROT_READ, MAP_SHARED, map, 0);
    if (first == MAP_FAILED)
        return -errno;
    pinned->array = first->head.array;
    pinned->home = first->head.home;
    pinned->pages = info.max_entries;
    *id = info.id;
    munmap(first, sizeof(*first));
    return 0;
}

int oncpu_pinned_open(struct oncpu_pinned *pinned)
{
    int pages = open_pin(ONCPU_PIN_PAGES);
    int program = pages < 0 ? pages : open_pin(ONCPU_PIN_REGISTER);
    uint32_t pages_id = 0;
    int error;

    memset(pinned, 0, sizeof(*pinned));
    error = program < 0 ? program : look_at_pages(pinned, pages, &pages_id);
    error = error ? error : add_maps(pinned, program, pages_id);
    error = error ? error : tag_of_link(ONCPU_PIN_SWITCH, pinned->tags[1]);
    error = error ? error : tag_of_link(ONCPU_PIN_EXIT, pinned->tags[2]);
    if (program >= 0)
        close(program);
    if (pages >= 0)
        close(pages);
    return error;
}

void oncpu_pinned_close(struct oncpu_pinned *pinned)
{
    while (pinned->map_count)
        close(pinned->maps[--pinned->map_count].fd);
}

const struct oncpu_pinned_map *oncpu_pinned_map(const struct oncpu_pinned *pinned, const char *name)
{
    for (uint32_t i = 0; i < pinned->map_count; i++) {
        const char *other = pinned->maps[i].name;
        size_t length = strlen(other);
        size_t wanted = strlen(name);

        if (*name == '.' ? length >= wanted && !strcmp(other + length - wanted, name)
                         : !strncmp(other, name, sizeof(pinned->maps[i].name) - 1))
            return &pinned->maps[i];
    }
    return NULL;
}
