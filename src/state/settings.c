/* SPDX-License-Identifier: MIT */
/*
 * The library's settings in the environment, kept from the start of the program.
 */
#include "settings.h"

#include "paths.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct {
    const char *name;
    char value[PATH_MAX];
} kept[] = {{.name = "ONCPU_SOURCE"}, {.name = "ONCPU_VERBOSE"}, {.name = ONCPU_RUN_DIR_ENV}};

__attribute__((constructor(101))) static void keep(void)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        const char *value = secure_getenv(kept[i].name);
        if (value && strlen(value) < sizeof(kept[i].value))
            memcpy(kept[i].value, value, strlen(value) + 1);
    }
}

const char *oncpu_setting(const char *name)
{
    const char *now = secure_getenv(name);

    for (size_t i = 0; !now && i < sizeof(kept) / sizeof(kept[0]); i++)
        if (!strcmp(name, kept[i].name) && *kept[i].value)
            now = kept[i].value;
    return now;
}
