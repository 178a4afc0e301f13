/* SPDX-License-Identifier: MIT */
/*
 * Loading, attaching and pinning by libbpf, whose own account of a failure a person may need.
 */
#include "attach.h"

#include "../state/program.h"
#include "array_abi.h"
#include "machine.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <oncpu/thread_state_abi.h>
#include <oncpu_array.skel.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
    return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

/* ---- the maps of another one ---- */

/* All but the constants, which are this program's own. */
static const char *const kept_maps[] = {"oncpu_pages", "oncpu_below",      "oncpu_array_tasks",
                                        "oncpu_users", "oncpu_short_cuts", ".bss"};

#define KEPT_MAPS (sizeof(kept_maps) / sizeof(kept_maps[0]))

bool oncpu_attach_can_keep(const struct oncpu_pinned *pinned, uint32_t pages)
{
    for (size_t i = 0; i < KEPT_MAPS; i++)
        if (!oncpu_pinned_map(pinned, kept_maps[i]))
            return false;
    return pinned->one && pinned->array == ONCPU_ARRAY_VERSION && pinned->pages == pages;
}

/* The version says that they are alike; but what does not even have the size cannot be. */
static int keep_map(struct bpf_map *map, const struct oncpu_pinned_map *kept)
{
    if (kept->type != bpf_map__type(map) || kept->key_size != bpf_map__key_size(map) ||
        kept->value_size != bpf_map__value_size(map) || kept->max_entries != bpf_map__max_entries(map))
        return -EPROTO;
    return bpf_map__reuse_fd(map, kept->fd);
}

static int keep_maps(const struct oncpu_array_bpf *skeleton, const struct oncpu_pinned *pinned)
{
    struct bpf_map *const maps[KEPT_MAPS] = {skeleton->maps.oncpu_pages,       skeleton->maps.oncpu_below,
                                             skeleton->maps.oncpu_array_tasks, skeleton->maps.oncpu_users,
                                             skeleton->maps.oncpu_short_cuts,  skeleton->maps.bss};
    int error = 0;

    for (size_t i = 0; !error && i < KEPT_MAPS; i++)
        error = keep_map(maps[i], oncpu_pinned_map(pinned, kept_maps[i]));
    return error;
}

uint64_t oncpu_attach_share(const struct oncpu_pinned *pinned)
{
    const struct oncpu_pinned_map *map = oncpu_pinned_map(pinned, ".rodata");
    __typeof__(*((struct oncpu_array_bpf *)0)->rodata) constants;
    uint32_t key = 0;

    if (pinned->array != ONCPU_ARRAY_VERSION || !map || map->value_size != sizeof(constants) ||
        bpf_map_lookup_elem(map->fd, &key, &constants))
        return 0;
    return constants.oncpu_user_share;
}

bool oncpu_attach_counts(const struct oncpu_pinned *pinned, uint64_t *top, uint64_t *fresh)
{
    const struct oncpu_pinned_map *map = oncpu_pinned_map(pinned, ".bss");
    __typeof__(*((struct oncpu_array_bpf *)0)->bss) variables;
    uint32_t key = 0;

    if (pinned->array != ONCPU_ARRAY_VERSION || !map || map->value_size != sizeof(variables) ||
        bpf_map_lookup_elem(map->fd, &key, &variables))
        return false;
    *top = variables.oncpu_top;
    *fresh = variables.oncpu_fresh;
    return true;
}

/* ---- loading ---- */

static void set_up(const struct oncpu_array_bpf *skeleton, const struct oncpu_attach_size *size, bool with_prepare)
{
    bpf_map__set_max_entries(skeleton->maps.oncpu_pages, size->pages);
    bpf_map__set_max_entries(skeleton->maps.oncpu_below, size->pages << ONCPU_SLOT_SHIFT);
    skeleton->rodata->oncpu_slots = size->pages * ONCPU_PAGE_RECORDS;
    skeleton->rodata->oncpu_user_share = size->share;
    bpf_program__set_autoload(skeleton->progs.oncpu_prepare, with_prepare);
    bpf_program__set_autoattach(skeleton->progs.oncpu_prepare, false);
}

static int complete(const struct bpf_map *map, uint32_t count)
{
    return oncpu_array_complete(bpf_map__fd(map), count, ONCPU_ARRAY_VERSION, oncpu_machine_pid_namespace());
}

