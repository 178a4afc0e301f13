/* SPDX-License-Identifier: MIT */
/*
 * BPF descriptors that live in a program that knows nothing of them: where they are put, and whether they are still ours.
 */
#include "bpf_object.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int oncpu_bpf(enum bpf_cmd command, union bpf_attr *attr)
{
    long result = syscall(SYS_bpf, command, attr, sizeof(*attr));

    return result < 0 ? -errno : (int)result;
}

int oncpu_bpf_info(int fd, void *info, uint32_t size)
{
    union bpf_attr attr;

    memset(info, 0, size);
    memset(&attr, 0, sizeof(attr));
    attr.info.bpf_fd = (uint32_t)fd;
    attr.info.info_len = size;
    attr.info.info = (uint64_t)(uintptr_t)info;
    return oncpu_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

/* The beginning of all three structs bpf_*_info, include/uapi/linux/bpf.h: the id, never 0, is the second word. */
static bool identify(int fd, uint32_t identity[4])
{
    return !oncpu_bpf_info(fd, identity, 4 * sizeof(*identity)) && identity[1];
}

/*
 * Programs that count on low descriptor numbers, or close the first few hundred when they become a daemon, shall not meet
 * ours; and above FD_SETSIZE the kernel would have to grow the table.
 */
int oncpu_bpf_high(int fd)
{
    struct rlimit limit;
    rlim_t top = getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > 1024 ? 1024 : limit.rlim_cur;
    long high = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, top > 64 ? (int)top - 64 : 3);

    return high < 0 ? -errno : (int)high;
}

int oncpu_bpf_keep(struct oncpu_bpf_object *object, int fd)
{
    object->fd = oncpu_bpf_high(fd);
    if (object->fd < 0)
        return object->fd;
    return identify(object->fd, object->identity) ? 0 : -EBADF;
}

bool oncpu_bpf_is(const struct oncpu_bpf_object *object)
{
    uint32_t now[4];

    return object->fd >= 0 && identify(object->fd, now) && !memcmp(now, object->identity, sizeof(now));
}

void oncpu_program_init(struct oncpu_bpf_program *program, enum oncpu_source source)
{
    static const struct oncpu_bpf_object none = {.fd = -1};

    *program = (struct oncpu_bpf_program){.source = source,
                                          .tasks = none,
                                          .enter = none,
                                          .link = none,
                                          .link_exit = none,
                                          .link_prepare = none,
                                          .why = ""};
}

/*
 * A light skeleton takes 0 for "no descriptor". A daemon that closed its standard ones would have it given: so they are
 * taken up meanwhile.
 */
int oncpu_bpf_load(struct oncpu_bpf_program *program, int (*load)(struct oncpu_bpf_program *program))
{
    int standard[3];
    int taken = 0;
    int error;

    for (int fd = -1; taken < 3; standard[taken++] = fd) {
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd > 2)
            close(fd);
        if (fd < 0 || fd > 2)
            break;
    }
    error = load(program);
    while (taken > 0)
        close(standard[--taken]);
    return error;
}

void oncpu_program_close(const struct oncpu_bpf_program *program)
{
    const struct oncpu_bpf_object *objects[] = {&program->tasks, &program->enter, &program->link, &program->link_exit,
                                                &program->link_prepare};

    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
        if (oncpu_bpf_is(objects[i]))
            close(objects[i]->fd);
}
