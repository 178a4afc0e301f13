/* SPDX-License-Identifier: MIT */
/* Loads the two implementations side by side into one process. */
#include "functions.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct functions fuzz_glibc = {.name = "glibc"};
struct functions fuzz_dropin = {.name = "drop-in"};

/* clang-format off */
static const struct {
    const char *symbol;
    size_t offset;
} table[] = {
    {"pthread_create",                offsetof(struct functions, create)},
    {"pthread_mutex_init",            offsetof(struct functions, init)},
    {"pthread_mutex_destroy",         offsetof(struct functions, destroy)},
    {"pthread_mutex_lock",            offsetof(struct functions, lock)},
    {"pthread_mutex_trylock",         offsetof(struct functions, trylock)},
    {"pthread_mutex_timedlock",       offsetof(struct functions, timedlock)},
    {"pthread_mutex_clocklock",       offsetof(struct functions, clocklock)},
    {"pthread_mutex_unlock",          offsetof(struct functions, unlock)},
    {"pthread_mutex_consistent",      offsetof(struct functions, consistent)},
    {"pthread_mutex_getprioceiling",  offsetof(struct functions, getprioceiling)},
    {"pthread_mutex_setprioceiling",  offsetof(struct functions, setprioceiling)},
    {"pthread_cond_clockwait",        offsetof(struct functions, cond_clockwait)},
};
/* clang-format on */

static void give_up(const char *what)
{
    fprintf(stderr, "fuzz: %s\n", what);
    exit(2);
}

/* dlsym() on a handle looks into the library first, then into what it depends on: as a preloaded one would be found. */
static void fill(struct functions *functions, const char *file, int flags)
{
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL | flags);
    void *symbol;

    if (!handle)
        give_up(dlerror());
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        symbol = dlsym(handle, table[i].symbol);
        if (!symbol)
            give_up(dlerror());
        memcpy((char *)functions + table[i].offset, &symbol, sizeof(symbol));
    }
}

void fuzz_load_functions(void)
{
    fill(&fuzz_glibc, "libc.so.6", RTLD_NOLOAD);
    fill(&fuzz_dropin, FUZZ_DROPIN, 0);
    if (fuzz_glibc.lock == fuzz_dropin.lock || fuzz_glibc.trylock == fuzz_dropin.trylock ||
        fuzz_glibc.timedlock == fuzz_dropin.timedlock || fuzz_glibc.clocklock == fuzz_dropin.clocklock ||
        fuzz_glibc.unlock == fuzz_dropin.unlock || fuzz_glibc.create == fuzz_dropin.create)
        give_up("the drop-in does not have its own functions");
}
