/* SPDX-License-Identifier: MIT */
/* Finds the drop-in library. */
#include "dropin_library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef BENCH_DROPIN_FILE
#define BENCH_DROPIN_FILE ""
#endif

const char *bench_dropin_path(char *why, size_t size)
{
    const char *path = getenv("ONCPU_PTHREAD_LIB");

    if (!path || !*path)
        path = BENCH_DROPIN_FILE;
    if (!*path)
        snprintf(why, size, "no drop-in library; name one in ONCPU_PTHREAD_LIB");
    else if (access(path, R_OK) != 0)
        snprintf(why, size, "no drop-in library at %s", path);
    else if (strpbrk(path, " :"))
        snprintf(why, size, "LD_PRELOAD cannot hold a path with a space or a colon: %s", path);
    else
        return path;
    return NULL;
}
