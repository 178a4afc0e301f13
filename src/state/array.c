/* SPDX-License-Identifier: MIT */
/*
 * Source `array`: the machine-wide program that `oncpu enable` has pinned, and its pages. What a process without any privileges
 * does here is all that it can do: map the pages read-only, and register its own threads, each by itself.
 */
#include "array_abi.h"
#include "bpf_object.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

static bool has_our_layout(const struct oncpu_page_head *head)
{
    return head->magic == ONCPU_PAGE_MAGIC && head->version == ONCPU_PAGE_VERSION &&
           head->record_size == sizeof(struct oncpu_thread_record) && head->records == ONCPU_PAGE_RECORDS;
}

static int map_pages(struct oncpu_bpf_program *program, int map)
{
    struct bpf_map_info info;
    size_t size;
    void *pages;
    int error = oncpu_bpf_info(map, &info, sizeof(info));

    if (error)
        return error;
    if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size != sizeof(struct oncpu_page) || !info.max_entries)
        return -EPROTO;
    size = info.max_entries * sizeof(struct oncpu_page);
    pages = mmap(NULL, size, PROT_READ, MAP_SHARED, map, 0);
    if (pages == MAP_FAILED)
        return -errno;
    program->pages = pages;
    program->page_count = info.max_entries;
    if (has_our_layout(&program->pages->head))
        return 0;
    munmap(pages, size);
    return -EPROTO;
}

static int keep_enter(struct oncpu_bpf_program *program, int enter)
{
    struct bpf_prog_info info;
    int error = oncpu_bpf_info(enter, &info, sizeof(info));

    if (!error && info.type != BPF_PROG_TYPE_SYSCALL)
        error = -EPROTO;
    return error ? error : oncpu_bpf_keep(&program->enter, enter);
}

int oncpu_array_join(struct oncpu_bpf_program *program, const char *folder)
{
    static const struct oncpu_bpf_object none = {.fd = -1};
    int map = open_pin(folder, ONCPU_PIN_PAGES);
    int enter = map < 0 ? map : open_pin(folder, ONCPU_PIN_REGISTER);
    int error = enter < 0 ? enter : 0;

    *program = (struct oncpu_bpf_program){ONCPU_SOURCE_ARRAY, none, none, none, NULL, 0};
    error = error ? error : keep_enter(program, enter);
    error = error ? error : map_pages(program, map);
    if (error)
        oncpu_program_close(program);
    if (map >= 0)
        close(map); /* the mapping keeps it */
    if (enter >= 0)
        close(enter);
    return error;
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
    return (int)attr.test.retval;
}
