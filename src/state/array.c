/* SPDX-License-Identifier: MIT */
/*
 * Source `array`: the machine-wide program that `oncpu enable` has pinned, and its pages. What a process without any privileges
 * does here is all that it can do: map the pages read-only, and register its own threads, each by itself. With an array of the
 * process's own (own_array.c) threads are registered in the same way.
 */
#include "array_abi.h"
#include "bpf_object.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define JOIN_TRIES 20 /* an upgrade is between its two steps for microseconds */

/* Opens a pin. Read and write: the kernel maps no map, and runs no program, through a read-only descriptor. */
static int open_pin(const char *folder, const char *name)
{
    static char path[PATH_MAX]; /* one thread at a time has the guard, and its stack may be of the smallest size */
    union bpf_attr attr;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    memset(&attr, 0, sizeof(attr));
    attr.pathname = (uint64_t)(uintptr_t)path;
    return oncpu_bpf(BPF_OBJ_GET, &attr);
}

/*
 * While `oncpu enable --upgrade` is at it, one of the two pins can be the old one: registered with one program, a thread would
 * look for its record in the pages of another.
 */
static bool uses(int program, uint32_t map_id)
{
    uint32_t ids[16];
    struct bpf_prog_info info;
    union bpf_attr attr;

    memset(&info, 0, sizeof(info));
    memset(&attr, 0, sizeof(attr));
    info.nr_map_ids = sizeof(ids) / sizeof(ids[0]);
    info.map_ids = (uint64_t)(uintptr_t)ids;
    attr.info.bpf_fd = (uint32_t)program;
    attr.info.info_len = sizeof(info);
    attr.info.info = (uint64_t)(uintptr_t)&info;
    if (oncpu_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) || info.type != BPF_PROG_TYPE_SYSCALL)
        return false;
    for (uint32_t i = 0; i < info.nr_map_ids && i < sizeof(ids) / sizeof(ids[0]); i++)
        if (ids[i] == map_id)
            return true;
    return false;
}

static int join(struct oncpu_bpf_program *program, int map, int enter)
{
    struct bpf_map_info info;
    int error = oncpu_bpf_info(map, &info, sizeof(info));

    if (error)
        return error;
    if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size != sizeof(struct oncpu_page) || !info.max_entries)
        return -EPROTO;
    if (!uses(enter, info.id))
        return -EAGAIN;
    error = oncpu_bpf_keep(&program->enter, enter);
    return error ? error : oncpu_array_map(program, map, info.max_entries);
}

int oncpu_array_join(struct oncpu_bpf_program *program, const char *folder)
{
    int error = -EAGAIN;

    oncpu_program_init(program, ONCPU_SOURCE_ARRAY);
    program->machine_wide = true;
    for (int i = 0; error == -EAGAIN && i < JOIN_TRIES; i++) {
        int map = open_pin(folder, ONCPU_PIN_PAGES);
        int enter = map < 0 ? map : open_pin(folder, ONCPU_PIN_REGISTER);

        error = enter < 0 ? enter : join(program, map, enter);
        if (map >= 0)
            close(map); /* the mapping keeps it */
        if (enter >= 0)
            close(enter);
    }
    if (error)
        oncpu_program_close(program);
    return error == -EAGAIN ? -EPROTO : error;
}

/* The end of each thread, which gives its slot back, is seen as long as that link is open; of the machine's we have none. */
static bool has_lost_ends(const struct oncpu_bpf_program *program)
{
    return program->link_exit.fd >= 0 && !oncpu_bpf_is(&program->link_exit);
}

int oncpu_array_watch(const struct oncpu_bpf_program *program, uint32_t tid, uint32_t *slot)
{
    struct oncpu_register_args args = {.tid = tid};
    union bpf_attr attr;
    int error;

    if (!oncpu_bpf_is(&program->enter))
        return -EBADF;
    memset(&attr, 0, sizeof(attr));
    attr.test.prog_fd = (uint32_t)program->enter.fd;
    attr.test.ctx_in = (uint64_t)(uintptr_t)&args;
    attr.test.ctx_size_in = sizeof(args);
    error = oncpu_bpf(BPF_PROG_TEST_RUN, &attr);
    if (error)
        return error;
    *slot = args.slot;
    error = (int)attr.test.retval;
    return error == -ENOSPC && has_lost_ends(program) ? -EBADF : error;
}
