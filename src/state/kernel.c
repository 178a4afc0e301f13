/* SPDX-License-Identifier: MIT */
/*
 * The kernel's version.
 */
#include "kernel.h"

#include <stdio.h>
#include <sys/utsname.h>

bool oncpu_kernel_is_before(int major, int minor)
{
    struct utsname name;
    int has_major = 0;
    int has_minor = 0;

    if (uname(&name) || sscanf(name.release, "%d.%d", &has_major, &has_minor) != 2)
        return false;
    return has_major < major || (has_major == major && has_minor < minor);
}
