/* SPDX-License-Identifier: MIT */
/* A seccomp filter that kills the process for the system calls that a library which asks about threads could be tempted to make. */
#ifndef TEST_PTHREAD_SANDBOX_H
#define TEST_PTHREAD_SANDBOX_H

#include "check.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* flags: those of SECCOMP_SET_MODE_FILTER; 0 goes through prctl, the older way. */
static inline void enter_sandbox(unsigned flags)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrusage, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_getscheduler, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

    CHECK_EQ(0, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    usleep(20000); /* a thread that has just seen that there is no filter may be about to ask */
    long result = flags ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program)
                        : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    if (result != 0 && (errno == EINVAL || errno == ENOSYS))
        skip("this kernel has no seccomp filters");
    CHECK_EQ(0, result);
}

#endif
