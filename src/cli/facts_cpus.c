/* SPDX-License-Identifier: MIT */
/*
 * How much CPU this process may have: how many CPUs, and what quota of the control groups.
 */
#include "../state/state.h"
#include "facts.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_cpus(struct oncpu_facts *facts)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int usable = oncpu_state_cpus;
    struct oncpu_fact *fact = oncpu_fact(facts, "cpus_online", "CPUs online", ONCPU_MARK_NOTE);

    oncpu_fact_text(fact, "%ld", online);
    oncpu_fact_json(fact, "%ld", online);
    fact = oncpu_fact(facts, "cpus_usable", "CPUs usable", usable > 1 ? ONCPU_MARK_OK : ONCPU_MARK_WARN);
    oncpu_fact_text(fact, "%d", usable);
    oncpu_fact_json(fact, "%d", usable);
    if (usable == 1)
        oncpu_fact_hint(fact, "an owner never runs while another thread waits: nobody spins; see taskset(1)");
}

/* ---- the quota ---- */

struct quota {
    bool known;                /* a control group could be looked at */
    double cpus;               /* 0: no quota */
    char where[PATH_MAX + 32]; /* the file that sets it */
};

/* What one control group allows, in CPUs. False: it has no such file. */
static bool read_quota(const char *group, bool v2, double *cpus, char *file, size_t size)
{
    char period_file[PATH_MAX + 32];
    char quota_text[32] = "";
    double period = 0;
    FILE *input;

    snprintf(file, size, "%s/%s", group, v2 ? "cpu.max" : "cpu.cfs_quota_us");
    input = fopen(file, "re");
    if (!input)
        return false;
    if (fscanf(input, v2 ? "%31s %lf" : "%31s", quota_text, &period) < 1)
        *quota_text = 0;
    fclose(input);
    snprintf(period_file, sizeof(period_file), "%s/cpu.cfs_period_us", group);
    input = v2 ? NULL : fopen(period_file, "re");
    if (input) {
        if (fscanf(input, "%lf", &period) != 1)
            period = 0;
        fclose(input);
    }
    *cpus = isdigit((unsigned char)*quota_text) && period > 0 ? strtod(quota_text, NULL) / period : 0;
    return true;
}

/* From the process's own group up to the mount point: the smallest counts. */
static void look_upwards(const char *mount_point, const char *relative, bool v2, struct quota *quota)
{
    char group[PATH_MAX];
    char file[PATH_MAX + 32];
    size_t top = strlen(mount_point);
    double cpus;

    if (snprintf(group, sizeof(group), "%s%s", mount_point, relative) >= (int)sizeof(group))
        return;
    for (;;) {
        if (read_quota(group, v2, &cpus, file, sizeof(file))) {
            quota->known = true;
            if (cpus > 0 && (quota->cpus <= 0 || cpus < quota->cpus)) {
                quota->cpus = cpus;
                snprintf(quota->where, sizeof(quota->where), "%s", file);
            }
        }
        char *slash = strrchr(group, '/');
        if (!slash || (size_t)(slash - group) < top)
            return;
        *slash = 0;
    }
}

static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
        if ((at == list || at[-1] == ',') && (!at[length] || strchr(",:\n", at[length])))
            return true;
    return false;
}

/* The process's path in the hierarchy: the unified one, or that of the cpu controller (cgroups(7)). */
static bool own_path(bool v2, char *path, size_t size)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[PATH_MAX + 64];
    bool found = false;

    while (file && !found && fgets(line, sizeof(line), file)) {
        char *controllers = strchr(line, ':');
        char *name = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!name)
            continue;
        *name++ = 0;
        name[strcspn(name, "\n")] = 0;
        found = v2 ? !controllers[1] : has_word(controllers + 1, "cpu");
        if (found)
            snprintf(path, size, "%s", strcmp(name, "/") != 0 ? name : "");
    }
    if (file)
        fclose(file);
    return found;
}

/*
 * One line of /proc/self/mountinfo. What is mounted can be a part of the hierarchy: the path of the process begins with
 * that part's, or, seen from a namespace, does not lead into it at all; then the mount point's own group is looked at.
 */
static void look_at_mount(char *line, struct quota *quota)
{
    char root[PATH_MAX];
    char mount_point[PATH_MAX];
    char path[PATH_MAX];
    char type[32];
    char options[512] = "";
    const char *after = strstr(line, " - ");
    const char *relative = path;

    if (!after || sscanf(after, " - %31s %*s %511s", type, options) < 1 ||
        sscanf(line, "%*s %*s %*s %4095s %4095s", root, mount_point) != 2)
        return;
    bool v2 = !strcmp(type, "cgroup2");
    if (!v2 && (strcmp(type, "cgroup") != 0 || !has_word(options, "cpu")))
        return;
    if (!own_path(v2, path, sizeof(path)))
        return;
    if (strcmp(root, "/") != 0)
        relative = !strncmp(path, root, strlen(root)) ? path + strlen(root) : "";
    look_upwards(mount_point, strstr(relative, "/..") ? "" : relative, v2, quota);
}

static void add_quota(struct oncpu_facts *facts)
{
    struct oncpu_fact *fact = oncpu_fact(facts, "cpu_quota", "CPU quota", ONCPU_MARK_OK);
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    struct quota quota = {.known = false};
    char line[2 * PATH_MAX];

    while (mounts && fgets(line, sizeof(line), mounts))
        look_at_mount(line, &quota);
    if (mounts)
        fclose(mounts);
    if (quota.cpus > 0) {
        fact->mark = ONCPU_MARK_WARN;
        oncpu_fact_text(fact, "%.2f CPUs", quota.cpus);
        oncpu_fact_json(fact, "%.4f", quota.cpus);
        oncpu_fact_hint(fact, "%.300s: what waiters spin away is missing elsewhere", quota.where);
        return;
    }
    fact->mark = quota.known ? ONCPU_MARK_OK : ONCPU_MARK_NOTE;
    oncpu_fact_text(fact, quota.known ? "none" : "no control group sets one");
    oncpu_fact_json(fact, "null");
}

void oncpu_facts_cpus(struct oncpu_facts *facts)
{
    add_cpus(facts);
    add_quota(facts);
}
