/* SPDX-License-Identifier: MIT */
/*
 * To be preloaded into `oncpu enable`: an old kernel whose architecture lets BPF programs be attached to no function.
 */
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

__attribute__((visibility("default"))) int uname(struct utsname *name)
{
    int (*real)(struct utsname *) = (int (*)(struct utsname *))dlsym(RTLD_NEXT, "uname");
    int error = real(name);

    strcpy(name->release, "6.1.0-test");
    return error;
}

__attribute__((visibility("default"))) struct bpf_link *bpf_program__attach(const struct bpf_program *program)
{
    struct bpf_link *(*real)(const struct bpf_program *) =
        (struct bpf_link * (*)(const struct bpf_program *)) dlsym(RTLD_NEXT, "bpf_program__attach");

    if (strcmp(bpf_program__name(program), "oncpu_prepare") != 0)
        return real(program);
    errno = ENOTSUP;
    return NULL;
}
