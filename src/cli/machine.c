/* SPDX-License-Identifier: MIT */
/*
 * The folder of pins: where it is, and how it goes away.
 */
#include "machine.h"

#include "../state/paths.h"
#include "array_abi.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

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

/*
 * The links first: with them the program is detached. Processes keep what they have mapped, see that it moves no more, and go
 * on without.
 */
int oncpu_machine_remove(void)
{
    static const char *const pins[] = {ONCPU_PIN_SWITCH, ONCPU_PIN_EXIT, ONCPU_PIN_PREPARE, ONCPU_PIN_REGISTER,
                                       ONCPU_PIN_PAGES};
    char path[PATH_MAX];
    int error = 0;

    for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
        oncpu_machine_pin(path, pins[i]);
        if (unlink(path) && errno != ENOENT)
            error = -errno;
    }
    if (error)
        return error;
    /* lazily: a process may be looking at it at this moment */
    if (umount2(oncpu_machine_folder(), MNT_DETACH) && errno != EINVAL)
        return -errno;
    return rmdir(oncpu_machine_folder()) && errno != ENOENT ? -errno : 0;
}
