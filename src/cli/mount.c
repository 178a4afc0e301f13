/* SPDX-License-Identifier: MIT */
/*
 * The mount calls of Linux 5.2, by their numbers: glibc has them from 2.36 on only.
 */
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static long set(long context, unsigned int command, const char *key, const char *value)
{
    return syscall(SYS_fsconfig, context, command, key, value, 0);
}

int oncpu_mount_make(mode_t mode)
{
    long context = syscall(SYS_fsopen, "bpf", FSOPEN_CLOEXEC);
    char octal[16];
    long mount;

    if (context < 0)
        return -errno;
    snprintf(octal, sizeof(octal), "%04o", (unsigned int)mode);
    if (set(context, FSCONFIG_SET_STRING, "source", ONCPU_MOUNT_SOURCE) ||
        set(context, FSCONFIG_SET_STRING, "mode", octal) || set(context, FSCONFIG_CMD_CREATE, NULL, NULL))
        mount = -errno;
    else
        mount =
            syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    if (mount == -1)
        mount = -errno;
    close((int)context);
    return (int)mount;
}

/* As any mount does, it becomes shared where the place is: a container that has the folder bound sees it, too. */
int oncpu_mount_at(int mount, const char *folder)
{
    return syscall(SYS_move_mount, mount, "", AT_FDCWD, folder, MOVE_MOUNT_F_EMPTY_PATH) ? -errno : 0;
}
