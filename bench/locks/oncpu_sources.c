/* SPDX-License-Identifier: MIT */
/* The native mutex with each source of thread states, and with one that goes away: each in a process of its own. */
#include "lock.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What holds the BPF program of this process in the kernel is a file descriptor: it is detached when that is closed.
 * Nobody is told, as if somebody else had detached it: the threads find out.
 */
static const char *lose_source(void)
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

static const struct bench_process uptr = {.stand_in = "oncpu", .source = "uptr"};
static const struct bench_process array = {.stand_in = "oncpu", .source = "array"};
static const struct bench_process lost = {.stand_in = "oncpu", .source = "uptr", .halfway = lose_source};

static const struct bench_lock_ops uptr_ops = {
    .name = "oncpu_uptr",
    .description = "oncpu_mutex_t with source uptr",
    .hidden = true,
    .process = &uptr,
};
BENCH_LOCK(uptr_ops);

static const struct bench_lock_ops array_ops = {
    .name = "oncpu_array",
    .description = "oncpu_mutex_t with source array (oncpu enable)",
    .hidden = true,
    .process = &array,
};
BENCH_LOCK(array_ops);

static const struct bench_lock_ops lost_ops = {
    .name = "oncpu_lost",
    .description = "oncpu_mutex_t whose BPF program is detached halfway",
    .hidden = true,
    .process = &lost,
};
BENCH_LOCK(lost_ops);
