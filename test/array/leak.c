/* SPDX-License-Identifier: MIT */
/*
 * A thread that is registered, and whose storage is then deleted, which only root can: its end is not seen, and its slot gets lost.
 *
 * usage: leak FOLDER
 */
#include "array_abi.h"
#include "check.h"
#include "state/bpf_object.h"

#include <oncpu/oncpu.h>
#include <sys/syscall.h>

static int open_program(const char *folder)
{
    char path[256];
    union bpf_attr attr;

    snprintf(path, sizeof(path), "%s/%s", folder, ONCPU_PIN_REGISTER);
    memset(&attr, 0, sizeof(attr));
    attr.pathname = (uint64_t)(uintptr_t)path;
    return oncpu_bpf(BPF_OBJ_GET, &attr);
}

/* The task storage among the program's maps. */
static int open_storage(int program)
{
    uint32_t ids[16];
    struct bpf_prog_info info;
    union bpf_attr attr;

    memset(&info, 0, sizeof(info));
    memset(&attr, 0, sizeof(attr));
    info.nr_map_ids = 16;
    info.map_ids = (uint64_t)(uintptr_t)ids;
    attr.info.bpf_fd = (uint32_t)program;
    attr.info.info_len = sizeof(info);
    attr.info.info = (uint64_t)(uintptr_t)&info;
    CHECK(oncpu_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0);
    for (uint32_t i = 0; i < info.nr_map_ids; i++) {
        struct bpf_map_info map;
        int fd;

        memset(&attr, 0, sizeof(attr));
        attr.map_id = ids[i];
        fd = oncpu_bpf(BPF_MAP_GET_FD_BY_ID, &attr);
        CHECK(fd >= 0 && oncpu_bpf_info(fd, &map, sizeof(map)) == 0);
        if (map.type == BPF_MAP_TYPE_TASK_STORAGE)
            return fd;
        close(fd);
    }
    return -1;
}

int main(int argc, char **argv)
{
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    union bpf_attr attr;

    CHECK(argc == 2 && pidfd >= 0);
    CHECK(oncpu_init() == 0 && oncpu_source() == ONCPU_SOURCE_ARRAY);
    CHECK(oncpu_thread_register() == 0);
    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)open_storage(open_program(argv[1]));
    attr.key = (uint64_t)(uintptr_t)&pidfd;
    CHECK(oncpu_bpf(BPF_MAP_DELETE_ELEM, &attr) == 0);
    return 0;
}
