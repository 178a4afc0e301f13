/* SPDX-License-Identifier: MIT */
/*
 * Source `array` where nothing is pinned: a program of the process's own, with an array of its own, that goes with the last of the
 * process and those that it forked. Its threads register themselves as they do with the machine-wide one.
 *
 * It is loaded by a light skeleton, as uptr.c is.
 */
#include "array_abi.h"
#include "bpf_object.h"

#include <errno.h>
#include <oncpu_own.lskel.h>
#include <oncpu_own_prepare.lskel.h>
#include <string.h>
#include <unistd.h>

/* Enough threads for nearly every process; 64 bytes each, and twice as much for finding them, which the kernel gives at once. */
#define PAGES 65u

struct loaded {
    int pages;
    int enter;
    int on_switch;
    int on_exit;
    int prepare; /* 0: it is not in this one */
};

static int attach(struct oncpu_bpf_object *link, int program)
{
    union bpf_attr attr;
    int error;
    int fd;

    memset(&attr, 0, sizeof(attr));
    attr.raw_tracepoint.prog_fd = (uint32_t)program;
    fd = oncpu_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
    if (fd < 0)
        return fd;
    error = oncpu_bpf_keep(link, fd);
    close(fd);
    return error;
}

/*
 * Keeps what is needed for as long as the process lives; all else goes with the skeleton. Nobody but the programs can write the
 * pages from here on, and no descriptor is kept by which any map could be changed: children may have fewer privileges.
 */
static int use(struct oncpu_bpf_program *program, const struct loaded *loaded)
{
    int error = oncpu_array_complete(loaded->pages, PAGES, 0, 0);

    error = error ? error : oncpu_bpf_keep(&program->enter, loaded->enter);
    error = error ? error : attach(&program->link_exit, loaded->on_exit);
    if (!error && loaded->prepare)
        attach(&program->link_prepare, loaded->prepare); /* not indispensable: see src/cli/attach.c */
    error = error ? error : attach(&program->link, loaded->on_switch);
    error = error ? error : oncpu_array_map(program, loaded->pages, PAGES);
    if (error)
        oncpu_program_close(program);
    return error;
}

/* The skeletons' types have nothing in common but the names in them. */
#define DEFINE_LOAD(function, type, prepare_fd)                                                                        \
    static int function(struct oncpu_bpf_program *program)                                                             \
    {                                                                                                                  \
        struct type *skeleton = type##__open();                                                                        \
        int error;                                                                                                     \
                                                                                                                       \
        if (!skeleton)                                                                                                 \
            return -ENOMEM;                                                                                            \
        skeleton->maps.oncpu_pages.max_entries = PAGES;                                                                \
        skeleton->maps.oncpu_below.max_entries = PAGES << ONCPU_SLOT_SHIFT;                                            \
        skeleton->rodata->oncpu_slots = PAGES * ONCPU_PAGE_RECORDS;                                                    \
        error = type##__load(skeleton);                                                                                \
        if (!error)                                                                                                    \
            error = use(program,                                                                                       \
                        &(struct loaded){skeleton->maps.oncpu_pages.map_fd, skeleton->progs.oncpu_register.prog_fd,    \
                                         skeleton->progs.oncpu_switch.prog_fd, skeleton->progs.oncpu_exit.prog_fd,     \
                                         prepare_fd});                                                                 \
        type##__destroy(skeleton);                                                                                     \
        return error;                                                                                                  \
    }

DEFINE_LOAD(load_plain, oncpu_own_bpf, 0)
DEFINE_LOAD(load_with_prepare, oncpu_own_prepare_bpf, skeleton->progs.oncpu_prepare.prog_fd)

static int load(struct oncpu_bpf_program *program)
{
    int error = oncpu_array_needs_prepare() ? load_with_prepare(program) : -ENOTSUP;

    return error ? load_plain(program) : 0;
}

int oncpu_own_array_load(struct oncpu_bpf_program *program)
{
    oncpu_program_init(program, ONCPU_SOURCE_ARRAY);
    return oncpu_bpf_load(program, load);
}
