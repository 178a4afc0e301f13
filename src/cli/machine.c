/* SPDX-License-Identifier: MIT */
/*
 * The folder of pins: where it is, and how it goes away.
 */
#include "machine.h"

#include "../state/paths.h"
#include "array_abi.h"
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/*
 * In the order in which an upgrade puts the next ones in their place: who comes meanwhile must find a program with its own pages
 * (oncpu_array_join() sees to it), and the old program has to go on until there is another.
 */
static const struct {
    const char *name;
    const char *next;
    bool optional;
} pins[] = {
    {ONCPU_PIN_PAGES, ONCPU_PIN_NEXT ONCPU_PIN_PAGES, false},
    {ONCPU_PIN_REGISTER, ONCPU_PIN_NEXT ONCPU_PIN_REGISTER, false},
    {ONCPU_PIN_PREPARE, ONCPU_PIN_NEXT ONCPU_PIN_PREPARE, true},
    {ONCPU_PIN_EXIT, ONCPU_PIN_NEXT ONCPU_PIN_EXIT, false},
    {ONCPU_PIN_SWITCH, ONCPU_PIN_NEXT ONCPU_PIN_SWITCH, false},
};

#define PINS (sizeof(pins) / sizeof(pins[0]))

const char *oncpu_machine_folder(void)
{
    const char *named = secure_getenv(ONCPU_RUN_DIR_ENV);

    return named && *named ? named : ONCPU_RUN_DIR;
}

void oncpu_machine_pin(char path[PATH_MAX], const char *name)
{
    snprintf(path, PATH_MAX, "%s/%s", oncpu_machine_folder(), name);
}

bool oncpu_machine_is_enabled(void)
{
    struct statfs status;
    char path[PATH_MAX];

    oncpu_machine_pin(path, ONCPU_PIN_SWITCH);
    return !statfs(oncpu_machine_folder(), &status) && status.f_type == BPF_FS_MAGIC && !access(path, F_OK);
}

/* A file of root's own beside the folder: anybody may lock a folder that he can read. */
static void lock_path(char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s.lock", oncpu_machine_folder());
}

/* The file is there only meanwhile, so it can have been removed by the one who was waited for. */
int oncpu_machine_lock(void)
{
    char path[PATH_MAX];
    struct stat locked;
    struct stat there;
    int fd;

    lock_path(path);
    for (;;) {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || flock(fd, LOCK_EX))
            return -errno;
        if (!fstat(fd, &locked) && !stat(path, &there) && locked.st_ino == there.st_ino)
            return fd;
        close(fd);
    }
}

void oncpu_machine_unlock(int lock)
{
    char path[PATH_MAX];

    lock_path(path);
    unlink(path);
    close(lock);
}

/* What is left of an `enable` or `disable` of an earlier version that was cut off in the middle. */
bool oncpu_machine_has_remains(void)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    char *folder = realpath(oncpu_machine_folder(), NULL);
    const struct mntent *entry;
    bool found = false;

    while (mounts && folder && (entry = getmntent(mounts)))
        found |= !strcmp(entry->mnt_type, "bpf") && !strcmp(entry->mnt_fsname, ONCPU_MOUNT_SOURCE) &&
                 !strcmp(entry->mnt_dir, folder);
    if (mounts)
        endmntent(mounts);
    free(folder);
    return found && !oncpu_machine_is_enabled();
}

bool oncpu_machine_is_whole(void)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < PINS; i++) {
        oncpu_machine_pin(path, pins[i].next);
        if (!access(path, F_OK))
            return false;
        oncpu_machine_pin(path, pins[i].name);
        if (!pins[i].optional && access(path, F_OK))
            return false;
    }
    return true;
}

uint32_t oncpu_machine_pid_namespace(void)
{
    struct stat status;

    return stat("/proc/self/ns/pid", &status) ? 0 : (uint32_t)status.st_ino;
}

static int unpin(const char *name)
{
    char path[PATH_MAX];

    oncpu_machine_pin(path, name);
    return unlink(path) && errno != ENOENT ? -errno : 0;
}

void oncpu_machine_unpin_next(void)
{
    for (size_t i = 0; i < PINS; i++)
        unpin(pins[i].next); /* what cannot be removed is seen by oncpu_machine_is_whole() */
}

int oncpu_machine_use_next(void)
{
    char next[PATH_MAX];
    char path[PATH_MAX];

    for (size_t i = 0; i < PINS; i++) {
        oncpu_machine_pin(next, pins[i].next);
        oncpu_machine_pin(path, pins[i].name);
        if (rename(next, path) && errno != ENOENT)
            return -errno;
    }
    return 0;
}

/*
 * The links first: with them the program is detached. Processes keep what they have mapped, see that it moves no more, and go
 * on without.
 */
int oncpu_machine_remove(void)
{
    int error = 0;

    for (size_t i = PINS; i-- > 0;) {
        error = error ? error : unpin(pins[i].next);
        error = error ? error : unpin(pins[i].name);
    }
    if (error)
        return error;
    /* lazily: a process may be looking at it at this moment */
    if (umount2(oncpu_machine_folder(), MNT_DETACH) && errno != EINVAL)
        return -errno;
    return rmdir(oncpu_machine_folder()) && errno != ENOENT ? -errno : 0;
}
