/* SPDX-License-Identifier: MIT */
/*
 * The folder of pins: where it is, and how it goes away.
 */
#include "machine.h"

#include "../state/paths.h"
#include "array_abi.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
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

bool oncpu_machine_is_mounted(void)
{
    struct statfs status;

    return !statfs(oncpu_machine_folder(), &status) && status.f_type == BPF_FS_MAGIC;
}

/*
 * The links first: with them the program is detached. Processes keep what they have mapped, see that it moves no more, and go
 * on without.
 */
int oncpu_machine_remove(void)
{
    static const char *const pins[] = {ONCPU_PIN_SWITCH, ONCPU_PIN_EXIT, ONCPU_PIN_REGISTER, ONCPU_PIN_PAGES};
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
