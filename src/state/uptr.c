/* SPDX-License-Identifier: MIT */
/*
 * Source `uptr`: a program of the process's own that writes the process's own pages.
 *
 * It is loaded by libbpf's light skeleton: all that libbpf would do in user space (relocation against the kernel's types,
 * creation of maps, loading) was done at build time or is done by a small program in the kernel. So the libraries bring no
 * libbpf, libelf and libz into the processes that they are preloaded into, parse no BTF there, and load in a third of the time.
 */
#include "bpf_object.h"

#include <errno.h>
#include <fcntl.h>
#include <oncpu.lskel.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PIDFD_THREAD /* Linux 6.9 */
#define PIDFD_THREAD O_EXCL
#endif

/* Keeps what is needed for as long as the process lives; the skeleton and all else it opened goes. */
static int keep(struct oncpu_bpf_program *program, const struct oncpu_bpf *skeleton)
{
    int error = oncpu_bpf_keep(&program->tasks, skeleton->maps.oncpu_tasks.map_fd);

    error = error ? error : oncpu_bpf_keep(&program->link, skeleton->links.oncpu_switch_fd);
    if (error)
        oncpu_program_close(program);
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

int oncpu_uptr_load(struct oncpu_bpf_program *program)
{
    oncpu_program_init(program, ONCPU_SOURCE_UPTR);
    return oncpu_bpf_load(program, load);
}

/*
 * This happens in a lock, and another thread may just have closed descriptor 0, to be given it again for a file of its own. So the
 * lowest number is taken for as short as can be. These are system calls and not functions, as close() is a cancellation point.
 */
static int open_thread(uint32_t tid)
{
    int low = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
    int high;

    if (low < 0)
        return -errno;
    high = oncpu_bpf_high(low);
    if (high < 0)
        return low; /* there is no room */
    syscall(SYS_close, low);
    return high;
}

int oncpu_uptr_watch(const struct oncpu_bpf_program *program, uint32_t tid, struct oncpu_thread_record *record)
{
    struct oncpu_task_value value = {.record = record};
    union bpf_attr attr;
    int error;
    int pidfd;

    if (!oncpu_bpf_is(&program->tasks))
        return -EBADF;
    pidfd = open_thread(tid);
    if (pidfd < 0)
        return pidfd;
    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)program->tasks.fd;
    attr.key = (uint64_t)(uintptr_t)&pidfd;
    attr.value = (uint64_t)(uintptr_t)&value;
    attr.flags = BPF_ANY;
    error = oncpu_bpf(BPF_MAP_UPDATE_ELEM, &attr);
    syscall(SYS_close, pidfd);
    return error;
}
