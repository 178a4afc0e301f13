/* SPDX-License-Identifier: MIT */
/*
 * The pages of a BPF array, whoever loads its program: completed once, then written by nobody but that program, and mapped by
 * those who read them; and what loading it depends on.
 */
#include "array_abi.h"
#include "bpf_object.h"
#include "kernel.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static int freeze(int map)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)map;
    return oncpu_bpf(BPF_MAP_FREEZE, &attr);
}

/* The heads are written through a mapping, which must be gone before the kernel freezes the map. */
int oncpu_array_complete(int map, uint32_t count, uint32_t version, uint32_t home)
{
    const size_t size = count * sizeof(struct oncpu_page);
    struct oncpu_page *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

    if (pages == MAP_FAILED)
        return -errno;
    for (uint32_t i = 0; i < count; i++)
        pages[i].head = (struct oncpu_page_head){.magic = ONCPU_PAGE_MAGIC,
                                                 .version = ONCPU_PAGE_VERSION,
                                                 .record_size = sizeof(struct oncpu_thread_record),
                                                 .records = ONCPU_PAGE_RECORDS,
                                                 .array = version,
                                                 .home = home};
    munmap(pages, size);
    return freeze(map);
}

static bool has_our_layout(const struct oncpu_page_head *head)
{
    return head->magic == ONCPU_PAGE_MAGIC && head->version == ONCPU_PAGE_VERSION &&
           head->record_size == sizeof(struct oncpu_thread_record) && head->records == ONCPU_PAGE_RECORDS;
}

int oncpu_array_map(struct oncpu_bpf_program *program, int map, uint32_t count)
{
    const size_t size = count * sizeof(struct oncpu_page);
    struct oncpu_page *pages = mmap(NULL, size, PROT_READ, MAP_SHARED, map, 0);

    if (pages == MAP_FAILED)
        return -errno;
    if (!has_our_layout(&pages->head)) {
        munmap(pages, size);
        return -EPROTO;
    }
    program->pages = pages;
    program->page_count = count;
    return 0;
}

bool oncpu_array_needs_prepare(void)
{
    return oncpu_kernel_is_before(6, 2);
}
