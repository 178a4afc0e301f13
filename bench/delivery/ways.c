// SPDX-License-Identifier: MIT
/*
 * The ways, one line each: the facts that no measurement can tell are here and nowhere else.
 */
#include "delivery.h"

#include <string.h>
#include <sys/utsname.h>

#include "arena.skel.h"
#include "array.skel.h"
#include "empty.skel.h"
#include "hash.skel.h"
#include "probe.skel.h"
#include "uptr.skel.h"

const struct way ways[WAYS_MAX] = {
    {"empty", "a program that does nothing", delivery_empty__elf_bytes, HOME_NONE, 5, 5,
     "tp_btf programs: 9e15db66136a", ""},
    {"uptr", "page pinned in task storage", delivery_uptr__elf_bytes, HOME_PINNED, 6, 13, "uptr: ba512b00e5ef", ""},
    {"array", "mapped array, slot by pid", delivery_array__elf_bytes, HOME_ARRAY, 5, 17,
     "task storage for programs that may sleep, as syscall programs do: 0fe4b381a59e", ""},
    {"arena", "arena, pointer in task storage", delivery_arena__elf_bytes, HOME_ARENA, 6, 9, "arena: 317460317a02", ""},
    {"probe", "bpf_probe_write_user()", delivery_probe__elf_bytes, HOME_PROCESS, 5, 17,
     "as array; tracepoint rseq_update, 4.18: d7822b1e24f2", "lockdown refuses it, 5.15: 51e1bb9eeaf7"},
    {"hash", "mapped array, slot in a hash by pid", delivery_hash__elf_bytes, HOME_ARRAY, 5, 14,
     "syscall programs: 79a7f8bdb159", ""},
};

const struct way *way_find(const char *name)
{
    for (size_t i = 0; i < WAYS_MAX; i++) {
        if (!strcmp(ways[i].name, name))
            return &ways[i];
    }
    return NULL;
}

bool way_is_supported(const struct way *way, char why_not[TEXT_MAX])
{
    struct utsname name;
    unsigned major = 0, minor = 0;

    why_not[0] = '\0';
    if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
        return true;
    if (major < way->kernel_major || (major == way->kernel_major && minor < way->kernel_minor))
        snprintf(why_not, TEXT_MAX, "needs Linux %u.%u", way->kernel_major, way->kernel_minor);
    else if (way->home == HOME_ARENA && strcmp(name.machine, "x86_64") && strcmp(name.machine, "aarch64"))
        snprintf(why_not, TEXT_MAX, "arenas are for x86-64 and arm64");
    return !why_not[0];
}

bool way_is_denied(const struct way *way, char why_not[TEXT_MAX])
{
    /* That message has two reasons; securityfs, which could tell, is not mounted everywhere. */
    if (way->home != HOME_PROCESS || !strstr(load_log(), "cannot use helper bpf_probe_write_user"))
        return false;
    snprintf(why_not, TEXT_MAX, "cannot use helper bpf_probe_write_user: kernel locked down, or no CAP_SYS_ADMIN");
    return true;
}
