/* SPDX-License-Identifier: MIT */
/*
 * Where the drop-in is, and how a command gets it.
 */
#include "cli.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Beside the command first: in an installation that was moved, and in the build tree (../pthread), the library that belongs to
 * this very command is meant. LD_PRELOAD takes colons and spaces as separators, so a path with one cannot be used.
 */
bool oncpu_cli_dropin(char *path, size_t size)
{
    static const char *const beside[] = {"/../" ONCPU_LIBDIR "/" ONCPU_DROPIN, "/../lib/" ONCPU_DROPIN,
                                         "/../pthread/" ONCPU_DROPIN, "/" ONCPU_DROPIN};
    char self[PATH_MAX];
    char tried[PATH_MAX + 64];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    const char *found = NULL;
    char real[PATH_MAX];

    if (length > 0) {
        self[length] = 0;
        const char *folder = dirname(self);
        for (size_t i = 0; !found && i < sizeof(beside) / sizeof(beside[0]); i++) {
            snprintf(tried, sizeof(tried), "%s%s", folder, beside[i]);
            found = realpath(tried, real);
        }
    }
    if (!found)
        found = realpath(ONCPU_FULL_LIBDIR "/" ONCPU_DROPIN, real);
    if (!found) {
        fprintf(stderr, "oncpu: %s was found neither beside the command nor in %s\n", ONCPU_DROPIN, ONCPU_FULL_LIBDIR);
        return false;
    }
    if (strpbrk(found, ": ") || strlen(found) >= size) {
        fprintf(stderr, "oncpu: %s: LD_PRELOAD cannot name a path that has a space or a colon in it\n", found);
        return false;
    }
    memcpy(path, found, strlen(found) + 1);
    return true;
}

bool oncpu_cli_preload(const char *dropin)
{
    const char *old = getenv("LD_PRELOAD");
    char *both = NULL;
    bool done;

    if (!old || !*old)
        return !setenv("LD_PRELOAD", dropin, 1);
    done = asprintf(&both, "%s:%s", dropin, old) > 0 && !setenv("LD_PRELOAD", both, 1);
    free(both);
    return done;
}
