/* SPDX-License-Identifier: MIT */
/*
 * `filtered FILTER COMMAND...` runs it under a seccomp filter: `kill` kills for bpf(); `refuse` refuses it, as
 * container runtimes do; `join` refuses all of it but the three commands that doc/containers.md has let through.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static int enter(const char *filter)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 1, 0),
        ALLOW,
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_OBJ_GET, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_PROG_TEST_RUN, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_OBJ_GET_INFO_BY_FD, 1, 0),
        REFUSE,
        ALLOW,
    };
    const size_t length = sizeof(code) / sizeof(code[0]);
    const struct sock_fprog program = {(unsigned short)length, code};

    if (!strcmp(filter, "kill"))
        code[length - 1] = code[length - 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    else if (!strcmp(filter, "refuse"))
        code[length - 1] = code[length - 2];
    else if (strcmp(filter, "join") != 0)
        return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -1 : 0;
}

int main(int argc, char **argv)
{
    if (argc < 3 || enter(argv[1]))
        return 2;
    execvp(argv[2], argv + 2);
    return 127;
}
