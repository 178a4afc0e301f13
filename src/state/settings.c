/* SPDX-License-Identifier: MIT */
/*
 * The library's settings in the environment, kept from the start of the program.
 */
#include "settings.h"

#include "paths.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>

static struct {
    const char *name;
    bool asked;
    char value[PATH_MAX];
} kept[] = {{.name = "ONCPU_SOURCE"}, {.name = "ONCPU_VERBOSE"}, {.name = ONCPU_RUN_DIR_ENV}};

uint32_t oncpu_hand_off_ns;
uint32_t oncpu_stay_ns;

/* A time, for which 0 means never. */
static void read_ns(const char *name, uint32_t *setting)
{
    const char *value = secure_getenv(name);
    char *end;
    unsigned long ns = value ? strtoul(value, &end, 10) : 0;

    if (value && end != value && *end == '\0')
        *setting = ns == 0 || ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

__attribute__((constructor(101))) static void keep(void)
{
    int saved_errno = errno;

    read_ns("ONCPU_HANDOFF_NS", &oncpu_hand_off_ns);
    read_ns("ONCPU_STAY_NS", &oncpu_stay_ns);
    errno = saved_errno;
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        const char *value = secure_getenv(kept[i].name);
        if (value && strlen(value) < sizeof(kept[i].value))
            memcpy(kept[i].value, value, strlen(value) + 1);
    }
}

/* Asked for the first time, the environment is read in any case: that is oncpu_init(), called by who may have set it. */
const char *oncpu_setting(const char *name)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        const char *now = NULL;

        if (strcmp(name, kept[i].name) != 0)
            continue;
        if (__libc_single_threaded || !kept[i].asked)
            now = secure_getenv(name);
        kept[i].asked = true;
        if (now && strlen(now) < sizeof(kept[i].value))
            memcpy(kept[i].value, now, strlen(now) + 1); /* what the program has set is asked for again later */
        if (now || *kept[i].value)
            return now ? now : kept[i].value;
    }
    return NULL;
}
