/* SPDX-License-Identifier: MIT */
/* The programs that are linked in, and what their files share. */
#include "app.h"

#include "../harness/spawn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_APPS = 64 };

static const struct bench_app *apps[MAX_APPS];
static unsigned napps;

void bench_app_register(const struct bench_app *app)
{
    unsigned at = napps;

    if (napps == MAX_APPS)
        abort();
    for (; at > 0 && strcmp(app->name, apps[at - 1]->name) < 0; at--)
        apps[at] = apps[at - 1];
    apps[at] = app;
    napps++;
}

const struct bench_app *bench_app_at(unsigned index)
{
    return index < napps ? apps[index] : NULL;
}

const struct bench_app *bench_app_find(const char *name)
{
    for (unsigned i = 0; i < napps; i++) {
        if (strcmp(apps[i]->name, name) == 0)
            return apps[i];
    }
    return NULL;
}

const char *bench_app_unavailable(const struct bench_app *app)
{
    static char why[80];

    if (bench_in_path(app->program) && (!app->generator || bench_in_path(app->generator)))
        return NULL;
    snprintf(why, sizeof(why), "skipped, %s is not installed",
             bench_in_path(app->program) ? app->generator : app->program);
    return why;
}

void bench_app_argument(struct bench_app_command *command, const char *format, ...)
{
    char *at = command->text + command->used;
    size_t left = sizeof(command->text) - command->used;
    va_list args;

    va_start(args, format);
    int length = vsnprintf(at, left, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= left || command->n + 1 == BENCH_APP_ARGUMENTS)
        abort();
    command->argv[command->n++] = at;
    command->used += (size_t)length + 1;
}

/* Returns what follows the number; NULL: there is none. */
static const char *next_number(const char *text, const char *key, double *number)
{
    const char *at = strstr(text, key);
    char *end;

    if (!at)
        return NULL;
    at += strlen(key);
    *number = strtod(at, &end);
    return end == at ? NULL : end;
}

bool bench_app_number(const char *text, const char *key, double *number)
{
    return next_number(text, key, number) != NULL;
}

bool bench_app_sum(const char *text, const char *key, double *sum)
{
    const char *at = text, *next;
    double number;

    for (*sum = 0; (next = next_number(at, key, &number)); at = next)
        *sum += number;
    return at != text;
}

bool bench_app_helper(struct bench_app_command *command, char *why, size_t size)
{
    struct bench_spawn child;
    bool ok = bench_spawn(command->argv, NULL, BENCH_APP_LIMIT_S, &child);

    if (!ok)
        snprintf(why, size, "%s: %s", command->argv[0], child.why);
    bench_spawn_free(&child);
    return ok;
}

int bench_app_connect(const struct bench_app_run *run)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", run->directory);
    int fd;

    if (length < 0 || (size_t)length >= sizeof(address.sun_path))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}
