/* SPDX-License-Identifier: MIT */
/*
 * Loading the BPF program, by libbpf's light skeleton: all that libbpf would do in user space (relocation against the
 * kernel's types, creation of maps, loading) was done at build time or is done by a small program in the kernel. So the
 * libraries bring no libbpf, libelf and libz into the processes that they are preloaded into, parse no BTF there, and
 * load in a third of the time.
 */
#include "bpf_program.h"

#include <errno.h>
#include <fcntl.h>
#include <oncpu.lskel.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PIDFD_THREAD /* Linux 6.9 */
#define PIDFD_THREAD O_EXCL
#endif

/*
 * Programs that count on low descriptor numbers, or close the first few hundred when they become a daemon, shall not
 * meet ours: so they live high up, but below FD_SETSIZE, above which the kernel would have to grow the table.
 */
static int move_up(int fd)
{
    struct rlimit limit;
    rlim_t top = getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > 1024 ? 1024 : limit.rlim_cur;

    return fcntl(fd, F_DUPFD_CLOEXEC, top > 64 ? (int)top - 64 : 3);
}

static int ask(int fd, void *info, uint32_t size)
{
    union bpf_attr attr;

    memset(info, 0, size);
    memset(&attr, 0, sizeof(attr));
    attr.info.bpf_fd = (uint32_t)fd;
    attr.info.info_len = size;
    attr.info.info = (uint64_t)(uintptr_t)info;
    return syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) ? -errno : 0;
}

/*
 * The ids of what the descriptors stand for, 0 for none. The kernel tells maps and links apart by the size and content that
 * it writes: a map's type is in the first word, a link's type too, and the id in the second of both.
 */
static uint32_t map_id(int map)
{
    struct bpf_map_info info;

    return !ask(map, &info, sizeof(info)) && info.type == BPF_MAP_TYPE_TASK_STORAGE ? info.id : 0;
}

static uint32_t link_id(int link)
{
    struct bpf_link_info info;

    return !ask(link, &info, sizeof(info)) && info.type == BPF_LINK_TYPE_RAW_TRACEPOINT ? info.id : 0;
}

/* Keeps what is needed for as long as the process lives; the skeleton and all else it opened goes. */
static int keep(struct oncpu_bpf_program *program, const struct oncpu_bpf *skeleton)
{
    program->tasks = move_up(skeleton->maps.oncpu_tasks.map_fd);
    program->link = program->tasks < 0 ? -1 : move_up(skeleton->links.oncpu_switch_fd);
    int error = program->link < 0 ? -errno : -EBADF;

    program->tasks_id = map_id(program->tasks);
    program->link_id = link_id(program->link);
    if (program->link >= 0 && program->tasks_id && program->link_id)
        return 0;
    close(program->tasks); /* of -1 at worst */
    close(program->link);
    return error;
}

static int load(struct oncpu_bpf_program *program)
{
    struct oncpu_bpf *skeleton = oncpu_bpf__open();
    int error;

    if (!skeleton)
        return -ENOMEM;
    errno = 0;
    error = oncpu_bpf__load(skeleton);
    if (!error) {
        error = oncpu_bpf__attach(skeleton) < 0 ? -errno : 0;
        error = error ? error : keep(program, skeleton);
    }
    oncpu_bpf__destroy(skeleton);
    return error;
}

/*
 * The skeleton takes 0 for "no descriptor". A daemon that closed its standard ones would have it given: so they are
 * taken up meanwhile.
 */
int oncpu_bpf_load(struct oncpu_bpf_program *program)
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

int oncpu_bpf_watch(const struct oncpu_bpf_program *program, uint32_t tid, struct oncpu_thread_record *record)
{
    struct oncpu_task_value value = {.record = record};
    union bpf_attr attr;
    int error = 0;
    int pidfd;

    if (map_id(program->tasks) != program->tasks_id)
        return -EBADF;
    pidfd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
    if (pidfd < 0)
        return -errno;
    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)program->tasks;
    attr.key = (uint64_t)(uintptr_t)&pidfd;
    attr.value = (uint64_t)(uintptr_t)&value;
    attr.flags = BPF_ANY;
    if (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)))
        error = -errno;
    syscall(SYS_close, pidfd); /* not close(): that is a cancellation point */
    return error;
}

void oncpu_bpf_close(const struct oncpu_bpf_program *program)
{
    if (map_id(program->tasks) == program->tasks_id)
        close(program->tasks);
    if (link_id(program->link) == program->link_id)
        close(program->link);
}
