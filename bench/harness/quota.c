/* SPDX-License-Identifier: MIT */
/* CPU quotas by either version of cgroups: whichever has the CPU controller here. */
#include "quota.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PERIOD_US = 100000, PATH = 1024 };

/* A process has one place in a hierarchy, so this is one for the process too. */
static struct {
    char before[PATH]; /* the cgroup that the process came from */
    char own[PATH];    /* the one that was made; "": none */
} quota;

struct hierarchy {
    bool unified;    /* version 2 */
    char mount[400]; /* where it is mounted, and the cgroup that is mounted there */
    char root[200];
    char path[400]; /* of this process */
};

static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (; *list; list += strspn(list, ", \n")) {
        size_t n = strcspn(list, ", \n");

        if (n == length && strncmp(list, word, n) == 0)
            return true;
        list += n;
    }
    return false;
}

static bool find_mount(struct hierarchy *h)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char line[2048], type[32], options[300];
    bool found = false;

    while (mounts && !found && fgets(line, sizeof(line), mounts)) {
        const char *end = strstr(line, " - ");

        if (!end || sscanf(line, "%*s %*s %*s %199s %399s", h->root, h->mount) != 2 ||
            sscanf(end, " - %31s %*s %299s", type, options) != 2)
            continue;
        found = h->unified ? strcmp(type, "cgroup2") == 0 : strcmp(type, "cgroup") == 0 && has_word(options, "cpu");
    }
    if (mounts)
        fclose(mounts);
    return found;
}

static bool find_path(struct hierarchy *h)
{
    FILE *cgroups = fopen("/proc/self/cgroup", "re");
    char line[1024];
    bool found = false;

    while (cgroups && !found && fgets(line, sizeof(line), cgroups)) {
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;

        if (!path)
            continue;
        *controllers++ = *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';
        found = h->unified ? controllers[0] == '\0' : has_word(controllers, "cpu");
        snprintf(h->path, sizeof(h->path), "%s", path);
    }
    if (cgroups)
        fclose(cgroups);
    return found;
}

static bool write_file(const char *directory, const char *name, const char *text)
{
    char path[PATH + 64];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (close(fd) != 0)
        ok = false;
    return ok;
}

static bool gives_cpu(const char *directory)
{
    char path[PATH + 64], text[256] = "";

    snprintf(path, sizeof(path), "%s/cgroup.subtree_control", directory);
    FILE *file = fopen(path, "re");

    if (!file)
        return false;
    if (!fgets(text, sizeof(text), file))
        text[0] = '\0';
    fclose(file);
    return has_word(text, "cpu");
}

/* The directory of this process's cgroup in a hierarchy; "" when it lies outside of what is mounted. */
static void locate(const struct hierarchy *h, char *directory)
{
    const char *path = h->path;
    size_t root = strlen(h->root);

    if (root > 1) { /* a part of the hierarchy is mounted, as in containers */
        if (strncmp(path, h->root, root) != 0) {
            directory[0] = '\0';
            return;
        }
        path += root;
    }
    snprintf(directory, PATH, "%s%s", h->mount, strcmp(path, "/") == 0 ? "" : path);
}

/* Where a cgroup with a quota can be made. Version 2 lets only those have children with it that say so. */
static bool find_parent(const struct hierarchy *h, char *parent)
{
    snprintf(parent, PATH, "%s", quota.before);
    while (h->unified && !gives_cpu(parent)) {
        if (strlen(parent) <= strlen(h->mount))
            return false;
        *strrchr(parent, '/') = '\0';
    }
    return true;
}

/* What benchmarks that were killed have left. */
static void sweep(const char *parent)
{
    char pattern[PATH + 64];
    glob_t found;

    snprintf(pattern, sizeof(pattern), "%s/oncpu-bench-*", parent);
    if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        pid_t pid = (pid_t)strtol(strrchr(found.gl_pathv[i], '-') + 1, NULL, 10);

        if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH)
            rmdir(found.gl_pathv[i]);
    }
    globfree(&found);
}

static bool set_limit(const struct hierarchy *h, unsigned percent)
{
    char text[48];
    unsigned us = PERIOD_US / 100 * percent;

    if (h->unified) {
        snprintf(text, sizeof(text), "%u %u", us, PERIOD_US);
        return write_file(quota.own, "cpu.max", text);
    }
    snprintf(text, sizeof(text), "%u", PERIOD_US);
    if (!write_file(quota.own, "cpu.cfs_period_us", text))
        return false;
    snprintf(text, sizeof(text), "%u", us);
    return write_file(quota.own, "cpu.cfs_quota_us", text);
}

static bool enter(const struct hierarchy *h, unsigned percent, char *why, size_t size)
{
    char parent[PATH], pid[24];

    locate(h, quota.before);
    if (!quota.before[0] || !find_parent(h, parent)) {
        snprintf(why, size, "no cgroup above this process lets its children have CPU quotas");
        return false;
    }
    sweep(parent);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    if (snprintf(quota.own, PATH, "%s/oncpu-bench-%s", parent, pid) >= PATH || mkdir(quota.own, 0755) != 0) {
        snprintf(why, size, "cannot make a cgroup in %.80s: %s", parent, strerror(errno));
        quota.own[0] = '\0';
        return false;
    }
    if (set_limit(h, percent) && write_file(quota.own, "cgroup.procs", pid))
        return true;
    snprintf(why, size, "cannot set a CPU quota in %.80s: %s", quota.own, strerror(errno));
    rmdir(quota.own);
    quota.own[0] = '\0';
    return false;
}

bool bench_quota_begin(unsigned percent, char *why, size_t size)
{
    bool any = false;

    if (percent == 0)
        return true;
    for (int version = 2; version >= 1; version--) {
        struct hierarchy h = {.unified = version == 2};

        if (!find_mount(&h) || !find_path(&h))
            continue;
        any = true;
        if (enter(&h, percent, why, size))
            return true;
    }
    if (!any)
        snprintf(why, size, "no cgroups with CPU quotas are mounted");
    return false;
}

void bench_quota_end(void)
{
    char pid[24];

    if (!quota.own[0])
        return;
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    /* Where it came from takes it back, unless somebody else has removed that meanwhile. */
    if (!write_file(quota.before, "cgroup.procs", pid) || rmdir(quota.own) != 0)
        fprintf(stderr, "oncpu-bench: cannot leave the cgroup %s: %s\n", quota.own, strerror(errno));
    quota.own[0] = '\0';
}
