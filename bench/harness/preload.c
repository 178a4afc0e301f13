/* SPDX-License-Identifier: MIT */
/* Makes a lock of each --preload. */
#include "preload.h"

#include "memory.h"
#include "registry.h"

#include <errno.h>
#include <unistd.h>

enum { MAX_PRELOADS = 16 };

static struct preloaded {
    struct bench_lock_ops ops;
    struct bench_process process;
    char name[32];
    char description[160];
} preloaded[MAX_PRELOADS];
static unsigned npreloaded;

static bool complain(const char *text, const char *why)
{
    fprintf(stderr, "oncpu-bench: --preload %s: %s\n", text, why);
    return false;
}

static bool add(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    const char *equals = strchr(text, '=');
    size_t length = strspn(text, letters);
    struct preloaded *p = &preloaded[npreloaded];

    if (!equals || length == 0 || text + length != equals || length >= sizeof(p->name))
        return complain(text, "expected NAME=FILE, with a NAME of letters, digits, '_', '-' and '.', 31 at most");
    if (npreloaded == MAX_PRELOADS)
        return complain(text, "too many of them");
    snprintf(p->name, sizeof(p->name), "%.*s", (int)length, text);
    if (bench_lock_find(p->name))
        return complain(text, "there is a lock of that name");
    /* The loader would look for a name without a slash elsewhere, and says nothing of a library that it did not load. */
    char *path = realpath(equals + 1, NULL);

    if (!path || access(path, R_OK) != 0)
        return complain(text, strerror(errno));
    if (strpbrk(path, " :"))
        return complain(text, "LD_PRELOAD cannot hold a path with a space or a colon");
    snprintf(p->description, sizeof(p->description), "pthread_mutex_t as it is served where %.80s is preloaded", path);
    p->process = (struct bench_process){.stand_in = "pthread", .preload = path};
    p->ops = (struct bench_lock_ops){.name = p->name, .description = p->description, .process = &p->process};
    npreloaded++;
    bench_lock_register(&p->ops);
    return true;
}

bool bench_preload_take(int *argc, char **argv)
{
    static const char option[] = "--preload";
    int kept = 1;

    for (int i = 1; i < *argc; i++) {
        const char *value = NULL;

        if (strcmp(argv[i], option) == 0)
            value = i + 1 < *argc ? argv[++i] : "";
        else if (strncmp(argv[i], option, sizeof(option) - 1) == 0 && argv[i][sizeof(option) - 1] == '=')
            value = argv[i] + sizeof(option);
        else
            argv[kept++] = argv[i];
        if (value && !add(value))
            return false;
    }
    argv[kept] = NULL;
    *argc = kept;
    return true;
}