static struct oncpu_array_bpf *load(const struct oncpu_attach_size *size, const struct oncpu_pinned *keep,
                                    bool with_prepare)
{
    struct oncpu_array_bpf *skeleton = oncpu_array_bpf__open();
    int error;

    if (!skeleton)
        return NULL;
    set_up(skeleton, size, with_prepare);
    error = keep ? keep_maps(skeleton, keep) : 0;
    error = error ? error : oncpu_array_bpf__load(skeleton);
    error = error || keep ? error : complete(skeleton->maps.oncpu_pages, size->pages);
    if (!error)
        return skeleton;
    oncpu_array_bpf__destroy(skeleton);
    errno = -error;
    return NULL;
}

/* Where the one that is not indispensable cannot be loaded, without a word on it: oncpu_attach() has one. */
struct oncpu_array_bpf *oncpu_attach_load(const struct oncpu_attach_size *size, const struct oncpu_pinned *keep)
{
    struct oncpu_array_bpf *skeleton = NULL;

    libbpf_set_print(NULL);
    if (oncpu_array_needs_prepare())
        skeleton = load(size, keep, true);
    libbpf_set_print(print);
    return skeleton ? skeleton : load(size, keep, false);
}

bool oncpu_attach_is(const struct oncpu_array_bpf *skeleton, const struct oncpu_pinned *pinned)
{
    const struct bpf_program *const programs[ONCPU_PINNED_PROGRAMS] = {
        skeleton->progs.oncpu_register, skeleton->progs.oncpu_switch, skeleton->progs.oncpu_exit};

    for (size_t i = 0; i < ONCPU_PINNED_PROGRAMS; i++) {
        struct bpf_prog_info info = {0};
        uint32_t length = sizeof(info);

        if (bpf_obj_get_info_by_fd(bpf_program__fd(programs[i]), &info, &length) ||
            memcmp(info.tag, pinned->tags[i], sizeof(info.tag)) != 0)
            return false;
    }
    return pinned->array == ONCPU_ARRAY_VERSION;
}

/* ---- attaching and pinning ---- */

/*
 * Without it a registration that sleeps can make others on its CPU fail, which are tried again, and the end of a thread be
 * missed, whose slot is then lost: rare enough to do without where the kernel cannot attach it (arm64 before Linux 6.4).
 */
static void attach_prepare(struct oncpu_array_bpf *skeleton)
{
    if (bpf_program__fd(skeleton->progs.oncpu_prepare) >= 0)
        skeleton->links.oncpu_prepare = bpf_program__attach(skeleton->progs.oncpu_prepare);
    if (!skeleton->links.oncpu_prepare)
        fputs("oncpu enable: this kernel lets no BPF program be attached to its functions: when memory is short, slots "
              "of "
              "threads that have ended can be lost (oncpu status shows them)\n",
              stderr);
}

int oncpu_attach(struct oncpu_array_bpf *skeleton)
{
    if (oncpu_array_needs_prepare())
        attach_prepare(skeleton);
    return oncpu_array_bpf__attach(skeleton);
}

struct place {
    char path[PATH_MAX];
    const char *folder;
    const char *prefix;
};

static const char *at(struct place *place, const char *name)
{
    snprintf(place->path, sizeof(place->path), "%s/%s%s", place->folder, place->prefix, name);
    return place->path;
}

/*
 * Users need to open the pages and the program for reading and writing, or the kernel maps and runs nothing; that they cannot
 * write is seen to by the freezing of the map. Who may come so far is decided by the folder.
 */
int oncpu_attach_pin(struct oncpu_array_bpf *skeleton, const char *folder, const char *prefix, bool with_pages)
{
    struct place place = {.folder = folder, .prefix = prefix};
    int error = bpf_link__pin(skeleton->links.oncpu_switch, at(&place, ONCPU_PIN_SWITCH));

    error = error ? error : bpf_link__pin(skeleton->links.oncpu_exit, at(&place, ONCPU_PIN_EXIT));
    if (!error && skeleton->links.oncpu_prepare)
        error = bpf_link__pin(skeleton->links.oncpu_prepare, at(&place, ONCPU_PIN_PREPARE));
    /* by the descriptor: libbpf takes a map that it was given for one that is pinned */
    if (!error && with_pages && bpf_obj_pin(bpf_map__fd(skeleton->maps.oncpu_pages), at(&place, ONCPU_PIN_PAGES)))
        error = -errno;
    if (!error && with_pages && chmod(place.path, 0666))
        error = -errno;
    error = error ? error : bpf_program__pin(skeleton->progs.oncpu_register, at(&place, ONCPU_PIN_REGISTER));
    return !error && chmod(place.path, 0666) ? -errno : error;
}

void oncpu_attach_close(struct oncpu_array_bpf *skeleton)
{
    oncpu_array_bpf__destroy(skeleton);
}
