/* SPDX-License-Identifier: MIT */
/* Takes a process's thread states away while it runs, as for locks that have to bear it. */
#ifndef BENCH_LOSE_SOURCE_H
#define BENCH_LOSE_SOURCE_H

#include "lock.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What holds the BPF program of this process in the kernel is a file descriptor: it is detached when that is closed.
 * Nobody is told, as if somebody else had detached it: the threads find out.
 */
static inline const char *bench_lose_source(void)
{
    DIR *folder = opendir("/proc/self/fd");
    const char *why = "it holds no BPF program that could be lost";
    struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        char target[64] = "";

        if (readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1) > 0 &&
            strcmp(target, "anon_inode:bpf_link") == 0 && close(atoi(entry->d_name)) == 0)
            why = NULL;
    }
    if (folder)
        closedir(folder);
    return why;
}

#endif
